import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile, ZipInfo

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.rvc.archive import Contents, is_archive, unpack
from models.rvc.errors import NotAVoice

MODEL, INDEX = b"a voice", b"its index"


def pack(path: Path, entries: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> Path:
    with ZipFile(path, "w", packing) as packed:
        for name, data in entries.items():
            packed.writestr(name, data)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "voice.zip"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "a" / "b"
    made.mkdir(parents=True)
    return made


def contents(found: Contents) -> tuple[bytes, bytes | None]:
    return found.model.read_bytes(), found.index.read_bytes() if found.index else None


def test_a_voice_and_its_index(path: Path, folder: Path) -> None:
    found = unpack(pack(path, {"voice.pth": MODEL, "added_IVF256_Flat.index": INDEX, "readme.txt": b"!"}), folder)
    assert contents(found) == (MODEL, INDEX)
    assert sorted(one.name for one in folder.iterdir()) == ["unpacked.index", "unpacked.pth"]


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_packings(packing: int, path: Path, folder: Path) -> None:
    assert contents(unpack(pack(path, {"voice.pth": MODEL}, packing), folder)) == (MODEL, None)


@pytest.mark.parametrize(
    "entries",
    [
        {"Some Voice/model/voice.pth": MODEL, "Some Voice/added.index": INDEX},
        {"voice.pth": MODEL, "__MACOSX/._voice.pth": b"?", "._voice.pth": b"?", "x/._a.index": b"?", "a.index": INDEX},
        {"voice\\VOICE.PTH": MODEL, "voice\\ADDED.INDEX": INDEX},
        {"voice.pth": MODEL, "trained_IVF1_v2.index": b"empty", "added_IVF1_v2.index": INDEX},
        {"voice.pth": MODEL, "sub/trained_IVF1_v2.index": b"empty", "sub/own name.index": INDEX},
        {"voice.pth": MODEL, "G_2333333.pth": b"training", "logs/D_100.pth": b"training", "a.index": INDEX},
        {"voice.pth": MODEL, "a.index": INDEX, "songs.zip": b"not looked at"},
    ],
    ids=["folders", "macOS", "Windows", "trained", "trained, other name", "training", "archive beside"],
)
def test_the_two_files_are_found(entries: dict[str, bytes], path: Path, folder: Path) -> None:
    assert contents(unpack(pack(path, entries), folder)) == (MODEL, INDEX)


def test_an_empty_index_alone_is_kept_so_that_reading_it_says_so(path: Path, folder: Path) -> None:
    found = unpack(pack(path, {"voice.pth": MODEL, "trained_IVF1_v2.index": b"empty"}), folder)
    assert contents(found) == (MODEL, b"empty")


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ({"a.pth": MODEL, "b/b.pth": MODEL, "c.pth": MODEL}, "holds 3 voices"),
        ({"G_1.pth": MODEL, "D_1.pth": MODEL}, "holds 2 voices"),
        ({"a.pth": MODEL, "added_v1.index": INDEX, "added_v2.index": INDEX}, "holds 2 indexes"),
        ({"readme.txt": b"!"}, r"holds no `\.pth`"),
        ({"inner.ZIP": b"PK", "readme.txt": b"!"}, "holds another archive"),
        ({"a.pth": MODEL} | {str(number): b"" for number in range(1000)}, "more than 1000 entries"),
    ],
    ids=["voices", "trainings", "indexes", "nothing", "nested", "entries"],
)
def test_what_is_refused(entries: dict[str, bytes], sentence: str, path: Path, folder: Path) -> None:
    with pytest.raises(NotAVoice, match=sentence):
        unpack(pack(path, entries), folder)
    assert list(folder.iterdir()) == []


def test_a_hundred_thousand_entries(path: Path, folder: Path) -> None:
    """As a file would have them that was made to waste time: the central directory says all there is to know."""
    whole = pack(path, {"a.pth": b""}, zipfile.ZIP_STORED).read_bytes()
    start = whole.index(b"PK\x01\x02")
    end = whole.index(b"PK\x05\x06")
    directory = whole[start:end] * 100_000
    sizes = len(directory).to_bytes(4, "little")
    path.write_bytes(whole[:start] + directory + whole[end : end + 12] + sizes + whole[end + 16 :])
    with pytest.raises(NotAVoice, match="more than 1000 entries"):
        unpack(path, folder)


@pytest.mark.parametrize(
    "name", ["../../outside.pth", "{root}/outside.pth", "..\\..\\outside.pth", "a/../../../outside.pth"]
)
def test_names_lead_nowhere(name: str, path: Path, folder: Path, tmp_path: Path) -> None:
    found = unpack(pack(path, {name.format(root=tmp_path): MODEL}), folder)
    assert found.model == folder / "unpacked.pth"
    assert found.model.read_bytes() == MODEL
    assert list(tmp_path.rglob("*.pth")) == [found.model]


def test_an_entry_without_a_name(path: Path, folder: Path) -> None:
    """On which Python's own `is_dir` fails; no packer writes one."""
    pack(path, {"voice.pth": MODEL, "x": b"?"})
    path.write_bytes(path.read_bytes().replace(b"x", b"\0"))
    assert contents(unpack(path, folder)) == (MODEL, None)


def test_a_link_is_refused(path: Path, folder: Path) -> None:
    link = ZipInfo("voice.pth")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with ZipFile(path, "w") as packed:
        packed.writestr(link, "/etc/passwd")
    with pytest.raises(NotAVoice, match="holds a link"):
        unpack(path, folder)
    assert list(folder.iterdir()) == []


def test_a_password_is_told(path: Path, folder: Path) -> None:
    """By the flag in both headers of the entry."""
    whole = bytearray(pack(path, {"voice.pth": MODEL}).read_bytes())
    whole[whole.index(b"PK\x03\x04") + 6] |= 1
    whole[whole.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(whole)
    with pytest.raises(NotAVoice, match="locked with a password"):
        unpack(path, folder)


def test_a_bomb_that_declares_itself(path: Path, folder: Path) -> None:
    """2 MB of zeros are 2 kB."""
    pack(path, {"voice.pth": bytes(2 << 20)})
    with pytest.raises(NotAVoice, match="unpacks to far more"):
        unpack(path, folder)
    assert list(folder.iterdir()) == []


def declare(path: Path, size: int) -> None:
    """Lets both headers of the only entry tell another size, unpacked."""
    whole = bytearray(path.read_bytes())
    for header, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = whole.index(header) + offset
        whole[at : at + 4] = size.to_bytes(4, "little")
    path.write_bytes(whole)


def test_a_bomb_that_lies_about_its_size(path: Path, folder: Path) -> None:
    """It declares one byte; no more than that is ever unpacked."""
    pack(path, {"voice.pth": bytes(20 << 20)})
    declare(path, 1)
    with pytest.raises(NotAVoice, match="damaged"):
        unpack(path, folder)
    assert sum(one.stat().st_size for one in folder.iterdir()) <= 1


@pytest.mark.parametrize(("name", "most"), [("voice.pth", "1024 MiB"), ("voice.index", "1024 MiB")])
def test_a_file_of_gigabytes(name: str, most: str, path: Path, folder: Path) -> None:
    with ZipFile(path, "w") as packed:
        packed.writestr(name, MODEL)
    declare(path, 0xFFFFFF00)
    with ZipFile(path, "a") as packed:
        if name != "voice.pth":
            packed.writestr("voice.pth", MODEL)
    with pytest.raises(NotAVoice, match=f"more than {most}"):
        unpack(path, folder)


def test_a_torch_file_is_no_archive(path: Path) -> None:
    torch.save({"weight": {}}, path)
    assert zipfile.is_zipfile(path)
    assert not is_archive(path)
    assert is_archive(pack(path, {"voice.pth": path.read_bytes()}))


@pytest.mark.parametrize("content", [b"", b"P", b"not a zip", b"\x80\x02."])
def test_other_files_are_no_archives(content: bytes, path: Path) -> None:
    path.write_bytes(content)
    assert not is_archive(path)


@pytest.mark.parametrize("cut", [lambda whole: whole[: len(whole) // 2], lambda whole: whole[:-8]], ids=["half", "end"])
def test_an_archive_that_is_cut_short(cut: Callable[[bytes], bytes], path: Path) -> None:
    path.write_bytes(cut(pack(path, {"voice.pth": MODEL * 50}).read_bytes()))
    with pytest.raises(NotAVoice, match="cut short"):
        is_archive(path)


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damaged_bytes_give_the_voice_or_a_refusal(packing: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    path = folder / "voice.zip"
    whole = pack(path, {"voice.pth": MODEL * 9, "added.index": INDEX * 9}, packing).read_bytes()

    @settings(max_examples=40)
    @given(st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), min_size=1, max_size=6))
    def damaged(damage: list[tuple[int, int]]) -> None:
        changed = bytearray(whole)
        for place, value in damage:
            changed[place] = value
        path.write_bytes(changed)
        for left in folder.glob("unpacked.*"):
            left.unlink()
        try:
            found = unpack(path, folder)
        except NotAVoice:
            return
        assert found.model.read_bytes() == MODEL * 9

    damaged()

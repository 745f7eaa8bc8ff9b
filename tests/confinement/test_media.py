import io
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import confinement.readers
from audio import decode as audio_decode
from audio import probe as audio_probe
from audio.errors import AudioTooLong, UnreadableAudio
from confinement import landlock, media, messages
from confinement.messages import Nonsense, Order
from confinement.privileges import PACKAGE_ROOT
from confinement.readers import ReaderGone, Readers, Zygote
from tests.audio.recordings import chirp, recording, silent_film

RATE = 16_000

WAV = recording("wav", "pcm_s16le", chirp(2.0))
LONG = recording("wav", "pcm_s16le", chirp(20.0))
BROKEN = recording("flac", "flac", chirp(2.0))[:30_000]

FILES = {
    "wav": WAV,
    "stereo": recording("wav", "pcm_s16le", np.stack([chirp(0.5), chirp(0.5)])),
    "mp3": recording("mp3", "libmp3lame", chirp(2.0)),
    "opus": recording("ogg", "libopus", chirp(2.0, 48_000), 48_000),
    "m4a": recording("ipod", "aac", chirp(2.0)),
    "film": recording("matroska", "flac", chirp(2.0), film=True),
    "broken off": BROKEN,
}


HOSTILE = (sys.executable, "-P", "-m", "tests.confinement.hostile")


@pytest.fixture(scope="module")
def hostile_readers() -> Iterator[Readers]:
    with closing(Readers(HOSTILE)) as readers:
        yield readers


@pytest.fixture
def hostile(hostile_readers: Readers, monkeypatch: pytest.MonkeyPatch) -> Readers:
    monkeypatch.setattr(media, "readers", hostile_readers)
    monkeypatch.setenv("VOXHALL_API_KEY", "a secret")
    return hostile_readers


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[Readers]:
    """Readers of this test alone, so that their zygote may be harmed. They read one file after the other."""
    with closing(Readers(at_once=1)) as readers:
        monkeypatch.setattr(media, "readers", readers)
        yield readers


def children(readers: Readers) -> set[int]:
    assert readers.process
    return set(map(int, Path(f"/proc/{readers.process}/task/{readers.process}/children").read_text().split()))


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def is_running(process: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[:1]
    except FileNotFoundError:
        return False


def said(file: bytes) -> str:
    """Why it is not readable."""
    with pytest.raises(UnreadableAudio) as refused:
        media.decode(io.BytesIO(file), RATE)
    return str(refused.value)


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_what_it_is_in_one_process(name: str) -> None:
    file = FILES[name]
    assert media.probe(io.BytesIO(file)) == audio_probe.probe(io.BytesIO(file))
    apart, here = media.decode(io.BytesIO(file), RATE), audio_decode.decode(io.BytesIO(file), RATE)
    assert np.array_equal(apart.samples, here.samples)
    assert (apart.sample_rate, apart.warnings) == (here.sample_rate, here.warnings)


def test_a_file_comes_as_a_path_from_memory_or_from_an_upload(tmp_path: Path) -> None:
    path = tmp_path / "recording"
    path.write_bytes(WAV)
    found = media.probe(path)
    for size in (1, 1 << 20):
        with tempfile.SpooledTemporaryFile(max_size=size) as upload:
            upload.write(WAV)
            assert media.probe(cast("BinaryIO", upload)) == found
            assert upload.read() == WAV
    with path.open("rb") as opened:
        opened.read(100)
        assert media.decode(opened, RATE).samples.size == 2 * RATE
        assert opened.read() == WAV
    with pytest.raises(FileNotFoundError):
        media.probe(tmp_path / "missing")


@pytest.mark.parametrize("file", [b"", b"no audio at all", silent_film(0.2), WAV[:20], FILES["m4a"][:2000]])
def test_what_cannot_be_read_has_the_same_words(file: bytes) -> None:
    with pytest.raises(UnreadableAudio) as here:
        audio_decode.decode(io.BytesIO(file), RATE)
    assert said(file) == str(here.value)


def test_more_than_may_be() -> None:
    with pytest.raises(AudioTooLong, match="longer than 1 seconds"):
        media.decode(io.BytesIO(WAV), RATE, max_seconds=1)
    with media.decoding(io.BytesIO(WAV), RATE, 1) as audio, pytest.raises(AudioTooLong):
        list(audio.blocks())


@pytest.mark.parametrize("deed", ["segfault", "abort", "exit", "fail"])
def test_a_crash_ends_the_child_alone(hostile: Readers, deed: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "confinement.media"):
        assert said(deed.encode()) == media.UNREADABLE
    assert caplog.messages == [
        "a media file made its reader fail" if deed == "fail" else "a media file ended its reader"
    ]
    before = hostile.process
    assert said(b"reach") == ""
    assert hostile.process == before


def test_a_failure_of_a_library_is_for_the_operator(hostile: Readers, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "confinement.media"):
        said(b"fail")
    assert "RuntimeError: a library's own" in vars(caplog.records[0])["trace"]


@pytest.mark.parametrize("deed", ["hang", "vanish"])
def test_a_hang_ends_with_the_child(hostile: Readers, deed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "SECONDS", 0.3)
    assert said(deed.encode()) == media.TOO_SLOW
    wait_until(lambda: not children(hostile))


def test_a_child_is_not_listened_to_for_ever(hostile: Readers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "PACE", 0.3 / media.CPU_SECONDS)
    with pytest.raises(UnreadableAudio, match=media.TOO_SLOW):
        media.decode(io.BytesIO(b"drip"), RATE, max_seconds=600)


def test_a_child_computes_no_longer_than_it_may(hostile: Readers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "CPU_SECONDS", 1)
    assert said(b"spin") == media.TOO_SLOW


def test_a_child_takes_no_more_memory_than_it_may(hostile: Readers) -> None:
    assert "more memory" in said(b"hoard")
    assert said(b"half a gigabyte") == str(1 << 29)
    with pytest.raises(UnreadableAudio, match="more memory"):
        media.probe(io.BytesIO(b"half a gigabyte"))


def test_a_child_reaches_nothing(hostile: Readers) -> None:
    """Its zygote is restricted; without Landlock its user's files are in reach."""
    reached = said(b"reach")
    if not landlock.version():
        reached = reached.replace("a file", "").replace("a new file", "").strip()
    assert reached == ""


def test_a_child_has_its_own_file_and_no_other(hostile: Readers) -> None:
    with media.decoding(io.BytesIO(b"without end"), RATE) as other:
        blocks = other.blocks()
        next(blocks)
        assert said(b"files") == "2"
    assert int(said(b"most files")) <= 1024


@pytest.mark.parametrize(
    "deed",
    [
        "nothing",
        "an unknown word",
        "out of turn",
        "too loud",
        "no number",
        "half a sample",
        "no sentence",
        "no end",
        "silence",
        "empty for ever",
    ],
)
def test_what_a_child_says_is_checked(hostile: Readers, deed: str) -> None:
    assert said(deed.encode()) == media.UNREADABLE


def test_what_a_child_says_of_a_file_is_checked(hostile: Readers) -> None:
    for deed in (b"no probe", b"a probe of lies", b"too loud"):
        with pytest.raises(UnreadableAudio):
            media.probe(io.BytesIO(deed))
    assert said(b"warnings of lies") == media.UNREADABLE
    with pytest.raises(AudioTooLong):
        media.decode(io.BytesIO(b"without end"), RATE, max_seconds=10)


@settings(max_examples=100)
@given(st.binary(max_size=200) | st.from_regex(rb'[\[{"a-z,:0-9\]} .]{0,40}', fullmatch=True))
def test_no_message_is_more_than_nonsense(body: bytes) -> None:
    for read in (messages.read_samples, messages.read_probe, messages.read_warnings, messages.read_error):
        try:
            read(body)
        except Nonsense:
            continue


def test_who_stops_listening_ends_the_child(fresh: Readers) -> None:
    with media.decoding(io.BytesIO(LONG), RATE) as audio:
        blocks = audio.blocks()
        assert next(blocks).size
        assert len(children(fresh)) == 1
    wait_until(lambda: not children(fresh))


@pytest.mark.parametrize("whom", ["zygote", "child"])
def test_what_was_killed_goes_on(fresh: Readers, whom: str) -> None:
    with media.decoding(io.BytesIO(LONG), RATE) as audio:
        blocks = audio.blocks()
        samples = [next(blocks)]
        os.kill(fresh.process or 0 if whom == "zygote" else children(fresh).pop(), signal.SIGKILL)
        samples.extend(blocks)
    assert np.array_equal(np.concatenate(samples), audio_decode.decode(io.BytesIO(LONG), RATE).samples)


def test_a_zygote_that_died_is_started_again(fresh: Readers) -> None:
    media.probe(io.BytesIO(WAV))
    before = fresh.process
    os.kill(before or 0, signal.SIGKILL)
    assert media.probe(io.BytesIO(WAV)).duration == 2
    assert fresh.process != before


def test_a_zygote_that_hangs_is_replaced(fresh: Readers, monkeypatch: pytest.MonkeyPatch) -> None:
    media.probe(io.BytesIO(WAV))
    before = fresh.process
    os.kill(before or 0, signal.SIGSTOP)
    patient = media.START_SECONDS

    def retire(zygote: Zygote) -> None:
        monkeypatch.setattr(media, "START_SECONDS", patient)
        Readers.retire(fresh, zygote)

    monkeypatch.setattr(media, "START_SECONDS", 0.2)
    monkeypatch.setattr(fresh, "retire", retire)
    assert media.probe(io.BytesIO(WAV)).duration == 2
    assert fresh.process != before


def test_a_zygote_that_replaced_another_does_not_go_with_it(fresh: Readers) -> None:
    order = Order("decode", RATE, 60, 10, 1 << 30)
    with tempfile.TemporaryFile() as file:
        file.write(LONG)
        file.flush()
        with closing(fresh.begin(order, file.fileno())) as one:
            os.kill(one.zygote.process.pid, signal.SIGSTOP)
            fresh.retire(one.zygote)
        with closing(fresh.begin(order, file.fileno())) as other:
            assert other.hear(60)
            fresh.retire(one.zygote)
            assert other.hear(60)
            assert fresh.process == other.zygote.process.pid != one.zygote.process.pid


def test_a_zygote_out_of_files_keeps_its_children() -> None:
    with closing(Readers((*HOSTILE, "few files"), at_once=8)) as readers, tempfile.TemporaryFile() as file:
        file.write(b"without end")
        file.flush()
        order = Order("decode", RATE, 60, 10, 1 << 30)
        with ExitStack() as opened:
            held = [opened.enter_context(closing(readers.begin(order, file.fileno()))) for _ in range(8)]
            begun = [child for child in held if child.hear(60)]
            assert 0 < len(begun) < 8
            for child in held:
                if child not in begun:
                    with pytest.raises(ReaderGone):
                        child.status(60)
            assert len(children(readers)) == len(begun)
            assert all(child.hear(60) for child in begun)
        wait_until(lambda: not children(readers))
        with closing(readers.begin(order, file.fileno())) as child:
            assert child.hear(60)


def test_no_more_are_read_at_once_than_may_be(
    fresh: Readers, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    queued, found = threading.Event(), []

    def unwanted() -> None:
        raise InterruptedError

    def wait() -> None:
        found.append(media.decode(io.BytesIO(WAV), RATE, check=queued.set).samples.size)

    waiting = threading.Thread(target=wait)
    with media.decoding(io.BytesIO(LONG), RATE) as audio:
        blocks = audio.blocks()
        next(blocks)
        monkeypatch.setattr(confinement.readers, "QUEUE_SECONDS", 0)
        with pytest.raises(ReaderGone, match="Too many"), caplog.at_level(logging.WARNING, "confinement.media"):
            media.probe(io.BytesIO(WAV))
        assert caplog.messages == [], "there is no second attempt"
        with pytest.raises(InterruptedError):
            media.probe(io.BytesIO(WAV), check=unwanted)
        waiting.start()
        assert queued.wait(60)
        assert len(children(fresh)) == 1
    waiting.join()
    assert found == [2 * RATE]
    assert media.probe(io.BytesIO(WAV)).duration == 2


def test_a_file_whose_child_is_killed_each_time(hostile: Readers) -> None:
    assert said(b"unlucky") == media.UNREADABLE


def test_a_machine_that_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(Readers(("/bin/false",))) as readers:
        monkeypatch.setattr(media, "readers", readers)
        with pytest.raises(ReaderGone, match=r"media files"):
            media.probe(io.BytesIO(WAV))


def test_the_zygote_and_its_children_go_with_their_parent() -> None:
    code = (
        "import sys; from pathlib import Path; from confinement import media; from confinement.readers import readers\n"
        "with media.decoding(Path(sys.argv[1]), 16_000) as audio:\n"
        "    next(audio.blocks()); print(readers.process, flush=True); input()"
    )
    with tempfile.NamedTemporaryFile() as file:
        file.write(LONG)
        file.flush()
        command = [sys.executable, "-c", code, file.name]
        with subprocess.Popen(
            command, cwd=PACKAGE_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as parent:
            assert parent.stdout
            zygote = int(parent.stdout.readline())
            child = int(Path(f"/proc/{zygote}/task/{zygote}/children").read_text())
            parent.kill()
    wait_until(lambda: not is_running(zygote) and not is_running(child))


def test_without_seccomp_files_are_read_nevertheless(monkeypatch: pytest.MonkeyPatch) -> None:
    assert media.is_filtered()
    with closing(Readers((*HOSTILE, "without seccomp"))) as readers:
        monkeypatch.setattr(media, "readers", readers)
        assert not media.is_filtered()
        assert media.probe(io.BytesIO(WAV)).duration == 2


def test_many_at_once() -> None:
    def read() -> None:
        found.append(media.decode(io.BytesIO(WAV), RATE).samples.size)

    found: list[int] = []
    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [2 * RATE] * 8

# ruff: noqa: RUF001 - phonemes
import json
import os
import signal
import subprocess
import sys
import time
from concurrent import futures
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from models.kokoro.g2p import G2PError, Phonemizer, spacy_model_folder
from models.kokoro.weights import _CONFIG

ROOT = Path(__file__).parents[3]


def children() -> list[int]:
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def g2p_children() -> list[int]:
    return [pid for pid in children() if b"g2p_process" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def g2p_child() -> int:
    """The one that was started last."""
    return max(g2p_children())


def said(phonemizer: Phonemizer, text: str, language: str = "en-us") -> str:
    return "".join(token.phonemes + token.whitespace for token in phonemizer.phonemize(text, language))


def test_american_and_british_english_differ(phonemizer: Phonemizer) -> None:
    assert said(phonemizer, "I can't bathe.") == "ˌI kˈænt bˈAð."
    assert said(phonemizer, "I can't bathe.", "en-gb") == "ˌI kˈɑːnt bˈAð."


def test_a_word_that_no_lexicon_has_is_read_by_espeak(phonemizer: Phonemizer) -> None:
    assert said(phonemizer, "Voxhall") == "vˈɑkshɔl"


def test_tokens_are_the_text_as_it_is_read_and_know_where_it_is_written(phonemizer: Phonemizer) -> None:
    text = 'Dr. Smith\'s 3 cats cost $4.50, i.e. "cheap"; 21st-century prices! (Café…)'
    tokens = phonemizer.phonemize(text, "en-us")
    spans = dict.fromkeys((token.start, token.end) for token in tokens)
    assert "".join(text[start:end] for start, end in spans) == "".join(text.split())
    assert [token.text for token in tokens if text[token.start : token.end] == "$4.50"] == [
        "four",
        "dollars",
        "and",
        "fifty",
        "cents",
    ]
    assert {symbol for token in tokens for symbol in token.phonemes} <= {*json.loads(_CONFIG.read_text())["vocab"]}


@pytest.mark.parametrize(
    "text", ["", "  ", "1..2,,", "1" * 6000, "a" * 3000, "é1" * 500, "[x](y", "½ ² １２", "😀", "-", "$", "\u0301", "'"]
)
def test_odd_text_is_answered(phonemizer: Phonemizer, text: str) -> None:
    tokens = phonemizer.phonemize(text, "en-us")
    assert all(0 <= token.start < token.end <= len(text) for token in tokens)
    assert {*text} - {" "} <= {character for token in tokens for character in text[token.start : token.end]}


def test_what_comes_before_goes_by_the_phonemes_that_are_given(phonemizer: Phonemizer) -> None:
    assert said(phonemizer, "the URL").startswith("ðə j")
    assert said(phonemizer, "the [URL](/ˈɜɹl/)") == "ði ˈɜɹl"


def test_a_genitive_follows_the_phonemes_that_are_given(phonemizer: Phonemizer) -> None:
    assert said(phonemizer, "[Kokoro](/kˈOkəɹO/)'s") == "kˈOkəɹOz"
    assert said(phonemizer, "[Kokoro](/kˈOkəɹOk/)'s") == "kˈOkəɹOks"


def test_phonemes_that_are_given_are_not_rewritten(phonemizer: Phonemizer) -> None:
    assert said(phonemizer, "un[bank](/bɐɾʔ/)able").startswith("ˈʌnbɐɾʔ")


def test_a_long_row_of_marks_becomes_three(phonemizer: Phonemizer) -> None:
    assert max(len(token.phonemes) for token in phonemizer.phonemize("Well!!!!!!!!!! " + "so" + "-" * 40, "en-us")) < 10


def test_an_unknown_language_is_refused(phonemizer: Phonemizer) -> None:
    with pytest.raises(G2PError, match="de-de"):
        phonemizer.phonemize("Hallo", "de-de")


def test_text_that_breaks_a_library_is_an_error_that_does_not_quote_it(phonemizer: Phonemizer) -> None:
    with pytest.raises(G2PError) as failure:
        phonemizer.phonemize("secret \ud800", "en-us")
    assert "secret" not in str(failure.value)
    assert said(phonemizer, "yes")


def test_threads_get_their_own_answers(phonemizer: Phonemizer) -> None:
    words = [f"word {chr(97 + number % 26) * 3}" for number in range(40)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda text: phonemizer.phonemize(text, "en-us"), words))
    assert ["".join(token.text + token.whitespace for token in tokens) for tokens in answers] == words


def test_a_killed_process_is_replaced(models_dir: Path) -> None:
    phonemizer = Phonemizer(models_dir / "spacy-en")
    try:
        before = said(phonemizer, "still here")
        killed = g2p_child()
        os.kill(killed, signal.SIGKILL)
        assert said(phonemizer, "still here") == before
    finally:
        phonemizer.close()


def test_a_second_process_answers_while_the_first_is_busy(models_dir: Path) -> None:
    others = {*children()}
    phonemizer = Phonemizer(models_dir / "spacy-en", processes=2)
    try:
        answer = said(phonemizer, "one text")
        (first,) = {*g2p_children()} - others
        os.kill(first, signal.SIGSTOP)
        with ThreadPoolExecutor(2) as pool:
            asked = [pool.submit(said, phonemizer, "one text") for _ in range(2)]
            done, busy = futures.wait(asked, 30, futures.FIRST_COMPLETED)
            assert (len(done), len(busy)) == (1, 1)
            os.kill(first, signal.SIGCONT)
            assert [answer, answer] == [future.result(30) for future in asked]
    finally:
        phonemizer.close()
    assert {*children()} == others


def test_a_closed_phonemizer_says_so_and_leaves_no_process(models_dir: Path) -> None:
    before = children()
    phonemizer = Phonemizer(models_dir / "spacy-en")
    phonemizer.close()
    phonemizer.close()
    assert children() == before
    with pytest.raises(G2PError, match="closed"):
        phonemizer.phonemize("x", "en-us")


def test_a_broken_model_folder_is_an_error(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(G2PError, match="voxhall models pull"):
        spacy_model_folder(tmp_path)
    (tmp_path / "config.cfg").write_text("[nlp]\n")
    phonemizer = Phonemizer(tmp_path)
    with pytest.raises(G2PError, match="died twice"):
        phonemizer.phonemize("x", "en-us")
    phonemizer.close()


def test_the_process_ends_with_a_parent_that_was_killed(models_dir: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from models.kokoro.g2p import Phonemizer\n"
        "p = Phonemizer(Path(sys.argv[1])); p.phonemize('x', 'en-us'); print('ready', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, str(models_dir / "spacy-en")]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        child = int(Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text())
        parent.kill()
    deadline = time.monotonic() + 30
    while Path(f"/proc/{child}/cmdline").exists() and Path(f"/proc/{child}/cmdline").read_bytes():
        assert time.monotonic() < deadline
        time.sleep(0.05)

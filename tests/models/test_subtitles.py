import re
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from models.subtitles import srt, vtt


@dataclass(frozen=True)
class Said:
    start: float
    end: float
    text: str
    speaker: str | None = None


def test_srt() -> None:
    assert srt([Said(0.0, 1.5, " Hello."), Said(3661.0014, 3662.9996, " Yes.")]) == (
        "1\n00:00:00,000 --> 00:00:01,500\nHello.\n\n2\n01:01:01,001 --> 01:01:03,000\nYes.\n"
    )


def test_vtt() -> None:
    assert vtt([Said(59.9999, 360000.0, " a < b & c ")]) == (
        "WEBVTT\n\n00:01:00.000 --> 100:00:00.000\na &lt; b &amp; c\n"
    )


def test_speakers() -> None:
    said = [Said(0, 1, " Hello. ", "A"), Said(1, 2, "Who?", "Bob & <Co>\n--> Ltd"), Said(2, 3, "Me.")]
    assert srt(said).splitlines()[2::4] == ["A: Hello.", "Bob & <Co> -> Ltd: Who?", "Me."]
    assert vtt(said).splitlines()[3::3] == ["<v A>Hello.", "<v Bob &amp; &lt;Co&gt; -&gt; Ltd>Who?", "Me."]


def test_nothing_said() -> None:
    assert srt([]) == ""
    assert vtt([]) == "WEBVTT\n"
    assert srt([Said(0, 1, " "), Said(1, 2, "so")]).startswith("1\n00:00:01,000")


@given(st.lists(st.builds(Said, st.floats(-1, 1e6), st.floats(-1, 1e6), st.text(max_size=40), st.none() | st.text())))
def test_a_cue_is_one_block_whatever_its_text(said: list[Said]) -> None:
    spoken = sum(bool(cue.text.strip()) for cue in said)
    for rendered in (srt(said), vtt(said)):
        assert rendered.count("-->") == spoken
        blocks = re.split(r"\n\n", rendered.rstrip("\n")) if rendered else []
        assert sum("-->" in block for block in blocks) == spoken == len(blocks) - rendered.startswith("WEBVTT")

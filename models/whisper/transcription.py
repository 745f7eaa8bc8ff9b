"""One recording on its way through Whisper: which windows to decode next, and what their text makes."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from models.whisper.decoder import Heard, Piece, Sound, Word
from models.whisper.gates import LADDER, says_something, verdict
from models.whisper.options import MOST_TOKENS, Decoding
from models.whisper.speech import SAMPLE_RATE, Samples, Speech
from models.whisper.stretches import LONGEST, quiet_end

HOP = SAMPLE_RATE // 100
"""Samples of a frame."""

SHORT = 5 * SAMPLE_RATE
"""Samples of the windows in which a window that failed is heard again: a sentence that is said five times in 30 s is
taken for a loop, and in 5 s it is said twice at most."""

SHORTEST = SAMPLE_RATE // 5
"""Samples at the end of a stretch that hold no word: they are not heard again."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of speech, in seconds from the start of the recording; ids count from 0. Named as in OpenAI's API.

    `seek`: where its window began, in hundredths of a second of the recording.
    """

    id: int
    seek: int
    start: float
    end: float
    text: str
    tokens: tuple[int, ...]
    temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """`start` to `end`, in samples of the speech: at most 30 s of one stretch, and how to decode it."""

    stretch: int
    start: int
    end: int
    sound: Sound
    decoding: Decoding

    @property
    def seconds_before(self) -> float:
        """Speech before it, in seconds."""
        return self.start / SAMPLE_RATE


def most_tokens(samples: int) -> int:
    """More than is ever said in so many samples: a loop is heard to its end otherwise, at each temperature.

    In two classes only, since windows that differ in it cannot share a batch. Fast speech has 8 tokens a second in
    English, and up to 25 in scripts that Whisper writes byte by byte.
    """
    return 32 + 25 * SHORT // SAMPLE_RATE if samples <= SHORT else MOST_TOKENS


@dataclass
class _Stretch:
    end: int
    short_until: int = 0
    """Before it, windows are short."""
    segments: list[Segment] = field(default_factory=list)
    done: bool = False


class Transcription:
    """Hands out windows and takes in what was heard in them, in any order; it never decodes itself.

    A stretch is heard window by window, 30 s each: the next one begins where Whisper's last complete part ended.
    Windows of different stretches can be decoded at the same time. A window whose text is doubtful (see
    `models.whisper.gates`) comes again at the next temperature of the ladder; after the last short ones take its
    place, and a short one is dropped.
    """

    def __init__(
        self,
        speech: Speech,
        stretches: Sequence[tuple[int, int]],
        decoding: Decoding,
        *,
        hear: Callable[[Samples], Sound],
        temperature: float | None = None,
    ) -> None:
        """`hear`: makes the features of at most 30 s. `temperature`: the only one, or None for the ladder."""
        self._speech = speech
        self._hear = hear
        self._ladder = LADDER if temperature is None else (temperature,)
        self._decoding = replace(decoding, temperature=self._ladder[0])
        self._stretches = [_Stretch(end) for _, end in stretches]
        self._again: deque[Window] = deque()
        self._places = deque((index, start) for index, (start, _) in enumerate(stretches))
        self._heard = 0
        self._told = 0
        self._dropped = 0
        self._front = 0

    @property
    def finished(self) -> bool:
        return self._front == len(self._stretches)

    @property
    def progress(self) -> float:
        """How much of the speech has been heard, 0 to 1."""
        return self._heard / self._speech.length if self._speech.length else 1.0

    @property
    def dropped(self) -> float:
        """Seconds of speech whose text stayed doubtful and was dropped; what was judged to be silence is none."""
        return self._dropped / SAMPLE_RATE

    def next(self) -> Window | None:
        """A window to decode; None while all that is left waits for one that was handed out."""
        if self._again:
            return self._again.popleft()
        if not self._places:
            return None
        index, start = self._places.popleft()
        end = self._end(self._stretches[index], start)
        decoding = replace(self._decoding, most_tokens=most_tokens(end - start))
        return Window(index, start, end, self._hear(self._speech.cut(start, end)), decoding)

    def take(self, window: Window, heard: Heard) -> list[Segment]:
        """The segments that are complete now, in order: those that nothing unheard lies before."""
        judged = verdict(
            avg_logprob=heard.avg_logprob,
            compression_ratio=heard.compression_ratio,
            no_speech_prob=heard.no_speech_prob,
        )
        if judged == "doubtful":
            if self._try_again(window):
                return []
            self._dropped += window.end - window.start
        believed = judged == "speech"
        if believed:
            self._stretches[window.stretch].segments += self._segments(window, heard)
        whole = not believed or heard.until >= window.sound.frames
        self._advance(window, window.end if whole else window.start + heard.until * HOP)
        return self._complete()

    def _try_again(self, window: Window) -> bool:
        hotter = self._ladder[self._ladder.index(window.decoding.temperature) + 1 :]
        if hotter:
            decoding = replace(window.decoding, temperature=hotter[0])
            self._again.append(replace(window, decoding=decoding))
            return True
        if window.end - window.start > SHORT:
            self._stretches[window.stretch].short_until = window.end
            self._places.appendleft((window.stretch, window.start))
            return True
        return False

    def _end(self, stretch: _Stretch, start: int) -> int:
        short = start + SHORT
        if start < stretch.short_until and short < stretch.end:
            return quiet_end(self._speech, start, short)
        return min(start + LONGEST, stretch.end)

    def _advance(self, window: Window, until: int) -> None:
        stretch = self._stretches[window.stretch]
        stretch.done = stretch.end - until < SHORTEST
        if not stretch.done:
            self._places.appendleft((window.stretch, until))
        self._heard += (stretch.end if stretch.done else until) - window.start

    def _complete(self) -> list[Segment]:
        found: list[Segment] = []
        while not self.finished:
            stretch = self._stretches[self._front]
            found += stretch.segments
            stretch.segments.clear()
            if not stretch.done:
                break
            self._front += 1
        numbered = [replace(segment, id=self._told + index) for index, segment in enumerate(found)]
        self._told += len(numbered)
        return numbered

    def _segments(self, window: Window, heard: Heard) -> list[Segment]:
        latest = (window.end - window.start) / SAMPLE_RATE
        return [
            self._segment(window, heard, piece)
            for piece in heard.pieces
            if says_something(piece.text) and piece.start < min(piece.end, latest)
        ]

    def _segment(self, window: Window, heard: Heard, piece: Piece) -> Segment:
        before = window.seconds_before
        latest = window.end / SAMPLE_RATE
        start, end = self._speech.original(before + piece.start, min(before + piece.end, latest))
        words = tuple(self._word(word, before) for word in piece.words)
        return Segment(
            id=0,
            seek=round(100 * self._speech.original_word(before, before)[0]),
            start=words[0].start if words else start,
            end=words[-1].end if words else end,
            text=piece.text,
            tokens=piece.tokens,
            temperature=heard.temperature,
            avg_logprob=heard.avg_logprob,
            compression_ratio=heard.compression_ratio,
            no_speech_prob=heard.no_speech_prob,
            words=words,
        )

    def _word(self, word: Word, before: float) -> Word:
        start, end = self._speech.original_word(before + word.start, before + word.end)
        return replace(word, start=start, end=end)

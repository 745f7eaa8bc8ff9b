"""A text whose characters know where in the caller's text they come from."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Traced:
    """`text`, and for each of its characters the span `starts[i]:ends[i]` of the caller's text that it stands for.

    Spans never go backwards. A character that was written out of others ("five" from "5") has the span of all of them.
    """

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    @classmethod
    def of(cls, text: str, *, offset: int = 0) -> Self:
        """The caller's own text, from position `offset` on: every character stands for itself."""
        return cls(text, tuple(range(offset, offset + len(text))), tuple(range(offset + 1, offset + len(text) + 1)))

    @classmethod
    def join(cls, parts: Iterable[Self]) -> Self:
        """The parts one after the other; none is the empty text."""
        found = tuple(parts)
        return cls(
            "".join(part.text for part in found),
            tuple(start for part in found for start in part.starts),
            tuple(end for part in found for end in part.ends),
        )

    def __len__(self) -> int:
        return len(self.text)

    def __getitem__(self, where: slice) -> Self:
        return type(self)(self.text[where], self.starts[where], self.ends[where])

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The caller's span of the characters `start:end`, at least one. Raises `IndexError`."""
        if not 0 <= start < end <= len(self.text):
            raise IndexError(f"no characters {start}:{end} in a text of {len(self.text)}")
        return min(self.starts[start:end]), max(self.ends[start:end])

    def sub(
        self, pattern: re.Pattern[str], replace: Callable[[re.Match[str]], str | None], group: int | str = 0
    ) -> Self:
        """Each match, or that `group` of it, replaced by what `replace` gives, which stands for all of it.

        None leaves it as it is.
        """
        parts: list[Self] = []
        done = 0
        for match in pattern.finditer(self.text):
            replacement = replace(match)
            start, end = match.span(group)
            if replacement is None or start == end:
                continue
            parts += [self[done:start], self.written(start, end, replacement)]
            done = end
        return type(self).join([*parts, self[done:]]) if parts else self

    def written(self, start: int, end: int, text: str) -> Self:
        """`text`, each of its characters standing for the characters `start:end` of this one, at least one."""
        first, last = self.span(start, end)
        return type(self)(text, (first,) * len(text), (last,) * len(text))

    def strip(self) -> Self:
        """Without whitespace at both ends."""
        return self[len(self.text) - len(self.text.lstrip()) : len(self.text.rstrip())]

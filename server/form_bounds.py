"""How much of a form may lie in memory: texts do as a whole, and files until they are large enough for the disk."""

from contextlib import suppress
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MOST_TEXT = 20 * 1024 * 1024
"""Bytes of all fields that are no files: OpenAI's forms bring recordings of speakers in such."""

MOST_FILES = 32
"""Each is in memory up to 1 MB."""


class FormBounds:
    """Reads along a form (`multipart/form-data`) as it arrives.

    The framework bounds each field, but not what they are together.
    """

    def __init__(self, content_type: str) -> None:
        boundary = parse_options_header(content_type)[1].get(b"boundary")
        self._text = self._files = 0
        self._is_file = False
        self._header = self._value = self._disposition = b""
        self._parser: MultipartParser | None = None
        with suppress(FormParserError):  # as in `feed`
            self._parser = MultipartParser(boundary, self._callbacks()) if boundary else None

    def feed(self, data: bytes) -> None:
        """Raises an `HTTPException` 400 once the form is beyond its bounds."""
        if self._parser is None:
            return
        try:
            self._parser.write(data)
        except FormParserError:
            self._parser = None  # the framework reads the same and refuses it in its own words

    def _callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._name_header,
            "on_header_value": self._fill_header,
            "on_header_end": self._end_header,
            "on_headers_finished": self._begin_data,
            "on_part_data": self._count,
        }

    def _begin(self) -> None:
        self._disposition = b""

    def _name_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _fill_header(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def _begin_data(self) -> None:
        self._is_file = b"filename" in parse_options_header(self._disposition)[1]
        self._files += self._is_file
        if self._files > MOST_FILES:
            raise HTTPException(400, f"The form has more than {MOST_FILES} files")

    def _count(self, _data: bytes, start: int, end: int) -> None:
        if self._is_file:
            return
        self._text += end - start
        if self._text > MOST_TEXT:
            raise HTTPException(400, f"The form's texts have more than {MOST_TEXT // 2**20} MB together")

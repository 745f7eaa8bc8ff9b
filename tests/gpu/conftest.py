"""Kokoro's speech and Whisper's ears."""

from tests.models.whisper.conftest import say, whisper

__all__ = ["say", "whisper"]

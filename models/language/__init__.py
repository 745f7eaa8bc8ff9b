"""Which language a text is in, and whether a voice can speak it. Light enough for the API process (no torch)."""

from models.language.codes import matching, plain_code
from models.language.detection import detect
from models.language.names import name_of
from models.language.speakable import Unspeakable, WrongLanguage, check_speakable

__all__ = ["Unspeakable", "WrongLanguage", "check_speakable", "detect", "matching", "name_of", "plain_code"]

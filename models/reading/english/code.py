"""Code, files and versions."""

import re

from models.reading.english.contacts import address, spelled
from models.reading.english.numerals import English
from models.reading.english.rules import END, START, Rule, always, rule, spaced
from models.reading.english.tables import TABLES, one_of

_ENDINGS = (
    "7z|avi|bat|bin|bmp|c|cfg|conf|cpp|cs|css|csv|db|doc|docx|epub|exe|flac|gif|go|gz|h|htm|html|ini|ipynb|iso|jar|java|"
    "jpeg|jpg|js|json|jsx|kt|lock|log|lua|m4a|md|mkv|mov|mp3|mp4|odt|ogg|opus|pdf|php|png|ppt|pptx|ps1|py|rar|rb|rs|rst|"
    "rtf|sh|sql|srt|svg|tar|toml|ts|tsv|tsx|ttf|txt|vtt|wav|webm|webp|xls|xlsx|xml|yaml|yml|zip"
)
_SEGMENT = r"[\w@+-]{1,100}(?:\.[\w@+-]{1,50}){0,5}"
_RUNTIMES = (
    "Android|CUDA|Chrome|Django|Firefox|Go|Java|Kotlin|Linux|Node|PHP|PostgreSQL|Python|Ruby|Rust|Swift|Ubuntu|Windows|"
    "iOS|macOS"
)


def _path(written: str, english: English) -> str:
    """Its names as words; the ending in capitals, which are spelled where they are no word."""
    head, dot, ending = written.rpartition(".")
    if not dot or not ending.isalnum() or len(ending) > 5:
        return address(re.sub(r"[_-]", " ", written), english)
    return f"{address(re.sub(r'[_-]', ' ', head), english)} dot {address(ending.upper(), english)}"


@rule(rf"(?<![\w/.])(?:(?:~|\.{{1,2}})(?:/{_SEGMENT}){{1,20}}|(?:/{_SEGMENT}){{2,20}})/?(?!\w)")
def path(match: re.Match[str], english: English) -> str:
    return _path(match[0], english)


@rule(rf"(?<!\w)[A-Za-z]:(?:\\{_SEGMENT}){{1,20}}\\?(?!\w)")
def windows_path(match: re.Match[str], english: English) -> str:
    return _path(match[0], english)


@rule(rf"(?<![\w./-])(?:[\w-]{{1,60}}/){{0,10}}[\w-]{{1,60}}(?:\.[\w-]{{1,20}}){{0,3}}\.(?:{_ENDINGS})(?![\w/]|\.\w)")
def file(match: re.Match[str], english: English) -> str:
    return _path(match[0], english)


@rule(rf"(?<!\w)v(?=\d)(?P<number>\d{{1,4}}(?:\.\d{{1,4}}){{0,4}}){END}")
def version(match: re.Match[str], english: English) -> str:
    return f"version {_points(match['number'], english)}"


@rule(rf"(?i:\b(?:version|release|ver\.?)|\b(?:{_RUNTIMES})) (?P<it>\d{{1,4}}(?:\.\d{{1,4}}){{1,4}}){END}")
def version_of(match: re.Match[str], english: English) -> str:
    return _points(match["it"], english)


@rule(rf"{START}\d{{1,4}}(?:\.\d{{1,4}}){{2,5}}{END}")
def bare_version(match: re.Match[str], english: English) -> str:
    return _points(match[0], english)


def _points(written: str, english: English) -> str:
    return " point ".join(english.number(part) for part in written.split("."))


@rule(rf"{START}0[xX]([0-9A-Fa-f]{{1,16}}){END}")
def hexadecimal(match: re.Match[str], _english: English) -> str:
    return f"zero x {spelled(match[1])}"


@rule(rf"(?<=[\w)\]\"'] )(?P<it>{one_of(TABLES['operators'])})(?= [\w(\[\"'-])")
def operator(match: re.Match[str], _english: English) -> str:
    words: str = TABLES["operators"][match["it"]]
    return words


@rule(r"(?<=[^\W\d_])\+\+(?!\w)")
def increment(match: re.Match[str], _english: English) -> str:
    return spaced(match, "plus plus")


ADDRESSES: tuple[Rule, ...] = (path, windows_path, file)
RULES: tuple[Rule, ...] = (
    version,
    version_of,
    bare_version,
    hexadecimal,
    operator,
    increment,
    always(r"(?<=\w)\(\)", ""),
    always(r"(?<=[^\W_])_{1,3}(?=[^\W_])", " "),
)

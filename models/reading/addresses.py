"""Web and e-mail addresses, their signs said as words; their letters and digits are left to the rules for these."""

import re
from collections.abc import Mapping

from models.reading.traced import Traced

_DOMAINS = "com|org|net|edu|gov|info|io|dev|app|eu|es|fr|it|br|pt|in|jp|cn|mx|ar|co|uk|de|ai|me|tv"
_PATH = r"[^\s<>\"'“”»「」。、，]*[^\s<>\"'“”»「」。、，.!?;:)\]]"
_ADDRESS = re.compile(
    rf"(?<![\w.+@-])(?:https?://{_PATH}|www\.{_PATH}|[\w.+-]++@(?:[\w-]++\.)+[A-Za-z]{{2,}}+(?![\w@])"
    rf"|(?:[A-Za-z0-9-]++\.)+(?:{_DOMAINS})(?![\w@-]|\.\w)(?:/(?:{_PATH})?)?)",
    re.ASCII,
)
_SCHEME = re.compile(r"^https?://")
_WWW = re.compile(r"\bwww\b")


def written_out(text: Traced, web: Mapping[str, str]) -> Traced:
    """`text` with its addresses as they are read aloud: without "https", "example.com" as "example punto com".

    `web` has the words of the signs, and of "www".
    """
    signs = re.compile("|".join(map(re.escape, (sign for sign in web if sign != "www"))))
    parts: list[Traced] = []
    done = 0
    for match in _ADDRESS.finditer(text.text):
        if not any(character.isalpha() for character in match[0]):
            continue
        address = text[match.start() : match.end()].sub(_SCHEME, lambda _: "")
        address = address.sub(_WWW, lambda _: web["www"])
        parts += [text[done : match.start()], address.sub(signs, lambda sign: f" {web[sign[0]]} ")]
        done = match.end()
    return Traced.join([*parts, text[done:]]) if parts else text

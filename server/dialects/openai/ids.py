"""OpenAI's ids: what is 32 hexadecimal digits elsewhere has a prefix here."""

import re

from jobs.errors import NotFound

VOICE, CONSENT = "voice_", "cons_"

_ID = re.compile("[0-9a-f]{32}")


def plain_voice(name: str) -> str:
    """A saved voice's own id, where `name` is one with the prefix; any other name as it is."""
    bare = name.removeprefix(VOICE)
    return bare if _ID.fullmatch(bare) else name


def plain(given: str, prefix: str, param: str) -> str:
    """The id behind the prefix, which may be left out. Raises `NotFound`: it is none."""
    bare = given.removeprefix(prefix)
    if not _ID.fullmatch(bare):
        raise NotFound(f"There is no `{given[:60]}`.", param=param)
    return bare

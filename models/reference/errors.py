"""Why the voice of a recording cannot be taken."""


class Unusable(ValueError):
    """The message says what is wrong with the recording, and what to give instead."""

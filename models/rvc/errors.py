"""What is refused when a voice is added, and why."""


class NotAVoice(Exception):
    """The file is no RVC voice or index that can be used. The message is one sentence that says why, and what to do."""

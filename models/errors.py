"""What every engine may raise, importable without any engine."""

import pickle

BROKEN = (OSError, RuntimeError, EOFError, LookupError, AttributeError, TypeError, ValueError, pickle.UnpicklingError)
"""What torch raises for a file that is missing, cut off, or of another kind."""


class ModelUnreadable(Exception):
    """A file of the model is missing or broken. The message names it and the command that fetches it."""


class DenoiserFailed(Exception):
    """The library that takes noise out of clips does not start; the message says which, and the cure."""


class OutOfMemory(Exception):
    """The device has no room for what was to be computed; less at once may fit."""


class DeviceLost(Exception):
    """The device failed, and with it everything that this process has on it; a new process may find it well."""

"""Every way in which a request or a job can fail, as one tree.

    VoxhallError
    ├── InvalidRequest        a value of the request is wrong (`param` names it)
    │   ├── TextTooLong
    │   ├── UnknownModel
    │   ├── UnknownVoice
    │   │   └── NoSavedVoice  no such one that this key may use: ids tell nothing to strangers
    │   ├── NoVoiceForLanguage
    │   ├── UnreadableUpload
    │   ├── BadReference      a clip whose voice cannot be taken: too short, silent, several speakers
    │   └── ConsentMissing
    ├── Unauthorized          no key, or a wrong one
    ├── NotFound              no such job, file or route for this key
    │   └── NotServed         another model would stand in for the one that was asked for, and may not
    ├── QuotaExceeded         the key has as many voices as it may have
    ├── UploadTooLarge
    ├── Conflict              the job is not in a state that allows it
    ├── Unavailable           the server cannot do it now (a model that is not installed, a full disk)
    │   ├── ModelNotInstalled
    │   └── LedgerUnavailable
    └── JobFailed             the job that the caller waited for failed

`LeaseLost` stands apart: it tells a worker to drop a step, and no caller ever sees it.
"""


class VoxhallError(Exception):
    """Base of all errors that a caller sees. `code` is stable; `message` is for people and names no path."""

    code = "internal_error"

    def __init__(self, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param


class InvalidRequest(VoxhallError):
    code = "invalid_request"


class TextTooLong(InvalidRequest):
    code = "text_too_long"


class UnknownModel(InvalidRequest):
    code = "unknown_model"


class UnknownVoice(InvalidRequest):
    code = "unknown_voice"


class NoSavedVoice(UnknownVoice):
    """Answered as `NotFound`: a voice that is another key's, archived, removed or never was, all in the same words."""


class NoVoiceForLanguage(InvalidRequest):
    """No installed model speaks the text's language."""

    code = "no_voice_for_language"


class UnreadableUpload(InvalidRequest):
    code = "unreadable_audio"


class BadReference(InvalidRequest):
    code = "bad_reference"


class ConsentMissing(InvalidRequest):
    code = "consent_missing"


class Unauthorized(VoxhallError):
    code = "unauthorized"


class NotFound(VoxhallError):
    code = "not_found"


class NotServed(NotFound):
    code = "model_not_served"


class QuotaExceeded(VoxhallError):
    code = "quota_exceeded"


class UploadTooLarge(VoxhallError):
    code = "upload_too_large"


class Conflict(VoxhallError):
    code = "conflict"


class Unavailable(VoxhallError):
    code = "unavailable"


class ModelNotInstalled(Unavailable):
    """The message names the command that installs it."""

    code = "model_not_installed"


class LedgerUnavailable(Unavailable):
    """It passes: nothing of the job is to blame."""


class JobFailed(VoxhallError):
    """A job ended without a result. `code` is the job's own."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class LeaseLost(Exception):
    """The step is no longer this worker's: it was cancelled, deleted, or its lease ran out."""

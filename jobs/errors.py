"""Every way in which a request or a job can fail, as one tree.

    VoxhallError
    ├── InvalidRequest        a value of the request is wrong (`param` names it)
    │   ├── TextTooLong
    │   ├── UnknownModel
    │   ├── UnknownVoice
    │   │   └── NoSavedVoice  no such one that this key may use: ids tell nothing to strangers
    │   ├── NoVoiceForLanguage
    │   ├── UnreadableUpload
    │   ├── RecordingTooLong
    │   ├── BadReference      a clip whose voice cannot be taken: too short, silent, several speakers
    │   ├── ConsentMissing
    │   ├── SourceRefused     the address of a recording may not be called
    │   ├── SourceFailed      it gave no recording
    │   └── KeyReused         an Idempotency-Key that stands for another request already
    ├── Unauthorized          no key, or a wrong one
    ├── NotFound              no such job, file or route for this key
    │   ├── Expired           the job is there, its result files had their time
    │   └── NotServed         another model would stand in for the one that was asked for, and may not
    ├── OutOfCredits          the key's characters are spent
    ├── Forbidden             no key may do this over HTTP
    ├── QuotaExceeded         the key has as many voices as it may have
    ├── RateLimited           too many requests in a minute or a day
    │   └── TooManyJobs       too many that are not finished
    ├── UploadTooLarge
    ├── Conflict              the job is not in a state that allows it
    ├── NotOffered            the API has it, and this server has not
    ├── Unavailable           the server cannot do it now (a model that is not installed, a full disk)
    │   ├── ModelNotInstalled
    │   ├── QueueFull         too many jobs of all keys are unfinished
    │   ├── Restarting        the process that would have answered is being stopped
    │   └── LedgerUnavailable
    │       └── OutcomeUnknown    the change may have been made
    ├── TimedOut              a step of a job ran longer than one may
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


class RecordingTooLong(InvalidRequest):
    """It has more seconds than the server takes."""

    code = "audio_too_long"


class BadReference(InvalidRequest):
    code = "bad_reference"


class ConsentMissing(InvalidRequest):
    code = "consent_missing"


class SourceRefused(InvalidRequest):
    code = "source_refused"


class SourceFailed(InvalidRequest):
    """The message says what the address gave instead."""

    code = "source_failed"


class KeyReused(InvalidRequest):
    code = "idempotency_key_reused"


class Unauthorized(VoxhallError):
    code = "unauthorized"


class OutOfCredits(VoxhallError):
    """Both counts are characters as plans count them."""

    code = "insufficient_credits"

    def __init__(self, *, required: int, available: int) -> None:
        super().__init__(f"The request needs {required} characters; {available} are left to this key.")
        self.required = required
        self.available = available


class RateLimited(VoxhallError):
    """`retry_after`: whole seconds until the next request is taken, 1 or more."""

    code = "rate_limited"

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooManyJobs(RateLimited):
    code = "too_many_jobs"


class NotOffered(VoxhallError):
    code = "not_offered"


class NotFound(VoxhallError):
    code = "not_found"


class Expired(NotFound):
    """Its `code` is not the one of what never was, so that a caller can tell the two apart."""

    code = "expired"

    def __init__(self) -> None:
        super().__init__("The result's files were deleted when their time was over. Run the job again for new ones.")


class NotServed(NotFound):
    code = "model_not_served"


class Forbidden(VoxhallError):
    code = "forbidden"


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


class QueueFull(Unavailable):
    """`retry_after`: whole seconds until it is worth another try, 1 or more."""

    code = "queue_full"

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Restarting(Unavailable):
    """`retry_after`: whole seconds until another process is likely to answer."""

    code = "restarting"
    retry_after = 2


class LedgerUnavailable(Unavailable):
    """It passes: nothing of the job is to blame."""


class OutcomeUnknown(LedgerUnavailable):
    """The ledger went away while it committed."""


class TimedOut(VoxhallError):
    """The message names the setting."""

    code = "timed_out"


class JobFailed(VoxhallError):
    """A job ended without a result. `code` is the job's own."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class LeaseLost(Exception):
    """The step is no longer this worker's: it was cancelled, deleted, or its lease ran out."""

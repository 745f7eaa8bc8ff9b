"""Every setting of a Voxhall process, read from `VOXHALL_*` and nowhere else."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

PREFIX = "VOXHALL_"
MEBIBYTE = 1024 * 1024
_HOST = re.compile(r"\*|(\*\.)?localhost|([a-z0-9_-]+(\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", re.IGNORECASE)

LONGEST_LEASE = 360.0
"""Seconds that no living process's lease is ahead, whatever its own settings are. A minute more than it may ask for:
the clock may have been read before that."""


class SettingsError(Exception):
    """A setting is unknown or out of range; the message is one line that says which and what to do."""


class Settings(BaseModel):
    """All settings. A name that is not here is refused, so that a typing slip is never silent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    """Address that the API listens on."""

    port: int = Field(default=8080, ge=1, le=65535)
    """Port that the API listens on."""

    data_dir: Path = Path("data")
    """Ledger, files, secret and the embedded broker's socket. Made with mode 0700."""

    models_dir: Path = Path(__file__).resolve().parent.parent / "models" / "weights"
    """Folder of the model files."""

    catalog: Path | None = None
    """The operator's own catalog overlay (TOML)."""

    device: str = Field(default="auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$")
    """Where engines run: auto, cpu, cuda or cuda:N."""

    public_url: AnyHttpUrl | None = None
    """What result links begin with. Unset: the address that the caller used."""

    trusted_proxies: str = "127.0.0.1"
    """Comma list of hops whose X-Forwarded-* headers are believed."""

    allowed_hosts: str = ""
    """Comma list of further names that a request's Host may be, `*` for any. Those of `host` and `public_url` are."""

    api_key: SecretStr | None = Field(default=None, min_length=16)
    """The first API key, instead of a generated one."""

    metrics_token: SecretStr | None = Field(default=None, min_length=16)
    """What `GET /metrics` must bear. Unset: it answers everybody."""

    otlp_endpoint: AnyHttpUrl | None = None
    """Where traces go (OTLP over HTTP, such as `http://127.0.0.1:4318`). Unset: nothing is traced."""

    secret_key: SecretStr | None = Field(default=None, min_length=32)
    """Signs file links. Unset: made once and kept in the data folder. Several boxes must share one."""

    redis_url: str | None = None
    """Redis or Valkey, `redis://…`, `rediss://…` or `unix://…`. Unset: `voxhall up` starts an embedded Valkey."""

    database_url: str | None = None
    """Ledger, as an SQLAlchemy URL (SQLite or PostgreSQL). Unset: SQLite in the data folder."""

    store_url: str | None = None
    """File store, as a URL (`s3://bucket/prefix`). Unset: a folder in the data folder."""

    link_seconds: int = Field(default=5 * 3600, ge=60)
    """How long a signed result link works."""

    max_upload_bytes: int = Field(default=100 * MEBIBYTE, ge=1)
    """Largest upload of any endpoint; a dialect may set a lower limit."""

    max_audio_seconds: int = Field(default=12 * 3600, ge=1)
    """Longest recording of any job."""

    max_jobs: int = Field(default=50_000, ge=1)
    """Unfinished jobs of all keys together."""

    max_key_jobs: int = Field(default=20_000, ge=1)
    """Unfinished jobs of a key whose plan has no limit of its own."""

    max_voice_bytes: int = Field(default=1024 * MEBIBYTE, ge=1)
    """Largest upload of a voice: its model and its index together."""

    max_saved_voices: int = Field(default=100, ge=0)
    """Saved voices that a key may have, and as many embeddings besides. Archived ones do not count."""

    embedding_seconds: int = Field(default=86_400, ge=60)
    """How long an embedding lives that was made without a saved voice."""

    keyless_polling: bool = True
    """Whether TTS.ai's results may be polled without a key, by whoever knows the job's unguessable uuid, as its
    documented clients do."""

    strict_models: bool = False
    """Whether a request for a model that is not installed is refused, where another could stand in for it."""

    allow_private_urls: bool = False
    """Whether webhooks and sources may be at private and loopback addresses, and webhooks without https that else
    need it: deAPI's, and a key's own for all its jobs. Others may be at plain http in any case."""

    fetch_urls: bool = False
    """Whether recordings are fetched from addresses that callers name. Off, nothing is ever fetched."""

    plan: str = "unlimited"
    """What a key may do that has no plan of its own: a name of the built-in plans, or of `plans`."""

    plans: Path | None = None
    """The operator's own plans (TOML): requests a minute and a day, unfinished jobs, characters of a text."""

    credit_price: float = Field(default=0.0, ge=0.0)
    """USD for a character of a plan, as deAPI's prices and balances are told. 0: everything is free."""

    keyless_characters: int = Field(default=0, ge=0)
    """Characters a day that an address may have spoken by TTS.ai's free models without a key. 0: none."""

    repeat_seconds: int = Field(default=86_400, ge=60)
    """How long an Idempotency-Key stands for its first request."""

    watermark: bool = False
    """Whether cloned and changed voices get an inaudible watermark, where a request does not say."""

    speech_threads: int = Field(default=0, ge=0, le=256)
    """Jobs that the torch worker holds at once; one thread runs the model. 0: 16 on a CPU, 128 on a card."""

    transcription_threads: int = Field(default=4, ge=1, le=64)
    """Jobs that the transcription worker holds at once. One thread runs the model, on windows of all of them."""

    model_budget_bytes: int = Field(default=0, ge=0)
    """Memory for loaded models per worker process. 0: 80 % of what the device has free at the start."""

    compile_kernels: bool = True
    """Whether the torch worker compiles kernels, in a thread of its own. What it makes is kept in the data folder."""

    step_seconds: int = Field(default=6 * 3600, ge=10)
    """How long one step of a job may run. One that does not end by then fails, its worker with it where it must."""

    call_seconds: int = Field(default=900, ge=60)
    """How long one call of a model may go without a sign of life. All jobs of its worker wait behind it, so the worker
    gives them back and ends."""

    worker_memory_bytes: int = Field(default=0, ge=0)
    """Resident memory at which a worker gives all its steps back and starts anew. 0: 90 % of the machine's."""

    grace_seconds: float = Field(default=5.0, ge=1)
    """How long a worker that is stopped may go on with the segment at hand."""

    hang_seconds: float = Field(default=60.0, ge=0)
    """How long a process of `voxhall up` may show no sign of life before it is ended and started anew. 0: for ever."""

    heartbeat_file: Path | None = None
    """What this process touches each second while it lives; the supervisor gives each of its own one."""

    lease_seconds: float = Field(default=15.0, ge=1, le=LONGEST_LEASE - 60)
    """How long a step stays with a silent worker."""

    segment_seconds: int = Field(default=3600, ge=60)
    """How long rendered segments outlive their job, for callers that still stream them."""

    keep_uploads_seconds: int = Field(default=0, ge=0)
    """How long uploads outlive their job. 0: as long as the job is kept."""

    keep_results_seconds: int = Field(default=0, ge=0)
    """How long result files outlive their job, which stays in lists. 0: as long as the job is kept."""

    keep_jobs_seconds: int = Field(default=0, ge=0)
    """How long ended jobs are kept with all that is theirs. 0: until they are deleted."""

    keep_usage_days: int = Field(default=0, ge=0)
    """How long usage is kept. 0: for ever."""

    worker_id: str = Field(default="", pattern=r"^[A-Za-z0-9._:@-]{0,80}$")
    """Name of this worker process in the ledger; the supervisor gives each start its own."""

    log_json: bool = False
    """Log lines as JSON instead of text."""

    @field_validator("allowed_hosts")
    @classmethod
    def _hosts_that_can_be(cls, hosts: str) -> str:
        """Else a value that fits no `Host` is found out by whoever is refused."""
        for host in filter(None, map(str.strip, hosts.split(","))):
            if not _HOST.fullmatch(host):
                raise ValueError(
                    f"`{host}` is no name that a request can have; write each whole, without scheme, path or pattern "
                    "(voice.example,other.example), or * for any"
                )
        return hosts

    @property
    def ledger_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'ledger.db'}"


def load_settings(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Settings from `environ` (the process's own by default); keyword arguments that are not None win.

    Raises:
        SettingsError: an unknown `VOXHALL_*` name, or a value that is out of range.
    """
    environ = os.environ if environ is None else environ
    given: dict[str, Any] = {
        name.removeprefix(PREFIX).lower(): value for name, value in environ.items() if name.startswith(PREFIX)
    }
    unknown = sorted(set(given) - set(Settings.model_fields))
    if unknown:
        names = ", ".join(PREFIX + name.upper() for name in unknown)
        raise SettingsError(f"Unknown setting {names}. `voxhall doctor --settings` lists the known ones.")
    given = {name: value for name, value in given.items() if value}
    given |= {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        problem = error.errors()[0]
        name = PREFIX + str(problem["loc"][0]).upper()
        raise SettingsError(f"{name}: {problem['msg'].removeprefix('Value error, ')}.") from error


def environment(settings: Settings) -> dict[str, str]:
    """The `VOXHALL_*` variables from which a child process reads these same settings."""
    variables = {}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            value = value.get_secret_value()
        if value is not None and value != "":
            variables[PREFIX + name.upper()] = str(value.resolve() if isinstance(value, Path) else value)
    return variables

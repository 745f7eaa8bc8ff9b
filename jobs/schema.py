"""Tables of the ledger. Times are seconds since the epoch (float), as every worker's clock gives them."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
)

keys = Table(
    "keys",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(100), nullable=False),
    Column("hint", String(16), nullable=False),
    Column("digest", String(64), nullable=False, unique=True),
    Column("created_at", Float, nullable=False),
    Column("revoked_at", Float),
    # A name of `jobs.plans`; null: the server's own.
    Column("plan", String(40)),
    # Characters that were ever granted; null: unlimited.
    Column("credits", BigInteger),
    Column("credits_used", BigInteger, nullable=False, server_default="0"),
    # Jobs that have not ended, counted as they come and go (`jobs.admission`).
    Column("unfinished", Integer, nullable=False, server_default="0"),
)

pronunciations = Table(
    "pronunciations",
    metadata,
    Column("key_id", String(32), ForeignKey("keys.id"), primary_key=True),
    Column("words", JSON, nullable=False),
)

voices = Table(
    "voices",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("key_id", String(32), ForeignKey("keys.id"), nullable=False),
    Column("name", String(100), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("shared", Boolean, nullable=False),
    Column("details", JSON, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("archived_at", Float),
    UniqueConstraint("key_id", "name"),
)

batches = Table(
    "batches",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("key_id", String(32), ForeignKey("keys.id"), nullable=False),
    Column("dialect", String(20), nullable=False),
    Column("total", Integer, nullable=False),
    # Places of those that were not taken, and why; null: not all of it is in yet.
    Column("refused", JSON),
    Column("webhook", JSON),
    Column("created_at", Float, nullable=False),
    Column("finished_at", Float),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("key_id", String(32), ForeignKey("keys.id"), nullable=False),
    Column("dialect", String(20), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("spec", JSON, nullable=False),
    Column("state", String(10), nullable=False),
    Column("interactive", Boolean, nullable=False),
    Column("progress", Float, nullable=False, default=0.0),
    Column("result", JSON),
    Column("error_code", String(40)),
    Column("error_message", Text),
    Column("created_at", Float, nullable=False),
    Column("started_at", Float),
    Column("finished_at", Float),
    # Characters that were charged for it.
    Column("credits", BigInteger, nullable=False, server_default="0"),
    # `jobs.webhooks.Webhook`, where its end is to be announced.
    Column("webhook", JSON),
    Column("batch_id", String(32)),
    Column("batch_position", Integer),
    # W3C `traceparent` of the request that made it, where traces are on.
    Column("trace", String(64)),
    # When its result files went; the job itself stays.
    Column("expired_at", Float),
    Index(None, "key_id", "created_at"),
    Index(None, "batch_id"),
    Index(None, "state", "finished_at"),
)

steps = Table(
    "steps",
    metadata,
    Column("job_id", String(32), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("queue", String(20), nullable=False),
    Column("state", String(10), nullable=False),
    # What the claim sorts by, copied from the job so that a claim reads one index.
    Column("interactive", Boolean, nullable=False),
    Column("key_id", String(32), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("alone", Boolean, nullable=False, default=False),
    Column("deaths", Integer, nullable=False, default=0),
    Column("worker", String(80)),
    Column("lease", String(32)),
    Column("lease_expires_at", Float),
    Index(None, "queue", "state", "interactive", "created_at"),
    Index(None, "state", "lease_expires_at"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("key_id", String(32), ForeignKey("keys.id"), nullable=False),
    # One of the two: what is announced.
    Column("job_id", String(32), ForeignKey("jobs.id", ondelete="CASCADE")),
    Column("batch_id", String(32), ForeignKey("batches.id", ondelete="CASCADE")),
    Column("event", String(40), nullable=False),
    Column("webhook", JSON, nullable=False),
    # waiting, sending, delivered, failed, disabled
    Column("state", String(10), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Float, nullable=False),
    Column("lease", String(32)),
    Column("lease_expires_at", Float),
    Column("created_at", Float, nullable=False),
    Column("finished_at", Float),
    Index(None, "state", "due_at"),
    Index(None, "job_id"),
    Index(None, "batch_id"),
    Index(None, "key_id", "created_at"),
)

delivery_attempts = Table(
    "delivery_attempts",
    metadata,
    Column("delivery_id", String(32), ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("seconds", Float, nullable=False),
    # The receiver's HTTP status, or why there is none.
    Column("status", Integer),
    Column("error", String(200)),
)

webhook_accounts = Table(
    "webhook_accounts",
    metadata,
    Column("key_id", String(32), ForeignKey("keys.id"), primary_key=True),
    # Where the jobs of this key are announced that name no URL themselves.
    Column("url", Text),
    Column("secret", String(255)),
    # What links in the announcements begin with.
    Column("base_url", Text),
    # Deliveries in a row that were given up.
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("disabled_at", Float),
)

repeats = Table(
    "repeats",
    metadata,
    Column("key_id", String(32), ForeignKey("keys.id"), primary_key=True),
    # The caller's Idempotency-Key.
    Column("once", String(255), primary_key=True),
    Column("digest", String(64), nullable=False),
    # The job or the batch that the first request made.
    Column("made", String(32), nullable=False),
    Column("created_at", Float, nullable=False),
    Index(None, "created_at"),
    Index(None, "made"),
)

usage = Table(
    "usage",
    metadata,
    Column("key_id", String(32), ForeignKey("keys.id"), primary_key=True),
    # UTC, `2026-11-21`.
    Column("day", String(10), primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("jobs", Integer, nullable=False),
    Column("characters", BigInteger, nullable=False),
    Column("audio_seconds", Float, nullable=False),
    Column("device_seconds", Float, nullable=False),
    Column("credits", BigInteger, nullable=False),
)

# How many jobs have ended, also of those that are deleted by now. By key, so that a job's end locks nothing new.
ended_jobs = Table(
    "ended_jobs",
    metadata,
    Column("key_id", String(32), ForeignKey("keys.id"), primary_key=True),
    Column("dialect", String(20), primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("state", String(10), primary_key=True),
    Column("jobs", BigInteger, nullable=False),
)

consents = Table(
    "consents",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("key_id", String(32), ForeignKey("keys.id"), nullable=False),
    Column("name", String(100), nullable=False),
    Column("language", String(40), nullable=False),
    Column("details", JSON, nullable=False),
    Column("created_at", Float, nullable=False),
)

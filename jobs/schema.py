"""Tables of the ledger. Times are seconds since the epoch (float), as every worker's clock gives them."""

from sqlalchemy import (
    JSON,
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
    Index(None, "key_id", "created_at"),
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

"""The traces of jobs, how many have ended, and when their result files went."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

COUNTED = """
INSERT INTO ended_jobs (key_id, dialect, kind, state, jobs)
SELECT key_id, dialect, kind, state, count(*) FROM jobs
WHERE state IN ('succeeded', 'failed', 'canceled') GROUP BY key_id, dialect, kind, state
"""

UNFINISHED = """
UPDATE keys SET unfinished = (
    SELECT count(*) FROM jobs WHERE jobs.key_id = keys.id AND jobs.state IN ('queued', 'running')
)
"""


def upgrade() -> None:
    op.add_column("jobs", sa.Column("trace", sa.String(64), nullable=True))
    op.add_column("jobs", sa.Column("expired_at", sa.Float(), nullable=True))
    _ended_jobs()
    op.add_column("keys", sa.Column("unfinished", sa.Integer(), nullable=False, server_default="0"))
    op.execute(UNFINISHED)


def downgrade() -> None:
    op.drop_column("keys", "unfinished")
    op.drop_table("ended_jobs")
    op.drop_column("jobs", "expired_at")
    op.drop_column("jobs", "trace")


def _ended_jobs() -> None:
    op.create_table(
        "ended_jobs",
        sa.Column("key_id", sa.String(32), sa.ForeignKey("keys.id"), primary_key=True),
        sa.Column("dialect", sa.String(20), primary_key=True),
        sa.Column("kind", sa.String(20), primary_key=True),
        sa.Column("state", sa.String(10), primary_key=True),
        sa.Column("jobs", sa.BigInteger(), nullable=False),
    )
    op.execute(COUNTED)

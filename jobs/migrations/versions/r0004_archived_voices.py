"""Voices that their owners have put aside."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("voices", sa.Column("archived_at", sa.Float(), nullable=True))


def downgrade() -> None:
    op.drop_column("voices", "archived_at")

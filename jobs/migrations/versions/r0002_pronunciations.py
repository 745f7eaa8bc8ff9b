"""Pronunciations of each key."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pronunciations",
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["keys.id"], name=op.f("fk_pronunciations_key_id")),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_pronunciations")),
    )


def downgrade() -> None:
    op.drop_table("pronunciations")

"""What was asked for under which key, so that nothing rings twice; how often somebody dialled today."""

import sqlalchemy as sa
from alembic import op

from ami_bridge.db.tables import UtcTime, Words

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "keys",
        sa.Column("login", Words, nullable=False),
        sa.Column("key", Words, nullable=False),
        sa.Column("what", sa.LargeBinary, nullable=False),
        sa.Column("id", Words, nullable=False),
        sa.Column("begun", UtcTime, nullable=False),
        sa.Column("done", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("login", "key", name="pk_keys"),
    )
    op.create_index("ix_keys_begun", "keys", ["begun"])
    op.create_table(
        "dialled",
        sa.Column("id", Words, nullable=False),
        sa.Column("login", Words, nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_dialled"),
    )
    op.create_index("ix_dialled_at", "dialled", ["at"])

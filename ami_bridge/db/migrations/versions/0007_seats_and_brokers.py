"""Who sits where, brokers of terminal servers, and the language that people wish."""

import sqlalchemy as sa
from alembic import op

from ami_bridge.db.tables import UtcTime, Words

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "seatings",
        sa.Column("seat", Words, nullable=False),
        sa.Column("login", Words, nullable=False),
        sa.Column("since", UtcTime, nullable=False),
        sa.Column("until", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("seat", name="pk_seatings"),
        sa.UniqueConstraint("login", name="uq_seatings_login"),
    )
    op.create_table(
        "brokers",
        sa.Column("id", Words, nullable=False),
        sa.Column("name", Words, nullable=False),
        sa.Column("source", Words, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("created", UtcTime, nullable=False),
        sa.Column("last_used", UtcTime),
        sa.PrimaryKeyConstraint("id", name="pk_brokers"),
        sa.UniqueConstraint("hash", name="uq_brokers_hash"),
    )
    op.add_column("tokens", sa.Column("broker", Words))
    op.create_index("ix_tokens_broker", "tokens", ["broker"])
    op.add_column("settings", sa.Column("language", Words))

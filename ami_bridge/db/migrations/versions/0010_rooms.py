"""Conference rooms and their PINs."""

import sqlalchemy as sa
from alembic import op

from ami_bridge.db.tables import UtcTime, Words

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "rooms",
        sa.Column("id", Words, nullable=False),
        sa.Column("pbx_id", Words, nullable=False),
        sa.Column("number", Words, nullable=False),
        sa.Column("title", Words, nullable=False),
        sa.Column("owner", Words, nullable=False),
        sa.Column("department", Words),
        sa.Column("kind", Words, nullable=False),
        sa.Column("language", Words, nullable=False),
        sa.Column("starts", UtcTime),
        sa.Column("ends", UtcTime),
        sa.Column("opens", UtcTime),
        sa.Column("closes", UtcTime),
        sa.Column("most", sa.Integer, nullable=False),
        sa.Column("waits", sa.Boolean, nullable=False),
        sa.Column("recording", sa.Boolean, nullable=False),
        sa.Column("created", UtcTime, nullable=False),
        sa.Column("ended_at", UtcTime),
        sa.PrimaryKeyConstraint("id", name="pk_rooms"),
    )
    op.create_index("ix_rooms_owner", "rooms", ["owner"])
    op.create_index("ix_rooms_ended_at", "rooms", ["ended_at"])
    op.create_index(
        "uq_rooms_live_number", "rooms", ["pbx_id", "number"], unique=True,
        sqlite_where=sa.text("ended_at IS NULL"), postgresql_where=sa.text("ended_at IS NULL"),
    )  # fmt: skip
    op.create_table(
        "pins",
        sa.Column("id", Words, nullable=False),
        sa.Column("room", Words, nullable=False),
        sa.Column("digits", Words, nullable=False),
        sa.Column("role", Words, nullable=False),
        sa.Column("login", Words),
        sa.Column("name", Words, nullable=False),
        sa.Column("created", UtcTime, nullable=False),
        sa.Column("revoked_at", UtcTime),
        sa.PrimaryKeyConstraint("id", name="pk_pins"),
        sa.ForeignKeyConstraint(["room"], ["rooms.id"], name="fk_pins_room_rooms", ondelete="CASCADE"),
    )
    op.create_index("ix_pins_room", "pins", ["room"])

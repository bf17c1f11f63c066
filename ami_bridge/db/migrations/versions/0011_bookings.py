"""Appointments that are conferences."""

import sqlalchemy as sa
from alembic import op

from ami_bridge.db.tables import UtcTime, Words

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "bookings",
        sa.Column("calendar", Words, nullable=False),
        sa.Column("uid", Words, nullable=False),
        sa.Column("href", Words, nullable=False),
        sa.Column("etag", Words, nullable=False),
        sa.Column("room", Words),
        sa.Column("state", Words, nullable=False),
        sa.Column("ends", UtcTime),
        sa.Column("wanted", Words, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("due", UtcTime),
        sa.Column("starts", UtcTime),
        sa.Column("calls", sa.JSON, nullable=False),
        sa.Column("seen_at", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("calendar", "uid", name="pk_bookings"),
    )
    op.create_table(
        "booking_calendars",
        sa.Column("calendar", Words, nullable=False),
        sa.Column("token", Words),
        sa.Column("compared", UtcTime),
        sa.PrimaryKeyConstraint("calendar", name="pk_booking_calendars"),
    )

"""Events of alarms that their source gave an id, so that none is heard twice."""

import sqlalchemy as sa
from alembic import op

from ami_bridge.db.columns import UtcTime, Words

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "alarm_events",
        sa.Column("source", Words, nullable=False),
        sa.Column("event", Words, nullable=False),
        sa.Column("alarm", Words, nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("source", "event", name="pk_alarm_events"),
    )
    op.create_index("ix_alarm_events_at", "alarm_events", ["at"])

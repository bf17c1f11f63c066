"""Reports that may be told again count once: what the PBX noted of calls to alarm numbers."""

import sqlalchemy as sa
from alembic import op

from ami_bridge.db.columns import UtcTime, Words

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "alarm_once",
        sa.Column("name", Words, nullable=False),
        sa.Column("taken_at", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_alarm_once"),
    )
    op.create_index("ix_alarm_once_taken_at", "alarm_once", ["taken_at"])

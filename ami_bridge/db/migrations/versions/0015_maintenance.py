"""Sources at which work is done, whose alarms ring nobody until it ends."""

import sqlalchemy as sa
from alembic import op

from ami_bridge.db.columns import UtcTime, Words

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "maintenance",
        sa.Column("source", Words, nullable=False),
        sa.Column("since", UtcTime, nullable=False),
        sa.Column("until", UtcTime, nullable=False),
        sa.Column("urgent", sa.Boolean, nullable=False),
        sa.Column("reason", Words, nullable=False),
        sa.Column("by", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("source", name="pk_maintenance"),
    )

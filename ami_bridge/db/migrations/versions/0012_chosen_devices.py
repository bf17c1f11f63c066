"""Which of their telephones people have chosen to ring first."""

import sqlalchemy as sa
from alembic import op

from ami_bridge.db.tables import Words

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "chosen_devices",
        sa.Column("login", Words, nullable=False),
        sa.Column("device", Words, nullable=False),
        sa.PrimaryKeyConstraint("login", name="pk_chosen_devices"),
    )

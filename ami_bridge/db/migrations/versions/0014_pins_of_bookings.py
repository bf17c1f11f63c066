"""Which PINs an appointment gave, so that who is taken off it loses theirs."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("bookings", sa.Column("pins", sa.JSON, nullable=False, server_default="[]"))

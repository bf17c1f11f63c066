"""What people have of their own: groups, accounts for their address books, wishes, and who a number is to them."""

import sqlalchemy as sa
from alembic import op

from ami_bridge.db.tables import UtcTime, Words

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("people", sa.Column("groups", sa.JSON, nullable=False, server_default="[]"))
    op.create_table(
        "accounts",
        sa.Column("login", Words, nullable=False),
        sa.Column("id", Words, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("given", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("login", name="pk_accounts"),
    )
    op.create_table(
        "settings",
        sa.Column("login", Words, nullable=False),
        sa.Column("private_on_display", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("login", name="pk_settings"),
    )
    op.create_table(
        "choices",
        sa.Column("login", Words, nullable=False),
        sa.Column("number", Words, nullable=False),
        sa.Column("ref", Words, nullable=False),
        sa.PrimaryKeyConstraint("login", "number", name="pk_choices"),
    )

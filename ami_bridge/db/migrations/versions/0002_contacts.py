"""Contacts can be searched, desk phones have credentials; all books are fetched anew, to fill what is new."""

import sqlalchemy as sa
from alembic import op

from ami_bridge.db.tables import UtcTime, Words

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("contacts", sa.Column("folded", Words, nullable=False, server_default=""))
    op.execute("UPDATE contacts SET etag = NULL")
    op.execute("UPDATE books SET sync_token = NULL, ctag = NULL")
    op.create_table(
        "devices",
        sa.Column("name", Words, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("pbx_id", Words, nullable=False),
        sa.Column("extension", Words),
        sa.Column("private", sa.Boolean, nullable=False),
        sa.Column("created", UtcTime, nullable=False),
        sa.Column("last_used", UtcTime),
        sa.PrimaryKeyConstraint("name", name="pk_devices"),
    )

"""Searching reads an index instead of whole contacts, already in the order of names."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_index("ix_contacts_folded_book", "contacts", ["folded", "book"])

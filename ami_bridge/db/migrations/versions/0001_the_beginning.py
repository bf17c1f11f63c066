"""People, tokens, sessions, journal, address books."""

import sqlalchemy as sa
from alembic import op

from ami_bridge.db.tables import UtcTime, Words

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "people",
        sa.Column("login", Words, nullable=False),
        sa.Column("name", Words, nullable=False),
        sa.Column("email", Words),
        sa.Column("department", Words),
        sa.Column("extensions", sa.JSON, nullable=False),
        sa.Column("roles", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("login", name="pk_people"),
    )
    op.create_table(
        "tokens",
        sa.Column("id", Words, nullable=False),
        sa.Column("login", Words, nullable=False),
        sa.Column("name", Words, nullable=False),
        sa.Column("host", Words),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("created", UtcTime, nullable=False),
        sa.Column("last_used", UtcTime),
        sa.Column("expires", UtcTime, nullable=False),
        sa.Column("revoked_at", UtcTime),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("hash", name="uq_tokens_hash"),
    )
    op.create_index("ix_tokens_login", "tokens", ["login"])
    op.create_table(
        "sessions",
        sa.Column("id", Words, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("login", Words, nullable=False),
        sa.Column("created", UtcTime, nullable=False),
        sa.Column("expires", UtcTime, nullable=False),
        sa.Column("last_used", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("hash", name="uq_sessions_hash"),
    )
    op.create_index("ix_sessions_login", "sessions", ["login"])
    op.create_table(
        "journal",
        sa.Column("id", Words, nullable=False),
        sa.Column("call_id", Words, nullable=False),
        sa.Column("pbx_id", Words, nullable=False),
        sa.Column("extension", Words, nullable=False),
        sa.Column("direction", Words, nullable=False),
        sa.Column("result", Words, nullable=False),
        sa.Column("peer_number", Words),
        sa.Column("line", Words),
        sa.Column("started_at", UtcTime, nullable=False),
        sa.Column("answered_at", UtcTime),
        sa.Column("ended_at", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_journal"),
    )
    op.create_index("ix_journal_ended_at", "journal", ["ended_at"])
    op.create_index("ix_journal_pbx_id_extension_started_at", "journal", ["pbx_id", "extension", "started_at"])
    op.create_index("ix_journal_extension_started_at", "journal", ["extension", "started_at"])
    op.create_table(
        "books",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("path", Words, nullable=False),
        sa.Column("label", Words, nullable=False),
        sa.Column("scope", Words, nullable=False),
        sa.Column("sync_token", Words),
        sa.Column("ctag", Words),
        sa.PrimaryKeyConstraint("id", name="pk_books"),
        sa.UniqueConstraint("path", name="uq_books_path"),
    )
    op.create_table(
        "contacts",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("book", sa.Integer, nullable=False),
        sa.Column("href", Words, nullable=False),
        sa.Column("etag", Words),
        sa.Column("uid", Words),
        sa.Column("fn", Words),
        sa.Column("org", Words),
        sa.Column("kind", Words),
        sa.PrimaryKeyConstraint("id", name="pk_contacts"),
        sa.ForeignKeyConstraint(["book"], ["books.id"], name="fk_contacts_book", ondelete="CASCADE"),
    )
    op.create_index("ix_contacts_book_href", "contacts", ["book", "href"], unique=True)
    op.create_table(
        "numbers",
        sa.Column("contact", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("e164", Words),
        sa.Column("raw", Words, nullable=False),
        sa.Column("type", Words),
        sa.PrimaryKeyConstraint("contact", "position", name="pk_numbers"),
        sa.ForeignKeyConstraint(["contact"], ["contacts.id"], name="fk_numbers_contact", ondelete="CASCADE"),
    )
    op.create_index("ix_numbers_e164", "numbers", ["e164"])

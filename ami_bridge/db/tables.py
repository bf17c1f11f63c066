"""All tables, written once for SQLite and PostgreSQL."""

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table, false

from ami_bridge.db import (
    columns,
    tables_alarms,  # noqa: F401 - they are in the metadata
)

SCHEMA = "0017"
"""Revision of the newest migration; a start compares it without loading Alembic."""

metadata = columns.metadata
UtcTime = columns.UtcTime
Words = columns.Words

people = Table(
    "people",
    metadata,
    Column("login", Words, primary_key=True),
    Column("name", Words, nullable=False),
    Column("email", Words),
    Column("department", Words),
    Column("extensions", JSON, nullable=False),
    Column("roles", JSON, nullable=False),
    Column("groups", JSON, nullable=False, server_default="[]"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Words, primary_key=True),
    Column("login", Words, nullable=False, index=True),
    Column("name", Words, nullable=False),
    Column("host", Words),
    Column("scopes", JSON, nullable=False),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("created", UtcTime, nullable=False),
    Column("last_used", UtcTime),
    Column("expires", UtcTime, nullable=False),
    Column("revoked_at", UtcTime),
    Column("broker", Words, index=True),
)

brokers = Table(
    "brokers",
    metadata,
    Column("id", Words, primary_key=True),
    Column("name", Words, nullable=False),
    Column("source", Words, nullable=False),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("created", UtcTime, nullable=False),
    Column("last_used", UtcTime),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Words, primary_key=True),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("login", Words, nullable=False, index=True),
    Column("created", UtcTime, nullable=False),
    Column("expires", UtcTime, nullable=False),
    Column("last_used", UtcTime, nullable=False),
)

journal = Table(
    "journal",
    metadata,
    Column("id", Words, primary_key=True),
    Column("call_id", Words, nullable=False),
    Column("pbx_id", Words, nullable=False),
    Column("extension", Words, nullable=False),
    Column("direction", Words, nullable=False),
    Column("role", Words, nullable=False, server_default="callee"),
    Column("result", Words, nullable=False),
    Column("peer_number", Words),
    Column("line", Words),
    Column("started_at", UtcTime, nullable=False),
    Column("answered_at", UtcTime),
    Column("ended_at", UtcTime, nullable=False, index=True),
    Column("login", Words),
    Column("department", Words),
    Column("note", Words),
    Column("private", Boolean, nullable=False, server_default=false()),
    Column("done_by", Words),
    Column("done_at", UtcTime),
    Column("rev", Integer, nullable=False, server_default="1"),
    Index(None, "call_id", "extension"),
    Index(None, "login", "started_at"),
    Index(None, "department", "started_at"),
    Index(None, "peer_number", "started_at"),
)

notices = Table(
    "notices",
    metadata,
    Column("id", Words, primary_key=True),
    Column("pbx_id", Words, nullable=False),
    Column("call_id", Words, nullable=False),
    Column("department", Words, nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("due", UtcTime, nullable=False, index=True),
    Column("tries", Integer, nullable=False),
    Index(None, "call_id", "department", unique=True),
)
"""Missed calls that are to be told elsewhere; who called stands in the journal alone."""

audit = Table(
    "audit",
    metadata,
    Column("id", Words, primary_key=True),
    Column("at", UtcTime, nullable=False, index=True),
    Column("who", Words, nullable=False),
    Column("did", Words, nullable=False),
    Column("whose", Words, nullable=False),
    Column("how", Words, nullable=False),
)
"""Who looked at what of others. Triggers refuse to change or delete what stands there."""

books = Table(
    "books",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("path", Words, nullable=False, unique=True),
    Column("label", Words, nullable=False),
    Column("scope", Words, nullable=False),
    Column("sync_token", Words),
    Column("ctag", Words),
    Column("packed_as", Integer),
    Column("read_as", Words),
)

contacts = Table(
    "contacts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("book", ForeignKey("books.id", ondelete="CASCADE"), nullable=False),
    Column("href", Words, nullable=False),
    Column("etag", Words),
    Column("uid", Words),
    Column("fn", Words),
    Column("org", Words),
    Column("kind", Words),
    Column("folded", Words, nullable=False, server_default=""),
    Column("numbers", LargeBinary),
    Index(None, "book", "href", unique=True),
    Index(None, "folded", "book"),
)

parts = Table(
    "parts",
    metadata,
    Column("book", ForeignKey("books.id", ondelete="CASCADE"), primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

devices = Table(
    "devices",
    metadata,
    Column("name", Words, primary_key=True),
    Column("hash", LargeBinary, nullable=False),
    Column("pbx_id", Words, nullable=False),
    Column("extension", Words),
    Column("private", Boolean, nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("last_used", UtcTime),
)

accounts = Table(
    "accounts",
    metadata,
    Column("login", Words, primary_key=True),
    Column("id", Words, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("given", UtcTime, nullable=False),
)

settings = Table(
    "settings",
    metadata,
    Column("login", Words, primary_key=True),
    Column("private_on_display", Boolean, nullable=False),
    Column("language", Words),
)

seatings = Table(
    "seatings",
    metadata,
    Column("seat", Words, primary_key=True),
    Column("login", Words, nullable=False, unique=True),
    Column("since", UtcTime, nullable=False),
    Column("until", UtcTime, nullable=False),
)

chosen_devices = Table(
    "chosen_devices",
    metadata,
    Column("login", Words, primary_key=True),
    Column("device", Words, nullable=False),
)

choices = Table(
    "choices",
    metadata,
    Column("login", Words, primary_key=True),
    Column("number", Words, primary_key=True),
    Column("ref", Words, nullable=False),
)

keys = Table(
    "keys",
    metadata,
    Column("login", Words, primary_key=True),
    Column("key", Words, primary_key=True),
    Column("what", LargeBinary, nullable=False),
    Column("id", Words, nullable=False),
    Column("begun", UtcTime, nullable=False, index=True),
    Column("done", Boolean, nullable=False),
)

dialled = Table(
    "dialled",
    metadata,
    Column("id", Words, primary_key=True),
    Column("login", Words, nullable=False),
    Column("at", UtcTime, nullable=False, index=True),
)

rooms = Table(
    "rooms",
    metadata,
    Column("id", Words, primary_key=True),
    Column("pbx_id", Words, nullable=False),
    Column("number", Words, nullable=False),
    Column("title", Words, nullable=False),
    Column("owner", Words, nullable=False, index=True),
    Column("department", Words),
    Column("kind", Words, nullable=False),
    Column("language", Words, nullable=False),
    Column("starts", UtcTime),
    Column("ends", UtcTime),
    Column("opens", UtcTime),
    Column("closes", UtcTime),
    Column("most", Integer, nullable=False),
    Column("waits", Boolean, nullable=False),
    Column("recording", Boolean, nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("ended_at", UtcTime, index=True),
)
Index(
    "uq_rooms_live_number",
    rooms.c.pbx_id,
    rooms.c.number,
    unique=True,
    sqlite_where=rooms.c.ended_at.is_(None),
    postgresql_where=rooms.c.ended_at.is_(None),
)

pins = Table(
    "pins",
    metadata,
    Column("id", Words, primary_key=True),
    Column("room", ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("digits", Words, nullable=False),
    Column("role", Words, nullable=False),
    Column("login", Words),
    Column("name", Words, nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("revoked_at", UtcTime),
)

bookings = Table(
    "bookings",
    metadata,
    Column("calendar", Words, primary_key=True),
    Column("uid", Words, primary_key=True),
    Column("href", Words, nullable=False),
    Column("etag", Words, nullable=False),
    Column("room", Words),
    Column("state", Words, nullable=False),
    Column("ends", UtcTime),
    Column("wanted", Words, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due", UtcTime),
    Column("starts", UtcTime),
    Column("calls", JSON, nullable=False),
    Column("pins", JSON, nullable=False, server_default="[]"),
    Column("seen_at", UtcTime, nullable=False),
)

booking_calendars = Table(
    "booking_calendars",
    metadata,
    Column("calendar", Words, primary_key=True),
    Column("token", Words),
    Column("compared", UtcTime),
)

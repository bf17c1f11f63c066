"""The tables of alarms, written once for SQLite and PostgreSQL."""

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table

from ami_bridge.db.columns import UtcTime, Words, metadata

PLAIN = JSON(none_as_null=True)
"""Structs as they are; a None is the database's own null."""

alarms = Table(
    "alarms",
    metadata,
    Column("id", Words, primary_key=True),
    Column("turn", Integer, nullable=False),
    *(Column(name, Words, nullable=False) for name in ("source", "dedup", "point", "plant", "text")),
    Column("values", PLAIN, nullable=False),
    Column("raw", Words, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("alarm_class", Words, nullable=False),
    Column("sound", Words, nullable=False),
    *(Column(name, Boolean, nullable=False) for name in ("test", "active", "latched")),
    Column("raised_at", UtcTime, nullable=False),
    Column("event_time", UtcTime),
    Column("returned_at", UtcTime),
    Column("last_at", UtcTime, nullable=False),
    Column("count", Integer, nullable=False),
    Column("changes", PLAIN, nullable=False),
    Column("flutters", Boolean, nullable=False),
    Column("taken_over", PLAIN),
    Column("acknowledged", PLAIN),
    Column("acknowledged_until", UtcTime),
    Column("reminded_at", UtcTime),
    Column("reset", PLAIN),
    Column("overlay", Words, nullable=False),
    Column("overlay_until", UtcTime),
    Column("overlay_by", PLAIN),
    Column("overlay_reason", Words, nullable=False),
    Column("bundle", Words, index=True),
    Column("bundled", Integer, nullable=False),
    Column("plan", PLAIN, nullable=False),
    Column("round", Integer, nullable=False),
    Column("step", Integer, nullable=False),
    Column("round_at", UtcTime),
    Column("targets", PLAIN, nullable=False),
    Column("last_resort", Boolean, nullable=False),
    Column("next_at", UtcTime),
    Column("why", Words, nullable=False),
    Column("cleared_call", Words, nullable=False),
    Column("closed_at", UtcTime, index=True),
)
_OPEN = alarms.c.closed_at.is_(None)
Index(
    "uq_alarms_open_source_dedup",
    alarms.c.source,
    alarms.c.dedup,
    unique=True,
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)
Index("ix_alarms_open_next_at", alarms.c.next_at, sqlite_where=_OPEN, postgresql_where=_OPEN)
Index("ix_alarms_source_raised_at", alarms.c.source, alarms.c.raised_at)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Words, primary_key=True),
    Column("alarm", ForeignKey("alarms.id", ondelete="CASCADE"), nullable=False, index=True),
    *(Column(name, Words, nullable=False) for name in ("login", "name", "destination", "path", "purpose", "code")),
    Column("state", Words, nullable=False),
    Column("claimed_at", UtcTime, nullable=False),
    Column("deadline", UtcTime, nullable=False),
    Column("talking_at", UtcTime),
    Column("ended_at", UtcTime),
    Column("outcome", Words),
    *(Column(name, Words, nullable=False) for name in ("cause", "tech")),
)
_LIVE = attempts.c.ended_at.is_(None)
Index(
    "uq_attempts_live_alarm_destination",
    attempts.c.alarm,
    attempts.c.destination,
    unique=True,
    sqlite_where=_LIVE,
    postgresql_where=_LIVE,
)

early_ends = Table(
    "early_ends",
    metadata,
    Column("source", Words, primary_key=True),
    Column("dedup", Words, primary_key=True),
    Column("event_time", UtcTime, nullable=False),
    Column("received", UtcTime, nullable=False, index=True),
)
"""Ends that came before their beginning did."""

alarm_events = Table(
    "alarm_events",
    metadata,
    Column("source", Words, primary_key=True),
    Column("event", Words, primary_key=True),
    Column("alarm", Words, nullable=False),
    Column("at", UtcTime, nullable=False, index=True),
)
"""Events that their source gave an id, and which alarm they were about: heard again they change nothing."""

alarm_log = Table(
    "alarm_log",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False, index=True),
    Column("actor", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("alarm", Words, index=True),
    Column("attempt", Words),
    *(Column(name, Words, nullable=False) for name in ("data", "prev", "hash")),
)
"""What was done about alarms. Triggers refuse to change or delete what stands there; each line has the hash of the one
before."""

alarm_log_head = Table(
    "alarm_log_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", Integer, nullable=False),
    Column("hash", Words, nullable=False),
    Column("first_seq", Integer, nullable=False),
    Column("first_prev", Words, nullable=False),
)
"""Where the log ends, and where what is still kept of it begins."""

alarm_outbox = Table(
    "alarm_outbox",
    metadata,
    Column("id", Words, primary_key=True),
    Column("output", Words, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("due", UtcTime, nullable=False, index=True),
    Column("tries", Integer, nullable=False),
)
"""What is to be told by mail or elsewhere, until it is told."""

leases = Table(
    "leases",
    metadata,
    Column("name", Words, primary_key=True),
    Column("holder", Words, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("beat_at", UtcTime, nullable=False),
)
"""Which instance does what only one may do."""

alarm_once = Table(
    "alarm_once",
    metadata,
    Column("name", Words, primary_key=True),
    Column("taken_at", UtcTime, nullable=False, index=True),
)
"""Reports that may be told again, and count the first time only: notes of the PBX."""

heartbeats = Table(
    "heartbeats",
    metadata,
    Column("source", Words, primary_key=True),
    Column("armed_at", UtcTime, nullable=False),
    Column("beat_at", UtcTime),
    Column("missing_since", UtcTime),
)
"""Sources that show that they live; armed when they are made, not by their first sign."""

maintenance = Table(
    "maintenance",
    metadata,
    Column("source", Words, primary_key=True),
    Column("since", UtcTime, nullable=False),
    Column("until", UtcTime, nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("reason", Words, nullable=False),
    Column("by", PLAIN, nullable=False),
)
"""Sources at which work is done: their alarms are kept and ring nobody, until it ends."""

rota_copies = Table(
    "rota_copies",
    metadata,
    Column("calendar", Words, primary_key=True),
    Column("content", Words, nullable=False),
    Column("read_at", UtcTime, nullable=False),
    Column("trouble", Words, nullable=False),
    Column("trouble_since", UtcTime),
)
"""The last good copy of each duty calendar."""

alarm_tests = Table(
    "alarm_tests",
    metadata,
    Column("id", Words, primary_key=True),
    Column("kind", Words, nullable=False),
    Column("started_at", UtcTime, nullable=False, index=True),
    Column("ends_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("who", PLAIN, nullable=False),
    Column("started_by", PLAIN),
    Column("text", Words, nullable=False),
)

alarm_test_people = Table(
    "alarm_test_people",
    metadata,
    Column("test", ForeignKey("alarm_tests.id", ondelete="CASCADE"), primary_key=True),
    Column("login", Words, primary_key=True),
    Column("destination", Words, primary_key=True),
    Column("name", Words, nullable=False),
    Column("attempt", Words),
    *(Column(name, UtcTime) for name in ("tried_at", "connected_at", "heard_at", "confirmed_at")),
    Column("outcome", Words),
)
"""Whom a test was to reach, on which way, and how far it came."""

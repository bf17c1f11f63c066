"""Alarms: what they are, whom they ring, what was done, and the log that is only added to."""

import sqlalchemy as sa
from alembic import op

from ami_bridge.db.columns import UtcTime, Words

revision = "0013"
down_revision = "0012"

PLAIN = sa.JSON(none_as_null=True)
OPEN = sa.text("closed_at IS NULL")
LIVE = sa.text("ended_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "alarms",
        sa.Column("id", Words, nullable=False),
        sa.Column("turn", sa.Integer, nullable=False),
        *(sa.Column(name, Words, nullable=False) for name in ("source", "dedup", "point", "plant", "text")),
        sa.Column("values", PLAIN, nullable=False),
        *(sa.Column(name, Words, nullable=False) for name in ("raw",)),
        sa.Column("priority", sa.Integer, nullable=False),
        *(sa.Column(name, Words, nullable=False) for name in ("alarm_class", "sound")),
        *(sa.Column(name, sa.Boolean, nullable=False) for name in ("test", "active", "latched")),
        sa.Column("raised_at", UtcTime, nullable=False),
        sa.Column("event_time", UtcTime),
        sa.Column("returned_at", UtcTime),
        sa.Column("last_at", UtcTime, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("changes", PLAIN, nullable=False),
        sa.Column("flutters", sa.Boolean, nullable=False),
        sa.Column("taken_over", PLAIN),
        sa.Column("acknowledged", PLAIN),
        sa.Column("acknowledged_until", UtcTime),
        sa.Column("reminded_at", UtcTime),
        sa.Column("reset", PLAIN),
        *(sa.Column(name, Words, nullable=False) for name in ("overlay",)),
        sa.Column("overlay_until", UtcTime),
        sa.Column("overlay_by", PLAIN),
        *(sa.Column(name, Words, nullable=False) for name in ("overlay_reason",)),
        sa.Column("bundle", Words),
        sa.Column("bundled", sa.Integer, nullable=False),
        sa.Column("plan", PLAIN, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("round_at", UtcTime),
        sa.Column("targets", PLAIN, nullable=False),
        sa.Column("last_resort", sa.Boolean, nullable=False),
        sa.Column("next_at", UtcTime),
        *(sa.Column(name, Words, nullable=False) for name in ("why", "cleared_call")),
        sa.Column("closed_at", UtcTime),
        sa.PrimaryKeyConstraint("id", name="pk_alarms"),
    )
    op.create_index("ix_alarms_bundle", "alarms", ["bundle"])
    op.create_index("ix_alarms_closed_at", "alarms", ["closed_at"])
    op.create_index("ix_alarms_source_raised_at", "alarms", ["source", "raised_at"])
    op.create_index(
        "uq_alarms_open_source_dedup",
        "alarms",
        ["source", "dedup"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_index("ix_alarms_open_next_at", "alarms", ["next_at"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_table(
        "attempts",
        sa.Column("id", Words, nullable=False),
        sa.Column("alarm", Words, nullable=False),
        *(
            sa.Column(name, Words, nullable=False)
            for name in ("login", "name", "destination", "path", "purpose", "code", "state")
        ),
        sa.Column("claimed_at", UtcTime, nullable=False),
        sa.Column("deadline", UtcTime, nullable=False),
        sa.Column("talking_at", UtcTime),
        sa.Column("ended_at", UtcTime),
        sa.Column("outcome", Words),
        *(sa.Column(name, Words, nullable=False) for name in ("cause", "tech")),
        sa.ForeignKeyConstraint(["alarm"], ["alarms.id"], name="fk_attempts_alarm", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
    )
    op.create_index("ix_attempts_alarm", "attempts", ["alarm"])
    op.create_index(
        "uq_attempts_live_alarm_destination",
        "attempts",
        ["alarm", "destination"],
        unique=True,
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    )
    op.create_table(
        "early_ends",
        sa.Column("source", Words, nullable=False),
        sa.Column("dedup", Words, nullable=False),
        sa.Column("event_time", UtcTime, nullable=False),
        sa.Column("received", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("source", "dedup", name="pk_early_ends"),
    )
    op.create_index("ix_early_ends_received", "early_ends", ["received"])
    _log()
    _others()


def _log() -> None:
    op.create_table(
        "alarm_log",
        sa.Column("seq", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("at", UtcTime, nullable=False),
        *(sa.Column(name, Words, nullable=False) for name in ("actor", "kind")),
        sa.Column("alarm", Words),
        sa.Column("attempt", Words),
        *(sa.Column(name, Words, nullable=False) for name in ("data", "prev", "hash")),
        sa.PrimaryKeyConstraint("seq", name="pk_alarm_log"),
    )
    op.create_index("ix_alarm_log_at", "alarm_log", ["at"])
    op.create_index("ix_alarm_log_alarm", "alarm_log", ["alarm"])
    op.create_table(
        "alarm_log_head",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("hash", Words, nullable=False),
        sa.Column("first_seq", sa.Integer, nullable=False),
        sa.Column("first_prev", Words, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alarm_log_head"),
    )
    for statement in REFUSE_SQLITE if op.get_bind().dialect.name == "sqlite" else REFUSE_POSTGRESQL:
        op.execute(statement)


def _others() -> None:
    op.create_table(
        "alarm_outbox",
        sa.Column("id", Words, nullable=False),
        sa.Column("output", Words, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("created", UtcTime, nullable=False),
        sa.Column("due", UtcTime, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alarm_outbox"),
    )
    op.create_index("ix_alarm_outbox_due", "alarm_outbox", ["due"])
    op.create_table(
        "leases",
        sa.Column("name", Words, nullable=False),
        sa.Column("holder", Words, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("beat_at", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
    op.create_table(
        "heartbeats",
        sa.Column("source", Words, nullable=False),
        sa.Column("armed_at", UtcTime, nullable=False),
        sa.Column("beat_at", UtcTime),
        sa.Column("missing_since", UtcTime),
        sa.PrimaryKeyConstraint("source", name="pk_heartbeats"),
    )
    op.create_table(
        "rota_copies",
        sa.Column("calendar", Words, nullable=False),
        sa.Column("content", Words, nullable=False),
        sa.Column("read_at", UtcTime, nullable=False),
        sa.Column("trouble", Words, nullable=False),
        sa.Column("trouble_since", UtcTime),
        sa.PrimaryKeyConstraint("calendar", name="pk_rota_copies"),
    )
    op.create_table(
        "alarm_tests",
        sa.Column("id", Words, nullable=False),
        sa.Column("kind", Words, nullable=False),
        sa.Column("started_at", UtcTime, nullable=False),
        sa.Column("ends_at", UtcTime, nullable=False),
        sa.Column("ended_at", UtcTime),
        sa.Column("who", PLAIN, nullable=False),
        sa.Column("started_by", PLAIN),
        sa.Column("text", Words, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alarm_tests"),
    )
    op.create_index("ix_alarm_tests_started_at", "alarm_tests", ["started_at"])
    op.create_table(
        "alarm_test_people",
        sa.Column("test", Words, nullable=False),
        sa.Column("login", Words, nullable=False),
        sa.Column("destination", Words, nullable=False),
        sa.Column("name", Words, nullable=False),
        sa.Column("attempt", Words),
        *(sa.Column(name, UtcTime) for name in ("tried_at", "connected_at", "heard_at", "confirmed_at")),
        sa.Column("outcome", Words),
        sa.ForeignKeyConstraint(["test"], ["alarm_tests.id"], name="fk_alarm_test_people_test", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("test", "login", "destination", name="pk_alarm_test_people"),
    )


REFUSE_SQLITE = (
    (
        "CREATE TRIGGER alarm_log_no_update BEFORE UPDATE ON alarm_log "
        "BEGIN SELECT RAISE(ABORT, 'the log of alarms is only added to'); END"
    ),
    (
        "CREATE TRIGGER alarm_log_no_delete BEFORE DELETE ON alarm_log "
        "WHEN OLD.at > strftime('%Y-%m-%d %H:%M:%f', 'now', '-90 days') "
        "BEGIN SELECT RAISE(ABORT, 'the log of alarms is only added to'); END"
    ),
)
REFUSE_POSTGRESQL = (
    (
        "CREATE FUNCTION alarm_log_is_only_added_to() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF TG_OP = 'DELETE' AND OLD.at < now() - interval '90 days' THEN RETURN OLD; END IF; "
        "RAISE EXCEPTION 'the log of alarms is only added to'; END $$"
    ),
    (
        "CREATE TRIGGER alarm_log_no_change BEFORE UPDATE OR DELETE ON alarm_log "
        "FOR EACH ROW EXECUTE FUNCTION alarm_log_is_only_added_to()"
    ),
    (
        "CREATE FUNCTION alarm_log_is_not_emptied() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the log of alarms is only added to'; END $$"
    ),
    (
        "CREATE TRIGGER alarm_log_no_truncate BEFORE TRUNCATE ON alarm_log "
        "FOR EACH STATEMENT EXECUTE FUNCTION alarm_log_is_not_emptied()"
    ),
)

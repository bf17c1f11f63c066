"""Missed calls that are told elsewhere; who looked at the journals of others, in a table that only grows."""

import sqlalchemy as sa
from alembic import op

from ami_bridge.db.tables import UtcTime, Words

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_index("ix_journal_peer_number_started_at", "journal", ["peer_number", "started_at"])
    op.create_table(
        "notices",
        sa.Column("id", Words, nullable=False),
        sa.Column("pbx_id", Words, nullable=False),
        sa.Column("call_id", Words, nullable=False),
        sa.Column("department", Words, nullable=False),
        sa.Column("created", UtcTime, nullable=False),
        sa.Column("due", UtcTime, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
    )
    op.create_index("ix_notices_due", "notices", ["due"])
    op.create_index("ix_notices_call_id_department", "notices", ["call_id", "department"], unique=True)
    op.create_table(
        "audit",
        sa.Column("id", Words, nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        *(sa.Column(name, Words, nullable=False) for name in ("who", "did", "whose", "how")),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_at", "audit", ["at"])
    refuse = REFUSE_SQLITE if op.get_bind().dialect.name == "sqlite" else REFUSE_POSTGRESQL
    for statement in refuse:
        op.execute(statement)


REFUSE_SQLITE = (
    (
        "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit "
        "BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END"
    ),
    (
        "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit "
        "WHEN OLD.at > strftime('%Y-%m-%d %H:%M:%f', 'now', '-1 year') "
        "BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END"
    ),
)
REFUSE_POSTGRESQL = (
    (
        "CREATE FUNCTION audit_is_only_added_to() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF TG_OP = 'DELETE' AND OLD.at < now() - interval '1 year' THEN RETURN OLD; END IF; "
        "RAISE EXCEPTION 'the audit log is only added to'; END $$"
    ),
    (
        "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit "
        "FOR EACH ROW EXECUTE FUNCTION audit_is_only_added_to()"
    ),
    (
        "CREATE FUNCTION audit_is_not_emptied() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit log is only added to'; END $$"
    ),
    (
        "CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_not_emptied()"
    ),
)

"""The journal knows whose call it was, of which department, what was noted and who called back."""

import json

import sqlalchemy as sa
from alembic import op

from ami_bridge.db.tables import UtcTime, Words

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    for column in (
        sa.Column("role", Words, nullable=False, server_default="callee"),
        sa.Column("login", Words),
        sa.Column("department", Words),
        sa.Column("note", Words),
        sa.Column("private", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("done_by", Words),
        sa.Column("done_at", UtcTime),
        sa.Column("rev", sa.Integer, nullable=False, server_default="1"),
    ):
        op.add_column("journal", column)
    op.drop_index("ix_journal_pbx_id_extension_started_at", "journal")
    op.drop_index("ix_journal_extension_started_at", "journal")
    for columns in (("call_id", "extension"), ("login", "started_at"), ("department", "started_at")):
        op.create_index(f"ix_journal_{'_'.join(columns)}", "journal", list(columns))
    op.execute("UPDATE journal SET role = 'caller' WHERE direction = 'out'")
    _give_to_their_owners()


def _give_to_their_owners() -> None:
    """Give kept calls to whose extension it is now, where that is one person; the others are nobody's.

    To a department they are not given: nobody was told that it would read them.
    """
    connection = op.get_bind()
    journal = sa.table("journal", sa.column("extension"), sa.column("login"))
    owners: dict[str, list[str]] = {}
    for person in connection.execute(sa.text("SELECT login, extensions FROM people")):
        extensions = json.loads(person.extensions) if isinstance(person.extensions, str) else person.extensions
        for extension in extensions:
            owners.setdefault(extension, []).append(person.login)
    for extension, logins in owners.items():
        if len(logins) == 1:
            connection.execute(sa.update(journal).where(journal.c.extension == extension).values(login=logins[0]))

"""Numbers stand with their contact, and names also in packed parts that are read in a moment at the start."""

import msgspec
import sqlalchemy as sa
from alembic import op

from ami_bridge.db.tables import Words

revision = "0004"
down_revision = "0003"
AT_ONCE = 1_000


def upgrade() -> None:
    op.add_column("books", sa.Column("packed_as", sa.Integer))
    op.add_column("books", sa.Column("read_as", Words))
    op.add_column("contacts", sa.Column("numbers", sa.LargeBinary))
    op.create_table(
        "parts",
        sa.Column("book", sa.Integer, nullable=False),
        sa.Column("part", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("book", "part", name="pk_parts"),
        sa.ForeignKeyConstraint(["book"], ["books.id"], name="fk_parts_book", ondelete="CASCADE"),
    )
    _move_numbers()
    op.drop_index("ix_numbers_e164", "numbers")
    op.drop_table("numbers")


def _move_numbers() -> None:
    """Put each contact's numbers into its own row, so that names stay even if the groupware is away now."""
    connection = op.get_bind()
    contacts = sa.table("contacts", sa.column("id"), sa.column("numbers", sa.LargeBinary))
    rows = connection.execute(sa.text("SELECT contact, e164, raw, type FROM numbers ORDER BY contact, position"))
    found: dict[int, list[list[object]]] = {}
    for row in rows:
        of_it = [row.raw, row.e164, None if row.e164 else row.raw, row.type or "other", 0, "bare"]
        found.setdefault(row.contact, []).append(of_it)
    values = [{"of": contact, "its": msgspec.msgpack.encode(its)} for contact, its in found.items()]
    change = sa.update(contacts).where(contacts.c.id == sa.bindparam("of")).values(numbers=sa.bindparam("its"))
    for at in range(0, len(values), AT_ONCE):
        connection.execute(change, values[at : at + AT_ONCE])

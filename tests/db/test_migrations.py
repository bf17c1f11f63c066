"""What was kept by an older version is there in the newer one."""

import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, select

from ami_bridge.contacts.index import Index
from ami_bridge.contacts.parts import unpack
from ami_bridge.contacts.store import ContactStore
from ami_bridge.db.database import open_database
from ami_bridge.db.schema import MIGRATIONS
from ami_bridge.db.tables import journal


def old_database(path: Path, revision: str) -> None:
    """Make a database as an older version left it."""
    engine = create_engine(f"sqlite:///{path}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


async def test_names_survive_the_move_of_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "bridge.sqlite"
    old_database(path, "0003")
    with sqlite3.connect(path) as file:
        file.execute(
            "INSERT INTO books (id, path, label, scope, sync_token) VALUES (1, 'stadt', 'Stadt', 'shared', 't')"
        )
        file.execute(
            "INSERT INTO contacts (id, book, href, etag, fn, kind) VALUES (7, 1, '/a', 'e', 'Anna', 'individual')"
        )
        file.execute(
            "INSERT INTO contacts (id, book, href, etag, fn, kind) VALUES (8, 1, '/b', 'e', 'Ben', 'individual')"
        )
        file.execute(
            "INSERT INTO numbers VALUES (7, 0, '+493023125001', '030 23125001', 'work'), (7, 1, NULL, '188', NULL)"
        )
    file.close()
    async with open_database(f"sqlite://{path}") as db:
        store, index = ContactStore(db), Index()
        book = (await store.books())["stadt"]
        async for part in store.parts(book):
            unpack(part, index, "Stadt")
        assert {number: name.name for number, name in index} == {"+493023125001": "Anna", "188": "Anna"}
        assert book.read_as is None  # so that everything is fetched anew
        assert await store.etags(book.id) == {"/a": "e", "/b": "e"}


async def test_kept_calls_belong_to_whose_extension_it_is_where_that_is_one_person(tmp_path: Path) -> None:
    path = tmp_path / "bridge.sqlite"
    old_database(path, "0005")
    with sqlite3.connect(path) as file:
        file.execute(
            "INSERT INTO people (login, name, department, extensions, roles) VALUES "
            """('anna', 'Anna', 'Bürgerbüro', '["101", "150"]', '[]'), ('ben', 'Ben', NULL, '["150"]', '[]')"""
        )
        for extension, direction in (("101", "in"), ("101", "out"), ("150", "in"), ("109", "in")):
            file.execute(
                "INSERT INTO journal (id, call_id, pbx_id, extension, direction, result, started_at, ended_at) VALUES "
                "(:id, 'C', 'town', :extension, :direction, 'answered', '2026-11-21 12:00:00', '2026-11-21 12:01:00')",
                {"id": f"{extension}-{direction}", "extension": extension, "direction": direction},
            )
    file.close()
    async with open_database(f"sqlite://{path}") as db:
        rows = await db.rows(select(journal).order_by(journal.c.id))
    assert [(row.id, row.login, row.department, row.role) for row in rows] == [
        ("101-in", "anna", None, "callee"),
        ("101-out", "anna", None, "caller"),
        ("109-in", None, None, "callee"),
        ("150-in", None, None, "callee"),
    ]
    assert all((row.private, row.note, row.done_at, row.rev) == (False, None, None, 1) for row in rows)

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import insert

from ami_bridge.db.database import migrate, open_database
from ami_bridge.db.schema import MIGRATIONS
from ami_bridge.db.tables import SCHEMA, metadata, people
from ami_bridge.errors import ConfigError
from tests.db.test_database import ANNA, url


def pretend_schema(tmp_path: Path, revision: str) -> None:
    with sqlite3.connect(tmp_path / "data" / "bridge.sqlite") as file:
        file.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    file.close()


async def test_the_migrations_lead_to_exactly_the_tables_of_the_code(tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415
    from alembic.migration import MigrationContext  # noqa: PLC0415
    from sqlalchemy import create_engine  # noqa: PLC0415

    await migrate(url(tmp_path))
    engine = create_engine(f"sqlite:///{tmp_path}/data/bridge.sqlite")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_the_newest_migration_is_the_one_that_a_start_expects() -> None:
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == SCHEMA


async def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    await migrate(url(tmp_path))
    pretend_schema(tmp_path, "9999")
    with pytest.raises(ConfigError, match="newer ami-bridge"):
        async with open_database(url(tmp_path)):
            pass


async def test_an_older_schema_is_copied_before_it_is_migrated(tmp_path: Path) -> None:
    """The migration fails here, since its tables exist: then the file must be as it was, and the copy stands."""
    async with open_database(url(tmp_path)) as db:
        await db.run(insert(people).values(ANNA))
    with sqlite3.connect(tmp_path / "data" / "bridge.sqlite") as file:
        file.execute("DELETE FROM alembic_version")
        file.execute("INSERT INTO alembic_version VALUES ('0000')")
    file.close()
    before = (tmp_path / "data" / "bridge.sqlite").read_bytes()
    for _ in range(2):  # the second time there is a copy already
        with pytest.raises(Exception, match="0000"):
            async with open_database(url(tmp_path)):
                pass
    assert (tmp_path / "data" / "bridge.sqlite").read_bytes() == before
    with sqlite3.connect(tmp_path / "data" / f"bridge.sqlite.before-{SCHEMA}") as copy:
        assert copy.execute("SELECT name FROM people").fetchall() == [("Anna",)]
    copy.close()


async def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "bridge.sqlite").write_bytes(b"something else, of some length" * 100)
    with pytest.raises(ConfigError, match="cannot be used"):
        async with open_database(url(tmp_path)):
            pass
    assert (tmp_path / "data" / "bridge.sqlite").read_bytes().startswith(b"something else")

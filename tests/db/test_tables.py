from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Dialect, make_url

from ami_bridge.db.tables import UtcTime, Words, metadata

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
BERLIN = timezone(timedelta(hours=1))


SQLITE: Dialect = make_url("sqlite://").get_dialect()()
POSTGRESQL: Dialect = make_url("postgresql+asyncpg://").get_dialect()()


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL])
def test_a_time_is_kept_as_utc(dialect: Dialect) -> None:
    kept = UtcTime().process_bind_param(NOON.astimezone(BERLIN), dialect)
    assert kept is not None
    assert kept.replace(tzinfo=UTC) == NOON
    assert UtcTime().process_result_value(kept, dialect) == NOON
    with pytest.raises(ValueError, match="zone"):
        UtcTime().process_bind_param(NOON.replace(tzinfo=None), dialect)


def test_words_lose_what_not_every_database_can_keep() -> None:
    assert Words().process_bind_param("a\0b\ud800ü", SQLITE) == "ab?ü"


def test_every_table_with_an_extension_or_a_call_says_on_which_pbx() -> None:
    for table in metadata.tables.values():
        if {"extension", "call_id"} & set(table.c.keys()):
            assert "pbx_id" in table.c

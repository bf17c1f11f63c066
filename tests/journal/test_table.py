"""The journal as a spreadsheet reads it: all columns, and nothing that calculates."""

import csv
import io
from collections.abc import AsyncIterator, Iterable

from msgspec import structs

from ami_bridge import wire
from ami_bridge.journal.table import COLUMNS, MARK, table
from tests.journal.test_missed import entry


async def each(entries: Iterable[wire.Entry]) -> AsyncIterator[wire.Entry]:
    for one in entries:
        yield one


async def rows(*entries: wire.Entry) -> list[dict[str, str]]:
    text = await table(each(entries))
    assert text.startswith(MARK)
    return list(csv.DictReader(io.StringIO(text.removeprefix(MARK))))


async def test_every_call_is_a_line() -> None:
    whole = structs.replace(
        entry(1, done="Ben"), note='said "yes", twice;\nthen no', private=True, extension="101",
        line=wire.Line(exten="200", label="Bürgerbüro"),
    )  # fmt: skip
    assert await rows() == []
    one, other = await rows(whole, entry(2, wire.Peer()))
    assert tuple(one) == COLUMNS
    assert (one["number"], one["display"], one["name"], one["org"]) == (
        "+493023125001",
        "030 23125001",
        "Huber",
        "Bäckerei",
    )
    assert (one["note"], one["private"], one["done_by"], one["line"]) == (whole.note, "1", "Ben", "Bürgerbüro")
    assert one["started_at"] == "2026-11-21T12:01:00+00:00"
    assert (other["number"], other["name"], other["answered_at"], other["done_at"]) == ("", "", "", "")


async def test_no_name_and_no_note_calculates_anything() -> None:
    for hostile in ('=HYPERLINK("http://x")', "+1+1", "-2", "@SUM(A1)", "\t=1", "\r=1"):
        (one,) = await rows(
            structs.replace(entry(1, wire.Peer(name=hostile, org=hostile, display=hostile)), note=hostile)
        )
        for column in ("name", "org", "display", "note"):
            assert one[column].startswith("'")

"""One's own journal as a table for a spreadsheet (RFC 4180)."""

import csv
import io
from collections.abc import AsyncIterator

from ami_bridge import wire

COLUMNS = (
    "started_at", "answered_at", "ended_at", "direction", "role", "result", "number", "display", "name", "org", "line",
    "extension", "note", "private", "done_by", "done_at",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet calculate instead of showing."""
MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""Without it in front, spreadsheets take UTF-8 for something else."""


async def table(entries: AsyncIterator[wire.Entry]) -> str:
    """Write all of them, a line each, below the names of the columns."""
    text = io.StringIO()
    text.write(MARK)
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    async for entry in entries:
        writer.writerow(_line(entry))
    return text.getvalue()


def _line(entry: wire.Entry) -> list[str]:
    times = (entry.started_at, entry.answered_at, entry.ended_at)
    return [
        *("" if time is None else time.isoformat() for time in times),
        entry.direction,
        entry.role,
        entry.result,
        entry.peer.number or "",  # a plus and digits: nothing to calculate
        *map(_text, (entry.peer.display, entry.peer.name, entry.peer.org, entry.line.label if entry.line else None)),
        entry.extension or "",
        _text(entry.note),
        "1" if entry.private else "0",
        _text(entry.done_by),
        "" if entry.done_at is None else entry.done_at.isoformat(),
    ]


def _text(text: str | None) -> str:
    """Return a text that somebody wrote so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text and text.startswith(FORMULA) else text or ""

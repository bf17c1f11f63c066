"""Missed calls by who called: what a person has to call back, each caller once. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from ami_bridge import wire


class Group(Struct, frozen=True, kw_only=True):
    """All missed calls from one number."""

    number: str | None
    """None for those who withheld theirs, who cannot be told apart."""
    display: str
    name: str | None
    org: str | None
    count: int
    first: datetime
    last: datetime
    ids: tuple[str, ...]
    """The entries, the newest first."""
    done_by: str | None
    """Who called back last; null as long as any of them is open."""
    done_at: datetime | None


def groups(entries: Iterable[wire.Entry]) -> list[Group]:
    """Put entries together by number, who called last first."""
    by_number: dict[str, list[wire.Entry]] = {}
    for entry in entries:
        by_number.setdefault(entry.peer.number or entry.peer.display, []).append(entry)
    found = [_group(sorted(several, key=lambda one: one.started_at, reverse=True)) for several in by_number.values()]
    return sorted(found, key=lambda group: group.last, reverse=True)


def _group(entries: Sequence[wire.Entry]) -> Group:
    newest = entries[0]
    done = max((entry for entry in entries if entry.done_at), key=lambda one: one.done_at or one.ended_at, default=None)
    over = done is not None and all(entry.done_at for entry in entries)
    return Group(
        number=newest.peer.number,
        display=newest.peer.display,
        name=newest.peer.name,
        org=newest.peer.org,
        count=len(entries),
        first=entries[-1].started_at,
        last=newest.started_at,
        ids=tuple(entry.id for entry in entries),
        done_by=done.done_by if done is not None and over else None,
        done_at=done.done_at if done is not None and over else None,
    )

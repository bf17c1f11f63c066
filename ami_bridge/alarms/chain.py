"""The chain of the log: each line has the hash of all before it, so that none can be lost or changed. Pure."""

from collections.abc import Iterable, Sequence
from datetime import UTC
from hashlib import sha256

import msgspec
from msgspec import structs

from ami_bridge.alarms.model import Chained, LogEntry

_sorted = msgspec.json.Encoder(order="sorted").encode


def data_of(entry: LogEntry) -> str:
    """Return what an entry carries besides, in its one form."""
    return _sorted(entry.data).decode()


def hash_of(entry: LogEntry, seq: int, prev: str) -> str:
    """Return the hash of a line: of the hash before it, and of its canonical JSON."""
    line = [
        seq, entry.at.astimezone(UTC).isoformat(timespec="microseconds"), entry.actor, entry.kind, entry.alarm,
        entry.attempt, data_of(entry),
    ]  # fmt: skip
    return sha256(prev.encode() + _sorted(line)).hexdigest()


def chained(entries: Sequence[LogEntry], seq: int, prev: str) -> list[Chained]:
    """Return entries with their numbers, chained to the one before, which has `seq` and the hash `prev`."""
    lines = []
    for number, entry in enumerate(entries, seq + 1):
        own = hash_of(entry, number, prev)
        lines.append(Chained(**structs.asdict(entry), seq=number, prev=prev, hash=own))
        prev = own
    return lines


def first_fault(lines: Iterable[Chained], *, seq: int, prev: str) -> int | None:
    """Return the number of the first line that is missing or changed, after one with `seq` and `prev`; None: none."""
    for line in lines:
        seq += 1
        if line.seq != seq or line.prev != prev or line.hash != hash_of(line, seq, prev):
            return seq
        prev = line.hash
    return None

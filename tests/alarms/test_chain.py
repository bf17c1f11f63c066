"""The chain of the log: what is changed, lost or put in is found."""

from datetime import UTC, datetime, timedelta

from msgspec import structs

from ami_bridge.alarms.chain import chained, first_fault
from ami_bridge.alarms.model import LogEntry

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ENTRIES = [LogEntry(at=NOON + timedelta(seconds=n), actor="engine", kind="rang", data={"n": n}) for n in range(5)]


def test_an_untouched_log_has_no_fault() -> None:
    lines = chained(ENTRIES[:2], 0, "")
    lines += chained(ENTRIES[2:], 2, lines[-1].hash)
    assert [line.seq for line in lines] == [1, 2, 3, 4, 5]
    assert first_fault(lines, seq=0, prev="") is None
    assert first_fault(lines[3:], seq=3, prev=lines[2].hash) is None


def test_a_line_that_was_changed_lost_or_moved_is_found() -> None:
    lines = chained(ENTRIES, 0, "")
    changed = [*lines[:2], structs.replace(lines[2], actor="somebody"), *lines[3:]]
    assert first_fault(changed, seq=0, prev="") == 3
    assert first_fault([*lines[:2], *lines[3:]], seq=0, prev="") == 3
    assert first_fault(lines[1:], seq=0, prev="") == 1
    forged = chained([structs.replace(ENTRIES[2], actor="somebody")], 2, lines[1].hash)
    assert first_fault([*lines[:2], *forged, *lines[3:]], seq=0, prev="") == 4

"""The queue of alarms that want a decision, and the lines that calls take. In memory; the rows are the truth."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from msgspec import Struct

from ami_bridge.alarms.policy import is_inside
from ami_bridge.alarms.store import Due

Rank = tuple[int, int, int, datetime, datetime, str]
NEVER = datetime.min.replace(tzinfo=UTC)


class Line(Struct, kw_only=True):
    """A call under way, whatever its row says: the channel may outlive the acknowledgement."""

    destination: str
    path: str
    rank: Rank
    until: datetime
    """When it is believed to be gone if nobody says so."""
    talking: bool = False
    stopped: bool = False


def queue(due: Iterable[Due], called: Mapping[str, datetime]) -> list[tuple[Rank, str]]:
    """Return whose turn it is: by priority; the first of each plant before further ones; all-clear; tests (I11).

    Of the first ones that of the plant comes first about which somebody was `called` longest ago, or never: else a
    plant with many alarms would keep the telephone from call to call.
    """
    ordered = sorted(due, key=lambda one: (one.priority, one.raised_at, one.id))
    seen: set[tuple[int, str]] = set()
    ranked = []
    for one in ordered:
        kind = 2 if one.test else 1 if one.cleared_call == "due" else 0
        further = (one.priority, one.source) in seen
        seen.add((one.priority, one.source))
        before = called.get(one.source, NEVER)
        ranked.append(((kind, one.priority, int(further), before, one.raised_at, one.id), one.id))
    return sorted(ranked)


class Lines:
    """Which telephones and lines outside are in use by alarms."""

    def __init__(self, outside: int) -> None:
        """Count lines; `outside` is how many alarms may take."""
        self._outside = outside
        self._lines: dict[str, Line] = {}

    def take(self, attempt: str, line: Line) -> None:
        """Note that a call begins."""
        self._lines[attempt] = line

    def get(self, attempt: str) -> Line | None:
        """Return a call's line."""
        return self._lines.get(attempt)

    def leave(self, attempt: str) -> bool:
        """Note that a call is over; whether that frees something."""
        return self._lines.pop(attempt, None) is not None

    def expire(self, now: datetime) -> bool:
        """Forget what must be over by now."""
        old = [attempt for attempt, line in self._lines.items() if line.until <= now]
        for attempt in old:
            del self._lines[attempt]
        return bool(old)

    def clear(self) -> None:
        """Forget all of them."""
        self._lines.clear()

    def free(self, number: str, given: int = 0) -> bool:
        """Whether this number can be rung now, with so many lines outside given away already."""
        if any(line.destination == number for line in self._lines.values()):
            return False
        return is_inside(number) or self._outside_now() + given < self._outside

    def _outside_now(self) -> int:
        return sum(not is_inside(line.destination) for line in self._lines.values())

    def frees(self) -> Callable[[str, str], bool]:
        """Return `free` for one decision, which counts the lines outside that it has given away."""
        given = 0

        def free(number: str, _path: str) -> bool:
            nonlocal given
            if not self.free(number, given):
                return False
            given += not is_inside(number)
            return True

        return free

    def less_urgent(self, number: str, rank: Rank) -> str | None:
        """Return a call that rings where something more urgent must ring, and that may be ended for it."""
        found = [
            (line.rank, attempt)
            for attempt, line in self._lines.items()
            if not (line.talking or line.stopped) and line.rank[:2] > rank[:2]
            and (line.destination == number or not (is_inside(number) or is_inside(line.destination)))
        ]  # fmt: skip
        here = [one for one in found if self._lines[one[1]].destination == number]
        if not here and any(line.destination == number for line in self._lines.values()):
            return None  # the telephone itself is taken by something as urgent
        return max(here or found)[1] if found else None

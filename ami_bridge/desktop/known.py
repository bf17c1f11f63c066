"""The calls of a person as last told, and which of them were missed. Pure."""

from collections.abc import Iterable

from ami_bridge.wire import Call

REMEMBER = 200
FIRST = ("ringing", "dialing", "answered", "conference", "held", "parked", "queued")
"""Of a call that is seen at two extensions: which view says most."""


class Known:
    """Live calls by id and extension: somebody with two extensions may have one call twice."""

    def __init__(self) -> None:
        self._views: dict[tuple[str, str | None], Call] = {}
        self._taken: dict[str, None] = {}
        """Calls that the person took, or that are told already."""
        self._missed: dict[str, Call] = {}

    def replace(self, calls: Iterable[Call], *, same_epoch: bool) -> dict[str, str]:
        """Take the whole state; return which call of before is which one now, where a restart gave new ids."""
        before, self._views = self._views, {}
        for call in calls:
            self.apply(call)
        return {} if same_epoch else self._again(before.values())

    def apply(self, call: Call) -> None:
        """Take one call; what is older than what is known is nothing."""
        key = call.id, call.extension
        known = self._views.get(key)
        if known is not None and known.rev > call.rev:
            return
        if call.state != "ended":
            self._views[key] = call
            self._missed.pop(call.id, None)
            if call.role == "caller" or call.state not in {"ringing", "queued"}:
                self._take(call.id)
            return
        self._views.pop(key, None)
        if call.result in {"answered", "rejected", "transferred", "merged"} or call.answered_by is not None:
            self._take(call.id)
        if call.role == "callee" and call.result == "missed" and call.id not in self._taken:
            self._missed[call.id] = call

    def live(self) -> list[Call]:
        """Return the live calls, each once, the oldest first."""
        best: dict[str, Call] = {}
        for call in self._views.values():
            other = best.get(call.id)
            if other is None or _rank(call) < _rank(other):
                best[call.id] = call
        return sorted(best.values(), key=lambda call: call.since)

    def take_missed(self) -> list[Call]:
        """Return the calls that were missed since the last time, when no telephone of the person rings for them."""
        live = {call.id for call in self._views.values()}
        found = [call for call in self._missed.values() if call.id not in live and call.id not in self._taken]
        for call in found:
            del self._missed[call.id]
            self._take(call.id)
        return found

    def find(self, call_id: str) -> Call | None:
        """Return a live call."""
        return next((call for call in self.live() if call.id == call_id), None)

    def for_verb(self, verb: str) -> Call | None:
        """Return the newest call for which this is possible, those that ring first."""
        fitting = [call for call in self.live() if verb in call.actions]
        return max(fitting, key=lambda call: (call.state == "ringing", call.since), default=None)

    def _take(self, call_id: str) -> None:
        self._taken[call_id] = None
        if len(self._taken) > REMEMBER:
            del self._taken[next(iter(self._taken))]

    def _again(self, before: Iterable[Call]) -> dict[str, str]:
        """Find the calls of before among those of now by what did not change."""
        free = {call.id: _looks(call) for call in self._views.values()}
        found: dict[str, str] = {}
        for call in before:
            same = next((id_ for id_, looks in free.items() if looks == _looks(call)), None)
            if same is not None and call.id not in found:
                found[call.id] = same
                del free[same]
        return found


def _looks(call: Call) -> tuple[str | None, ...]:
    """Return what stays the same of a call when the daemon was restarted."""
    return call.pbx, call.role, call.extension, call.peer.number, call.line.exten if call.line else None


def _rank(call: Call) -> int:
    return FIRST.index(call.state) if call.state in FIRST else len(FIRST)

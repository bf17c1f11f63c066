"""Which legs are one call: those that share a Linkedid, and two calls from when they talk to each other. Pure."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime

from ami_bridge.calls.call import LiveCall
from ami_bridge.calls.leg import LiveLeg

OURS = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
"""A Linkedid that we gave, when we had somebody's telephone rung: it is the call's own id, across restarts too."""


class LinkedCalls:
    """All live calls of one PBX by their Linkedid, and how two become one. Only the board writes here."""

    def __init__(self, pbx: str, new_id: Callable[[datetime], str]) -> None:
        self._pbx = pbx
        self._new_id = new_id
        self._calls: dict[str, LiveCall] = {}
        self._aliases: dict[str, str] = {}
        """Linkedids of calls that became part of another one."""
        self._merged: list[LiveCall] = []

    def __iter__(self) -> Iterator[LiveCall]:
        return iter(list(self._calls.values()))

    def __len__(self) -> int:
        return len(self._calls)

    def of(self, live: LiveLeg) -> LiveCall:
        """Return the call of a leg that has not ended."""
        return self._calls[live.linked]

    def get(self, linked: str) -> LiveCall | None:
        """Return the call with this Linkedid."""
        return self._calls.get(linked)

    def by_id(self, id_: str) -> LiveCall | None:
        """Return the call with our own id."""
        return next((call for call in self._calls.values() if call.id == id_), None)

    def put(self, live: LiveLeg, linked: str, now: datetime) -> None:
        """Put a new leg into its call, which begins with it if there is none."""
        live.linked = linked = self.now_called(linked)
        call = self._calls.get(linked)
        if call is None:
            id_ = linked if OURS.fullmatch(linked) else self._new_id(now)
            call = self._calls[linked] = LiveCall(id_, self._pbx, linked, live.since)
        call.legs[live.id] = live

    def now_called(self, linked: str) -> str:
        """Return the Linkedid under which a call goes on that became part of another one."""
        return self._aliases.get(linked, linked)

    def move(self, live: LiveLeg, linked: str) -> None:
        """Put a leg into the call it belongs to now."""
        old = self._calls[live.linked]
        new = self._calls.get(linked)
        if new is None:  # nobody knows the new one: it is the same call under another name
            del self._calls[old.linked]
            self._calls[linked] = old
            self._alias(old.linked, linked)
            old.linked = linked
            for leg in old.legs.values():
                leg.linked = linked
            return
        if all(leg is live or leg.gone_at is not None for leg in old.legs.values()):
            self.merge(old, new)
            return
        del old.legs[live.id]
        new.legs[live.id] = live
        live.linked = linked
        live.joined = True
        if live.exten is not None:
            old.moved[live.exten] = new.id
        self._merged.append(old)

    def join(self, here: LiveCall, there: LiveCall) -> None:
        """Make one call of two that talk to each other now; Asterisk says so only with a later event."""
        if there is not here:
            old, new = (here, there) if there.since <= here.since else (there, here)
            self.merge(old, new)

    def merge(self, old: LiveCall, new: LiveCall) -> None:
        """Put all live legs of one call into another, older one; who is gone has had its part in the old one only."""
        for leg in [leg for leg in old.legs.values() if leg.gone_at is None]:
            del old.legs[leg.id]
            new.legs[leg.id] = leg
            leg.linked = new.linked
            leg.joined = True
        old.merged_into = new.id
        new.forwarder = new.forwarder or old.forwarder
        del self._calls[old.linked]
        self._alias(old.linked, new.linked)
        self._merged.append(old)

    def merged(self) -> list[LiveCall]:
        """Return, this once, the calls that gave legs to others and have not been looked at since."""
        merged, self._merged = self._merged, []
        return merged

    def free(self, call: LiveCall) -> None:
        """Forget a call that is over."""
        if self._calls.get(call.linked) is call:
            del self._calls[call.linked]
            for alias in [alias for alias, linked in self._aliases.items() if linked == call.linked]:
                del self._aliases[alias]

    def _alias(self, old: str, new: str) -> None:
        for alias, linked in self._aliases.items():
            if linked == old:
                self._aliases[alias] = new
        self._aliases[old] = new

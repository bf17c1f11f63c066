"""The calls going on at one PBX. Pure: events in, changed views out; nothing here waits.

Legs are keyed by Uniqueid and grouped by Linkedid, which may change with every event: two calls that are bridged become
the older one without an event of its own.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from itertools import islice
from typing import assert_never

from ami_bridge.calls.call import DECLINE, LiveCall
from ami_bridge.calls.events import (
    CallEvent,
    DialEnded,
    Dialled,
    Entered,
    Floor,
    Held,
    HintChanged,
    HungUp,
    InRoom,
    Left,
    Leg,
    LegEvent,
    LegNow,
    Originated,
    Parked,
    Queued,
    Renamed,
    Seen,
    Transferred,
)
from ami_bridge.calls.leg import LiveLeg, device
from ami_bridge.calls.view import View

REMEMBER_GONE = timedelta(minutes=1)
CALL_REJECTED = 21  # Q.850: the person pressed "reject"
MANY_LEGS = 32
PLUMBING = ("@bridge-store-", "@conf-say-")
"""Contexts whose Local channels are tools of ours, never calls."""


class Board:
    """All live calls of one PBX."""

    def __init__(self, pbx: str, *, hints_context: str, new_id: Callable[[datetime], str]) -> None:
        self.pbx = pbx
        self._hints_context = hints_context
        self._new_id = new_id
        self._extens: dict[str, str] = {}
        self._calls: dict[str, LiveCall] = {}
        self._aliases: dict[str, str] = {}
        """Linkedids of calls that became part of another one."""
        self._legs: dict[str, LiveLeg] = {}
        self._bridges: dict[str, dict[str, LiveLeg]] = {}
        self._gone: dict[str, datetime] = {}
        self._merging: list[LiveCall] = []

    def views(self, extensions: Iterable[str]) -> list[View]:
        """Return what these extensions' calls look like now."""
        wanted = set(extensions)
        return [
            view
            for call in self._calls.values()
            for exten, view in call.views.items()
            if exten in wanted and view.state != "ended"
        ]

    def counts(self) -> tuple[int, int]:
        """Return how many calls and legs are held in memory."""
        return len(self._calls), len(self._legs)

    def channels(self) -> list[str]:
        """Return the channels of all live legs."""
        return [leg.channel for leg in self._legs.values() if not leg.gone]

    def extension_of(self, channel: str) -> str | None:
        """Return the extension whose device this channel belongs to."""
        return self._extens.get(device(channel))

    def apply(self, event: CallEvent, now: datetime) -> list[View]:  # noqa: PLR0911 - one line a kind of event
        """Take in one event; return each view that looks different now."""
        match event:
            case HungUp(leg, cause, sip):
                return self._hang_up(leg, cause, sip, now)
            case Transferred(legs):
                return self._transfer(legs, now)
            case Renamed(id_, channel):
                return self._rename(id_, channel, now)
            case HintChanged(exten, context, devices):
                if context == self._hints_context:
                    self._hint(exten, devices)
                return []
            case Originated():
                return []
            case _:
                live = self._see(event.leg, now)
                if live is None:
                    return []
                before = live.bridge
                self._note(live, event, now)
                return self._look(live, now, before)

    def _note(self, live: LiveLeg, event: LegEvent, now: datetime) -> None:  # noqa: C901, PLR0912 - one case a kind of event
        """Write down what an event says about one leg."""
        match event:
            case Seen():
                pass
            case Dialled(_, by):
                live.dialled = by is not None
                live.originated = by is None
                live.by = None if by is None else self._see(by, now)
                forwarder = self._calls[live.linked].forwarder
                live.forwarded_by = None if forwarder is live else forwarder
            case DialEnded(_, status, forward, by):
                if status == "ANSWER" and by is not None and not live.dialled:
                    self._fetch(live, by, now)
                live.status = live.status or ("FORWARDED" if forward else status)
                if forward:
                    self._calls[live.linked].forwarder = live
            case Entered(_, bridge, talk):
                self._enter(live, bridge)
                if talk:
                    self._join(live)
            case Left(_, bridge):
                if live.bridge == bridge:
                    self._drop_from_bridge(live)
            case Held(_, on):
                live.holding = on
            case Parked(_, space, parker):
                live.parked_at, live.parker = space, self._extens.get(parker, "")
            case Queued(_, queue):
                live.queue = queue
            case InRoom(_, room):
                live.room = room
                if room is None:
                    self._drop_from_bridge(live)  # who leaves the room still stands in its bridge for a moment
            case _:
                assert_never(event)

    def replace(self, floor: Floor, now: datetime) -> list[View]:
        """Make the board what a snapshot says: keep the calls it knows, add what is new, end what is not in it."""
        self._extens = {one: exten for exten, devices in floor.hints.items() for one in devices}
        there = {one.leg.id for one in floor.legs}
        touched: dict[str, LiveLeg] = {}
        for leg in list(self._legs.values()):
            if leg.id not in there and not leg.gone:
                leg.end(now)
                leg.lost = True
                touched[leg.id] = leg
        self._bridges = {}
        for leg in self._legs.values():
            leg.bridge = None
        for one in sorted(floor.legs, key=lambda one: (one.leg.id != one.leg.linked, -one.seconds)):
            live = self._stand(one, now)
            if live is not None:
                touched[live.id] = live
        changed = {}
        for leg in touched.values():
            for view in self._look(leg, now):
                changed[view.call, view.extension] = view
        for call in list(self._calls.values()):
            self._free_if_over(call, now)
        return list(changed.values())

    def _stand(self, one: LegNow, now: datetime) -> LiveLeg | None:
        """Put one leg of a snapshot where it is."""
        live = self._see(one.leg, now, since=now - timedelta(seconds=one.seconds))
        if live is not None:
            live.room, live.queue = one.room, one.queue
            live.parked_at, live.parker = one.parked_at, self._extens.get(one.parker, "")
            if one.dialled and not live.dialled:
                live.dialled = True
                live.by = self._legs.get(one.leg.linked)
            if one.bridge:
                self._enter(live, one.bridge)
        return live

    def forget_all(self, now: datetime) -> list[View]:
        """End everything: the PBX has been restarted and none of these calls exists any more."""
        return self.replace(Floor(legs=(), hints=self._hints()), now)

    def _hints(self) -> dict[str, tuple[str, ...]]:
        hints: dict[str, tuple[str, ...]] = {}
        for one, exten in self._extens.items():
            hints[exten] = (*hints.get(exten, ()), one)
        return hints

    def _fetch(self, live: LiveLeg, by: Leg, now: datetime) -> None:
        """Give a leg that dialled the pickup code the call that rang elsewhere."""
        caller = self._see(by, now)
        if caller is None or caller is live:
            return
        live.dialled = True
        live.by = caller
        if caller.linked != live.linked:
            self._merge(self._calls[live.linked], self._calls[caller.linked])

    def _rename(self, id_: str, channel: str, now: datetime) -> list[View]:
        live = self._legs.get(id_)
        if live is None:
            return []
        self._name(live, channel)
        return self._look(live, now)

    def _hint(self, exten: str, devices: tuple[str, ...]) -> None:
        for one in [one for one, owner in self._extens.items() if owner == exten]:
            del self._extens[one]
        self._extens.update(dict.fromkeys(devices, exten))

    def _see(self, leg: Leg, now: datetime, since: datetime | None = None) -> LiveLeg | None:
        """Find or begin this leg and bring it up to date; None for what is over or is no call."""
        live = self._legs.get(leg.id)
        if live is None:
            if leg.id in self._gone or any(tool in leg.channel for tool in PLUMBING):
                return None
            live = self._legs[leg.id] = LiveLeg(leg, since or now)
            self._name(live, leg.channel)
            live.linked = linked = self._aliases.get(leg.linked, leg.linked)
            call = self._calls.get(linked)
            if call is None:
                call = self._calls[linked] = LiveCall(self._new_id(now), self.pbx, linked, live.since)
            call.legs[leg.id] = live
        elif live.gone_at is not None:
            return live
        else:
            linked = self._aliases.get(leg.linked, leg.linked)
            if linked != live.linked:
                self._move(live, linked)
            if live.channel != leg.channel:
                self._name(live, leg.channel)
        live.see(leg, now)
        return live

    def _name(self, live: LiveLeg, channel: str) -> None:
        """Note whose telephone a leg is; names of passing states of a masquerade tell nothing."""
        if channel.endswith(("<MASQ>", "<ZOMBIE>")):
            live.exten = None if channel.endswith("<ZOMBIE>") else live.exten
            return
        live.channel = channel
        live.local = channel.startswith("Local/")
        live.exten = self._extens.get(device(channel))

    def _move(self, live: LiveLeg, linked: str) -> None:
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
        del old.legs[live.id]
        new.legs[live.id] = live
        live.linked = linked
        old.merged_into = new.id
        self._merging.append(old)

    def _join(self, live: LiveLeg) -> None:
        """Make one call of two that talk to each other now; Asterisk says so only with a later event."""
        here = self._calls[live.linked]
        for one in self._bridges.get(live.bridge or "", {}).values():
            there = self._calls[one.linked]
            if there is not here:
                old, new = (here, there) if there.since <= here.since else (there, here)
                self._merge(old, new)
                return

    def _merge(self, old: LiveCall, new: LiveCall) -> None:
        """Put all legs of one call into another, older one."""
        for leg in old.legs.values():
            leg.linked = new.linked
            leg.joined = True
        new.legs |= old.legs
        old.legs = {}
        old.merged_into = new.id
        new.forwarder = new.forwarder or old.forwarder
        del self._calls[old.linked]
        self._alias(old.linked, new.linked)
        self._merging.append(old)

    def _alias(self, old: str, new: str) -> None:
        for alias, linked in self._aliases.items():
            if linked == old:
                self._aliases[alias] = new
        self._aliases[old] = new

    def _enter(self, live: LiveLeg, bridge: str) -> None:
        if live.gone:
            return
        if live.bridge != bridge:
            self._drop_from_bridge(live)
        live.bridge = bridge
        live.queue = None
        self._bridges.setdefault(bridge, {})[live.id] = live

    def _drop_from_bridge(self, live: LiveLeg) -> None:
        if live.bridge is None:
            return
        members = self._bridges.get(live.bridge, {})
        members.pop(live.id, None)
        if not members:
            self._bridges.pop(live.bridge, None)
        live.bridge = None

    def _transfer(self, legs: Iterable[Leg], now: datetime) -> list[View]:
        changed = []
        for leg in legs:
            live = self._see(leg, now)
            if live is not None:
                live.transferred = True
                self._calls[live.linked].forwarder = live
                changed += self._look(live, now)
        return changed

    def _hang_up(self, leg: Leg, cause: int, sip: int, now: datetime) -> list[View]:
        if leg.id not in self._legs:  # ended before we looked, or plumbing
            self._remember_gone(leg.id, now)
            return []
        live = self._see(leg, now)
        if live is None or live.gone:
            return []
        if not live.answered_at and (sip == DECLINE or cause == CALL_REJECTED):
            live.status = "DECLINED"
        live.end(now)
        before = live.bridge
        self._drop_from_bridge(live)
        call = self._calls[live.linked]
        changed = self._look(live, now, before)
        if len(call.legs) > MANY_LEGS:
            self._thin_out(call)
        self._free_if_over(call, now)
        return changed

    def _look(self, live: LiveLeg, now: datetime, left: str | None = None) -> list[View]:
        """See what changed in the views of this leg's call, of those it hears or heard, and of merged ones."""
        changed = self._calls[live.linked].changed_views(self._bridges, now)
        for bridge in {live.bridge, left} - {None}:
            members = self._bridges.get(bridge or "", {})
            for linked in {one.linked for one in members.values()} - {live.linked}:
                changed += self._calls[linked].changed_views(self._bridges, now)
        while self._merging:
            old = self._merging.pop()
            changed = old.changed_views(self._bridges, now) + changed
            self._free_if_over(old, now)
        return changed

    def _thin_out(self, call: LiveCall) -> None:
        """Forget, in a call that rings for hours in a queue, all but the newest of the legs that are gone."""
        keep = {leg.exten: leg.id for leg in call.legs.values() if leg.gone and leg.exten is not None}.values()
        for leg in [leg for leg in call.legs.values() if leg.gone and leg.id not in keep and not leg.answered_at]:
            del call.legs[leg.id]
            del self._legs[leg.id]

    def _free_if_over(self, call: LiveCall, now: datetime) -> None:
        if not call.over:
            return
        if self._calls.get(call.linked) is call:
            del self._calls[call.linked]
            for alias in [alias for alias, linked in self._aliases.items() if linked == call.linked]:
                del self._aliases[alias]
        for leg in call.legs.values():
            del self._legs[leg.id]
            self._remember_gone(leg.id, now)

    def _remember_gone(self, id_: str, now: datetime) -> None:
        """Events that come late must not bring a leg back to life."""
        self._gone[id_] = now
        for old, since in list(islice(self._gone.items(), 2)):
            if now - since > REMEMBER_GONE:
                del self._gone[old]

"""The calls going on at one PBX. Pure: events in, changed views out; nothing here waits.

Legs are keyed by Uniqueid and grouped by Linkedid, which may change with every event: two calls that are bridged become
the older one without an event of its own.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from itertools import islice
from typing import assert_never

from ami_bridge.calls.bridges import Bridges
from ami_bridge.calls.call import LiveCall
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
from ami_bridge.calls.hints import Hints
from ami_bridge.calls.leg import LiveLeg, device
from ami_bridge.calls.linked import LinkedCalls
from ami_bridge.calls.reach import Grip
from ami_bridge.calls.view import View

REMEMBER_GONE = timedelta(minutes=1)
DECLINE = 603  # SIP: likewise
CALL_REJECTED = 21  # Q.850: the person pressed "reject"
OWN_TELEPHONE = {16: "CANCEL", 17: "BUSY", 19: "NOANSWER"}
"""Q.850: for what nobody but us rings, DIALSTATUS says too little: a quick "busy" is CHANUNAVAIL now and then."""
NOWHERE = frozenset({1, 3})  # Q.850: there is no such number, or no way to it
MANY_LEGS = 32
HEARD_BY_OTHERS = frozenset({Entered, Left, Held, InRoom})
"""Events about one leg that change what others see, in calls of their own: in a room everybody has one."""
PLUMBING = ("@bridge-store-", "@bridge-dial-nowhere-", "@conf-say-")
"""Contexts whose Local channels are tools of ours, never calls."""


class Board:
    """All live calls of one PBX."""

    def __init__(self, pbx: str, *, hints_context: str, new_id: Callable[[datetime], str]) -> None:
        self.pbx = pbx
        self._hints_context = hints_context
        self._hints = Hints()
        self._calls = LinkedCalls(pbx, new_id)
        self._legs: dict[str, LiveLeg] = {}
        self._bridges = Bridges()
        self._gone: dict[str, datetime] = {}
        self.grip = Grip(self._calls, self._bridges)
        """What call control takes hold of."""

    def views(self, extensions: Iterable[str]) -> list[View]:
        """Return what these extensions' calls look like now."""
        wanted = set(extensions)
        return [
            view
            for call in self._calls
            for exten, view in call.views.items()
            if exten in wanted and view.state != "ended"
        ]

    def ringing(self) -> list[View]:
        """Return all calls that ring somewhere."""
        return [view for call in self._calls for view in call.views.values() if view.state == "ringing"]

    def devices_of(self, extension: str) -> tuple[str, ...]:
        """Return the devices whose owner this extension is."""
        return self._hints.owned_by(extension)

    def calls_at(self, device_: str) -> int:
        """Return in how many calls a telephone has part just now."""
        legs = (leg for leg in self._legs.values() if leg.gone_at is None and device(leg.channel) == device_)
        return len({leg.linked for leg in legs})

    def counts(self) -> tuple[int, int]:
        """Return how many calls and legs are held in memory."""
        return len(self._calls), len(self._legs)

    def extension_of(self, channel: str) -> str | None:
        """Return the extension whose device this channel belongs to."""
        return self._hints.owner(device(channel))

    def lives(self, call_id: str) -> bool:
        """Whether there is a call with this id just now."""
        return any(call.id == call_id for call in self._calls)

    def expect(self, id_: str, *, extension: str, number: str, outside: bool, now: datetime) -> list[View]:
        """Begin the call of somebody whose own telephone we are about to have rung: `id_` is what the leg will have."""
        live = self._legs[id_] = LiveLeg(Leg(id_, id_, "", "down", None, None, number), now)
        live.exten, live.originated, live.awaited = extension, True, True
        self._calls.put(live, id_, now)
        self._calls.of(live).outside = outside
        return self._look_at(live, now)

    def awaits(self, id_: str) -> bool:
        """Whether Asterisk was asked to ring this leg and has told nothing of it yet."""
        live = self._legs.get(id_)
        return live is not None and live.awaited

    def give_up(self, id_: str, now: datetime) -> list[View]:
        """End an expected call that does not come about; one that rings already is not touched."""
        live = self._legs.get(id_)
        if live is None or not live.awaited:
            return []
        live.status = live.status or "CHANUNAVAIL"
        return self._end(live, now)

    def lost(self) -> None:
        """Hear that nothing is heard any more: what was expected is what the next snapshot says."""
        for live in self._legs.values():
            live.awaited = False

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
                if context != self._hints_context:
                    return []
                return self._owners_changed(self._hints.change(exten, devices), now)
            case Originated(id_, ok):
                return [] if ok else self.give_up(id_, now)
            case _:
                return self._take(event, now)

    def _take(self, event: LegEvent, now: datetime) -> list[View]:
        """Take in what happened to one leg."""
        known = event.leg.id in self._legs
        live, news = self._see(event.leg, now)
        if live is None or (known and not news and type(event) is Seen):
            return []
        before = live.bridge
        self._note(live, event, now)
        return self._look(live, now, before) if type(event) in HEARD_BY_OTHERS else self._look_at(live, now)

    def _note(self, live: LiveLeg, event: LegEvent, now: datetime) -> None:  # noqa: C901, PLR0912 - one case a kind of event
        """Write down what an event says about one leg."""
        match event:
            case Seen():
                pass
            case Dialled(_, by):
                live.dialled = by is not None
                live.originated = by is None
                live.by = None if by is None else self._see(by, now)[0]
                call = self._calls.get(live.linked)
                live.forwarded_by = None if call is None or call.forwarder is live else call.forwarder
            case DialEnded(_, status, forward, by):
                if status == "ANSWER" and by is not None and not live.dialled:
                    self._fetch(live, by, now)
                live.status = live.status or ("FORWARDED" if forward else status)
                if forward:
                    self._forwards(live)
            case Entered(_, bridge, talk):
                if live.gone_at is None:
                    self._bridges.enter(live, bridge)
                    live.queue = None
                    live.originated = False  # it has come to whom it was rung for
                    if live.asks_while is not None and live.asks_while.bridge == bridge:
                        live.asks_while = None  # it is back
                    if talk:
                        self._join(live)
            case Left(_, bridge):
                if live.bridge == bridge:
                    self._bridges.leave(live)
                    live.holding = live.holding and live.asks_while is None  # Asterisk held for it, not the telephone
            case Held(_, on):
                live.holding = on
            case Parked(_, space, parker):
                live.parked_at, live.parker = space, self._hints.owner(parker) or ""
            case Queued(_, queue):
                live.queue = queue
            case InRoom(_, room):
                live.room = room
                if room is None:
                    self._bridges.leave(live)  # who leaves the room still stands in its bridge for a moment
            case _:
                assert_never(event)

    def replace(self, floor: Floor, now: datetime) -> list[View]:
        """Make the board what a snapshot says: keep the calls it knows, add what is new, end what is not in it."""
        changed = {
            (view.call, view.extension): view for view in self._owners_changed(self._hints.replace(floor.hints), now)
        }
        there = {one.leg.id for one in floor.legs}
        for leg in self._legs.values():
            if leg.id not in there and leg.gone_at is None and not leg.awaited:
                leg.end(now)
                leg.lost = True
        self._bridges.clear(iter(self._legs.values()))
        for one in sorted(floor.legs, key=lambda one: (one.leg.id != one.leg.linked, -one.seconds)):
            self._stand(one, now)
        self._bridges.hold_again(self._legs.values(), floor.on_hold)
        merged = self._calls.merged()
        for call in [*merged, *self._calls]:
            for view in call.changed_views(self._bridges, now):
                changed[view.call, view.extension] = view
        for call in [*merged, *self._calls]:
            self._free_if_over(call, now)
        return list(changed.values())

    def _stand(self, one: LegNow, now: datetime) -> None:
        """Put one leg of a snapshot where it is."""
        began = now - timedelta(seconds=one.seconds)
        known = one.leg.id in self._legs
        live, _ = self._see(one.leg, now, since=began)
        if live is None or live.gone_at is not None:
            return
        if not known and live.answered_at is not None:
            live.answered_at = began  # nobody knows when it was; its beginning is nearer than now
        live.room, live.queue = one.room, one.queue
        live.parked_at, live.parker = one.parked_at, self._hints.owner(one.parker) or ""
        if one.dialled and not live.dialled:
            live.dialled = True
            live.by = self._legs.get(one.leg.linked)
        if one.bridge:
            self._bridges.enter(live, one.bridge)

    def forget_all(self, now: datetime) -> list[View]:
        """End everything: the PBX has been restarted and none of these calls exists any more."""
        return self.replace(Floor(legs=(), hints=self._hints.all()), now)

    def _owners_changed(self, devices: frozenset[str], now: datetime) -> list[View]:
        """Give live legs to the new owners of their devices."""
        changed: list[View] = []
        if devices:
            for leg in list(self._legs.values()):
                if leg.gone_at is None and device(leg.channel) in devices:
                    leg.exten = self._hints.owner(device(leg.channel))
                    changed += self._look_at(leg, now)
        return changed

    def _forwards(self, live: LiveLeg) -> None:
        """Remember who sends a call on."""
        if (call := self._calls.get(live.linked)) is not None:  # a leg that is gone may have been left behind
            call.forwarder = live

    def _fetch(self, live: LiveLeg, by: Leg, now: datetime) -> None:
        """Give a leg that dialled the pickup code the call that rang elsewhere."""
        caller, _ = self._see(by, now)
        if caller is None or caller is live:
            return
        live.dialled = True
        live.by = caller
        old, new = self._calls.get(live.linked), self._calls.get(caller.linked)
        if old is not None and new is not None and old is not new:
            self._calls.merge(old, new)

    def _rename(self, id_: str, channel: str, now: datetime) -> list[View]:
        live = self._legs.get(id_)
        if live is None:
            return []
        self._name(live, channel)
        return self._look_at(live, now)

    def _see(self, leg: Leg, now: datetime, since: datetime | None = None) -> tuple[LiveLeg | None, bool]:
        """Find or begin this leg and bring it up to date; None for what is over or is no call.

        Also says whether there was anything new.
        """
        live = self._legs.get(leg.id)
        if live is None:
            if leg.id in self._gone or any(tool in leg.channel for tool in PLUMBING):
                return None, False
            live = self._legs[leg.id] = LiveLeg(leg, since or now)
            self._name(live, leg.channel)
            self._calls.put(live, leg.linked, now)
            live.see(leg, now)
            return live, True
        if live.gone_at is not None:
            return live, False
        news = False
        linked = self._calls.now_called(leg.linked)
        if linked != live.linked:
            self._calls.move(live, linked)
            news = True
        if live.channel != leg.channel:
            self._name(live, leg.channel)
            news = True
        return live, live.see(leg, now) or news

    def _name(self, live: LiveLeg, channel: str) -> None:
        """Note whose telephone a leg is; names of passing states of a masquerade tell nothing."""
        if channel.endswith(("<MASQ>", "<ZOMBIE>")):
            live.exten = None if channel.endswith("<ZOMBIE>") else live.exten
            return
        self._bridges.unname(live)
        live.channel = channel
        live.local = channel.startswith("Local/")
        live.exten = self._hints.owner(device(channel))
        self._bridges.know(live)

    def _join(self, live: LiveLeg) -> None:
        """Make one call of two that talk to each other now; Asterisk says so only with a later event."""
        here = self._calls.of(live)
        for one in self._bridges.members(live.bridge):
            if (there := self._calls.of(one)) is not here:
                self._calls.join(here, there)
                return

    def _transfer(self, legs: Iterable[Leg], now: datetime) -> list[View]:
        changed = []
        for leg in legs:
            live, _ = self._see(leg, now)
            if live is not None:
                live.transferred = True
                self._forwards(live)
                changed += self._look_at(live, now)
        return changed

    def _hang_up(self, leg: Leg, cause: int, sip: int, now: datetime) -> list[View]:
        if leg.id not in self._legs:  # ended before we looked, or plumbing
            self._remember_gone(leg.id, now)
            return []
        live, _ = self._see(leg, now)
        if live is None or live.gone_at is not None:
            return []
        if not live.answered_at and (sip == DECLINE or cause == CALL_REJECTED):
            live.status = "DECLINED"
        elif not live.answered_at and live.originated:
            live.status = OWN_TELEPHONE.get(cause, live.status)
        live.unreachable = cause in NOWHERE
        return self._end(live, now)

    def _end(self, live: LiveLeg, now: datetime) -> list[View]:
        """Take a leg away."""
        live.end(now)
        before = live.bridge
        self._bridges.forget(live)
        call = self._calls.of(live)
        changed = self._look(live, now, before)
        if len(call.legs) > MANY_LEGS:
            self._thin_out(call, now)
        self._free_if_over(call, now)
        return changed

    def _look(self, live: LiveLeg, now: datetime, left: str | None) -> list[View]:
        """See what changed in the views of this leg's call, and of those that hear it or heard it."""
        changed = self._look_at(live, now)
        for bridge in {live.bridge, left} - {None}:
            for call in {id(call): call for call in map(self._calls.of, self._bridges.around(bridge))}.values():
                if call.linked != live.linked:
                    changed += call.changed_views(self._bridges, now)
        return changed

    def _look_at(self, live: LiveLeg, now: datetime) -> list[View]:
        """See what changed in the views of this leg's call, and of calls that became part of it on the way."""
        changed: list[View] = []
        for old in reversed(self._calls.merged()):
            changed += old.changed_views(self._bridges, now)
            self._free_if_over(old, now)
        call = self._calls.get(live.linked)
        return changed if call is None else changed + call.changed_views(self._bridges, now)

    def _thin_out(self, call: LiveCall, now: datetime) -> None:
        """Forget, in a call that rings for hours in a queue, all but the newest of the legs that are gone."""
        keep = {leg.exten: leg.id for leg in call.legs.values() if leg.gone and leg.exten is not None}.values()
        for leg in [leg for leg in call.legs.values() if leg.gone and leg.id not in keep and not leg.answered_at]:
            del call.legs[leg.id]
            del self._legs[leg.id]
            self._remember_gone(leg.id, now)

    def _free_if_over(self, call: LiveCall, now: datetime) -> None:
        if not call.over:
            return
        self._calls.free(call)
        for leg in call.legs.values():
            if self._legs.pop(leg.id, None) is not None:
                self._bridges.forget(leg)
                self._remember_gone(leg.id, now)

    def _remember_gone(self, id_: str, now: datetime) -> None:
        """Events that come late must not bring a leg back to life."""
        self._gone[id_] = now
        for old, since in list(islice(self._gone.items(), 2)):
            if now - since > REMEMBER_GONE:
                del self._gone[old]

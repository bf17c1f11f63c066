"""One live call: its legs, and how it looks from each extension. Pure.

What Asterisk calls "linked" is a call to us: all legs that share a Linkedid, however often the call is forwarded,
transferred or fetched.
"""

from datetime import datetime

from msgspec import structs

from ami_bridge.calls.bridges import Bridges
from ami_bridge.calls.ending import ending
from ami_bridge.calls.leg import LiveLeg, device
from ami_bridge.calls.view import Party, View, made_of_a_call, party
from ami_bridge.wire import Result, State


class LiveCall:
    """A call that is going on. Only the board writes here."""

    __slots__ = ("forwarder", "id", "legs", "linked", "merged_into", "moved", "outside", "pbx", "since", "views")

    def __init__(self, id_: str, pbx: str, linked: str, since: datetime) -> None:
        self.id = id_
        self.pbx = pbx
        self.linked = linked
        self.since = since
        self.legs: dict[str, LiveLeg] = {}
        self.views: dict[str, View] = {}
        """What each extension was shown last."""
        self.outside = False
        """Whether somebody outside is about to be called, of whom there is no leg yet."""
        self.merged_into: str | None = None
        self.moved: dict[str, str] = {}
        """Extensions whose leg went over to another call, and which."""
        self.forwarder: LiveLeg | None = None
        """Who last sent this call on: by transfer, or by a telephone's own forwarding."""

    @property
    def over(self) -> bool:
        """Whether nobody is left."""
        return all(leg.gone_at is not None for leg in self.legs.values())

    def changed_views(self, bridges: Bridges, now: datetime) -> list[View]:
        """Look again from every extension that takes or took part; what looks different is remembered and returned."""
        mine: dict[str, LiveLeg] = {}
        parked: dict[str, LiveLeg] = {}
        outside = self.outside
        for leg in self.legs.values():
            exten = leg.exten
            if exten is None:
                outside = outside or not leg.local
            elif leg.known and ((best := mine.get(exten)) is None or _weight(leg) >= _weight(best)):
                mine[exten] = leg
            if leg.parked_at:
                parked[leg.parker] = leg
        changed = []
        for exten, leg in mine.items():
            last = self.views.get(exten)
            if last is not None and last.state == "ended" and leg.gone_at is not None and exten not in parked:
                view = self._settled(last, leg)
            else:
                view = self._view(exten, leg, bridges, last, parked.get(exten), outside=outside)
            if view != last:
                changed.append(self._remember(exten, view))
        for exten, last in list(self.views.items()):
            if exten not in mine and last.state != "ended":
                changed.append(self._remember(exten, self._left(last, now)))
        return changed

    def _remember(self, exten: str, view: View) -> View:
        self.views[exten] = view = structs.replace(view, rev=view.rev + 1)
        return view

    def _settled(self, last: View, leg: LiveLeg) -> View:
        """Keep an end as it was told; only who took the call may still come to light."""
        if last.result not in {"missed", "answered"}:
            return last
        result, answered_by = ending(leg, self.legs.values())
        return last if result == last.result else structs.replace(last, result=result, answered_by=answered_by)

    def _left(self, last: View, now: datetime) -> View:
        """Tell how a call ends for an extension whose leg has become another's: joined elsewhere, or picked up."""
        into = self.moved.pop(last.extension, self.merged_into)
        result: Result = "merged" if into else "answered" if last.state == "ringing" else "transferred"
        who = None
        if last.state == "ringing" and not into:
            who = next((one for one in self.legs.values() if one.dialled and one.up and one.party), None)
        return structs.replace(
            last,
            state="ended",
            result=result,
            ended_at=now,
            merged_into=into,
            answered_by=None if who is None else party(who),
            devices=(),
        )

    def _view(
        self, exten: str, leg: LiveLeg, bridges: Bridges, last: View | None, parked: LiveLeg | None, *, outside: bool
    ) -> View:
        others = [] if leg.bridge is None or leg.gone_at is not None else bridges.partners(leg)
        caller = self._caller_of(leg, bridges)
        room = None if leg.gone else bridges.room_of(leg)
        state = self._state(leg, others, parked, room)
        waits = leg.waiting
        peer, rest = self._peers(state, leg, caller, others, last, parked, room)
        if waits is not None and not others and (asked := bridges.way_out(leg)) is not None:
            peer = Party(number=asked.first_exten, dialled=True)
        result, answered_by = ending(leg, self.legs.values()) if state == "ended" else (None, None)
        talked = self._answered_at(leg) if state not in {"dialing", "ringing", "queued"} else None
        return View(
            call=self.id,
            pbx=self.pbx,
            extension=exten,
            rev=0 if last is None else last.rev,
            state=state,
            outside=outside,
            caller=not leg.dialled,
            since=leg.since,
            answered_at=talked,
            ended_at=leg.gone_at if state == "ended" else None,
            peer=peer,
            others=rest,
            line=caller.first_exten or None if caller is not None else None,
            forwarded_by=None if leg.forwarded_by is None else party(leg.forwarded_by),
            result=result,
            answered_by=answered_by,
            parked_at=(parked or leg).parked_at,
            queue=leg.queue if state == "queued" else None,
            room=room if state == "conference" else None,
            devices=self._devices(exten),
            alone=state == "ringing" and self._alone(leg),
            pair=state in {"answered", "held"} and len(others) == 1 and others[0].up,
            holds=leg.holding,
            has_parked=state == "parked" and parked is not None and parked is not leg,
            waits=None if waits is None else party(waits),
        )

    def _devices(self, exten: str) -> tuple[str, ...]:
        """Return the extension's telephones that are in this call."""
        here = (leg for leg in self.legs.values() if leg.exten == exten and leg.gone_at is None)
        return tuple(dict.fromkeys(device(leg.channel) for leg in here))

    def _alone(self, leg: LiveLeg) -> bool:
        """Whether who rings this leg rings nobody else's telephone."""
        if leg.by is None or leg.by.gone:
            return False
        rung = (one for one in self.legs.values() if one.dialled and one.by is leg.by and not one.gone)
        return all(one.exten == leg.exten for one in rung)

    def _peers(
        self,
        state: State,
        leg: LiveLeg,
        caller: LiveLeg | None,
        others: list[LiveLeg],
        last: View | None,
        parked: LiveLeg | None,
        room: str | None,
    ) -> tuple[Party | None, tuple[Party, ...]]:
        """Tell who is at the other end, and who else."""
        if state == "ended" and last is not None:
            return last.peer, last.others
        if room is not None and not made_of_a_call(room):
            return self._expected(leg, caller), tuple(map(party, others))
        if others:
            return party(others[0]), tuple(map(party, others[1:]))
        if state == "parked" and parked is not None and parked is not leg:
            return party(parked), ()
        if last is not None and last.answered_at is not None:  # nobody is there just now: who was
            return last.peer, ()
        return self._expected(leg, caller), ()

    def _state(  # noqa: PLR0911 - one line a state
        self, leg: LiveLeg, others: list[LiveLeg], parked: LiveLeg | None, room: str | None
    ) -> State:
        if parked is not None and parked is not leg and not others:
            return "parked"
        if leg.gone:
            return "ended"
        if room is not None:
            return "conference"
        if leg.parked_at is not None:
            return "parked"
        if leg.dialled:
            if not leg.up:
                return "ringing"
        elif not others and leg.queue is not None:
            return "queued"
        elif not leg.up or self._still_dials(leg, others):
            return "dialing"
        if leg.holding or any(one.holding for one in others) or any(one.waiting is leg for one in self.legs.values()):
            return "held"
        return "answered"

    def _still_dials(self, leg: LiveLeg, others: list[LiveLeg]) -> bool:
        """Whether a caller whose channel was answered by the dialplan (or by himself, click-to-dial) still waits."""
        if others:
            return False
        rung = [one for one in self.legs.values() if one.dialled and one.by is leg]
        if leg.originated and not rung:
            return True
        return bool(rung) and not any(one.up or one.answered_at for one in rung)

    def _caller_of(self, leg: LiveLeg, bridges: Bridges) -> LiveLeg | None:
        """Find whose dialling this leg takes part in: its own, or, through Local legs, that of who rang it."""
        if not leg.dialled:
            return leg
        seen, caller = {leg.id}, leg.by
        while caller is not None and caller.local and caller.id not in seen:
            seen.add(caller.id)
            half = bridges.other_half(caller)
            caller = caller.by or (half.by if half is not None else None)
        return self.legs.get(self.linked) if caller is None or caller.local else caller

    def _expected(self, leg: LiveLeg, caller: LiveLeg | None) -> Party | None:
        """Who will be at the other end once it is answered."""
        if leg.dialled:
            if caller is not None and caller is not leg and caller.number == leg.connected:
                return party(caller)
            if leg.connected is not None:
                known = next((o for o in self.legs.values() if o.exten is not None and o.exten == leg.connected), None)
                return party(known) if known else Party(number=leg.connected)
            return party(caller) if caller is not None and caller is not leg else None
        if leg.first_exten:
            return Party(number=leg.first_exten, dialled=leg.exten is not None)
        rung = [one for one in self.legs.values() if one.dialled and one.by is leg and one.party]
        if len(rung) == 1:
            return party(rung[0])
        return None if leg.connected is None else Party(number=leg.connected)

    def _answered_at(self, leg: LiveLeg) -> datetime | None:
        """When the conversation began: for a caller, when somebody took the call, not when a queue's music began."""
        if leg.dialled:
            return leg.answered_at
        rung = [one for one in self.legs.values() if one.dialled and one.by is leg]
        if not rung:
            return leg.answered_at
        return min((one.answered_at for one in rung if one.answered_at is not None), default=None)


def _weight(leg: LiveLeg) -> tuple[bool, bool, int, bool, datetime]:
    """Of several legs of one extension (two telephones of one person), the one that the call looks like.

    The livelier one; of those that are gone, the one that talked; else the later one.
    """
    gone = leg.gone_at is not None
    return not gone, not leg.joined, 0 if gone else leg.phase, leg.answered_at is not None, leg.since

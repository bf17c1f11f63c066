"""One live call: its legs, and how it looks from each extension. Pure.

What Asterisk calls "linked" is a call to us: all legs that share a Linkedid, however often the call is forwarded,
transferred or fetched.
"""

from collections.abc import Iterator
from datetime import datetime

from msgspec import structs

from ami_bridge.calls.leg import LiveLeg
from ami_bridge.calls.view import Party, View, party
from ami_bridge.wire import Result, State

# The SIP answers by which a person says no: Decline, and Busy Here pressed while it rang.
DECLINE = 603


class LiveCall:
    """A call that is going on. Only the board writes here."""

    __slots__ = ("forwarder", "id", "legs", "linked", "merged_into", "pbx", "since", "views")

    def __init__(self, id_: str, pbx: str, linked: str, since: datetime) -> None:
        self.id = id_
        self.pbx = pbx
        self.linked = linked
        self.since = since
        self.legs: dict[str, LiveLeg] = {}
        self.views: dict[str, View] = {}
        """What each extension was shown last."""
        self.merged_into: str | None = None
        self.forwarder: LiveLeg | None = None
        """Who last sent this call on: by transfer, or by a telephone's own forwarding."""

    @property
    def over(self) -> bool:
        """Whether nobody is left."""
        return all(leg.gone_at is not None for leg in self.legs.values())

    def changed_views(self, bridges: dict[str, dict[str, LiveLeg]], now: datetime) -> list[View]:
        """Look again from every extension that takes or took part; what looks different is remembered and returned."""
        mine: dict[str, LiveLeg] = {}
        for leg in self.legs.values():
            exten = leg.exten
            if exten is not None and leg.known and ((best := mine.get(exten)) is None or _weight(leg) >= _weight(best)):
                mine[exten] = leg
        changed = []
        for exten, leg in mine.items():
            last = self.views.get(exten)
            view = self._view(exten, leg, bridges, last.rev if last else 0)
            if view != last:
                changed.append(self._remember(exten, view))
        for exten, last in list(self.views.items()):
            if exten not in mine and last.state != "ended":
                changed.append(self._remember(exten, self._left(last, now)))
        return changed

    def _remember(self, exten: str, view: View) -> View:
        self.views[exten] = view = structs.replace(view, rev=view.rev + 1)
        return view

    def _left(self, last: View, now: datetime) -> View:
        """How a call ends for an extension whose leg has become another's: merged elsewhere, or picked up."""
        result: Result = "merged" if self.merged_into else "answered" if last.state == "ringing" else "transferred"
        taker = None
        if last.state == "ringing" and not self.merged_into:
            taker = next((party(leg) for leg in self.legs.values() if leg.dialled and leg.up and leg.party), None)
        return structs.replace(
            last, state="ended", result=result, ended_at=now, merged_into=self.merged_into, answered_by=taker
        )

    def _view(self, exten: str, leg: LiveLeg, bridges: dict[str, dict[str, LiveLeg]], rev: int) -> View:
        others = [] if leg.bridge is None or leg.gone else list(partners(leg, bridges))
        caller = self._caller_of(leg)
        parked = next((one for one in self.legs.values() if one.parked_at and one.parker == exten), None)
        state = self._state(leg, others, parked)
        peers = tuple(party(one) for one in others)
        last = self.views.get(exten)
        if state == "ended" and last is not None:
            peer, rest = last.peer, last.others
        elif leg.room is not None:
            peer, rest = self._expected(leg, caller), peers
        elif peers:
            peer, rest = peers[0], peers[1:]
        elif state == "parked" and parked is not None and parked is not leg:
            peer, rest = party(parked), ()
        else:
            peer, rest = self._expected(leg, caller), ()
            if last is not None and last.answered_at is not None:  # nobody is there just now: who was
                peer = last.peer
        result, answered_by = self._result(leg) if state == "ended" else (None, None)
        talked = self._answered_at(leg) if state not in {"dialing", "ringing", "queued"} else None
        merged = self.merged_into if result == "merged" else None
        return View(
            call=self.id,
            pbx=self.pbx,
            extension=exten,
            rev=rev,
            state=state,
            outside=any(one.party and one.exten is None for one in self.legs.values()),
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
            merged_into=merged,
            parked_at=(parked or leg).parked_at,
            queue=leg.queue if state == "queued" else None,
            room=leg.room if state == "conference" else None,
        )

    def _state(self, leg: LiveLeg, others: list[LiveLeg], parked: LiveLeg | None) -> State:  # noqa: PLR0911 - one line a state
        if parked is not None and parked is not leg and not others:
            return "parked"
        if leg.gone:
            return "ended"
        if leg.room is not None:
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
        if leg.holding or any(one.holding for one in others):
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

    def _caller_of(self, leg: LiveLeg) -> LiveLeg | None:
        """Find whose dialling this leg takes part in: its own, or, through Local legs, that of who rang it."""
        if not leg.dialled:
            return leg
        seen, caller = {leg.id}, leg.by
        while caller is not None and caller.local and caller.id not in seen:
            seen.add(caller.id)
            half = self._other_half(caller)
            caller = caller.by or (half.by if half is not None else None)
        return self.legs.get(self.linked) if caller is None or caller.local else caller

    def _other_half(self, leg: LiveLeg) -> LiveLeg | None:
        name = other_half(leg.channel)
        return next((one for one in self.legs.values() if one.channel == name), None)

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

    def _result(self, leg: LiveLeg) -> tuple[Result | None, Party | None]:  # noqa: PLR0911 - one line a way to end
        """How the call ended for this leg: by DIALSTATUS, never by the hangup cause alone."""
        if self.merged_into is not None:
            return "merged", None
        if leg.transferred:
            return "transferred", None
        if leg.lost:
            return ("answered" if self._answered_at(leg) else None), None
        if leg.dialled:
            if leg.answered_at is not None:
                return "answered", None
            if leg.status in {"CANCEL", "NOANSWER", ""}:
                taker = next(
                    (one for one in self.legs.values() if one.dialled and one.by is leg.by and one.answered_at), None
                )
                return ("answered", party(taker)) if taker is not None else ("missed", None)
            return _refused(leg), None
        return self._caller_result(leg), None

    def _caller_result(self, leg: LiveLeg) -> Result:
        rung = [one for one in self.legs.values() if one.dialled and one.by is leg]
        if any(one.answered_at for one in rung) or (not rung and leg.answered_at):
            return "answered"
        statuses = {one.status for one in rung}
        if not statuses or statuses & {"CANCEL", ""}:
            return "cancelled"
        return "missed" if "NOANSWER" in statuses else _refused(rung[-1])


def _refused(leg: LiveLeg) -> Result:
    """Tell how a telephone that was not taken said no."""
    if leg.status == "FORWARDED":
        return "transferred"
    if leg.status == "DECLINED":
        return "rejected"
    if leg.status == "BUSY":
        return "rejected" if leg.rang else "busy"
    return "failed"


def _weight(leg: LiveLeg) -> tuple[bool, bool, int, datetime]:
    """Of several legs of one extension, the livelier, then the later one is what the call looks like."""
    return not leg.gone, not leg.joined, 0 if leg.gone else leg.phase, leg.since


def other_half(channel: str) -> str:
    """Name the other end of a Local channel: `Local/x-1;1` and `Local/x-1;2` are its two ends."""
    return channel[:-1] + ("2" if channel.endswith("1") else "1")


def partners(leg: LiveLeg, bridges: dict[str, dict[str, LiveLeg]]) -> Iterator[LiveLeg]:
    """Everybody who hears this leg: its bridge, and what lies behind Local channels in it."""
    seen, open_ = set(), [leg.bridge]
    while open_:
        bridge = open_.pop()
        if bridge is None or bridge in seen:
            continue
        seen.add(bridge)
        for one in bridges.get(bridge, {}).values():
            if one.local:
                half = other_half(one.channel)
                open_ += [name for name, legs in bridges.items() if any(o.channel == half for o in legs.values())]
            elif one is not leg and not one.gone:
                yield one

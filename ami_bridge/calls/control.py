"""Does what people want done with their calls: looks again whether it can be done, then has Asterisk do it."""

import secrets
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, Protocol, TypeVar

import structlog
from msgspec import Struct

from ami_bridge import wire
from ami_bridge.calls.actions import RINGS, VERBS, Verb
from ami_bridge.calls.reach import Reach
from ami_bridge.calls.view import ROOM_OF_A_CALL, UNLISTED, View
from ami_bridge.config import Kind
from ami_bridge.errors import BadRequestError, BridgeError, GoneError, NotFoundError, NotReachableError

log = structlog.get_logger()

T = TypeVar("T")

NORMAL, BUSY = 16, 17  # Q.850
END: tuple[Verb, ...] = ("reject", "hangup")
MOST_ADDED = 10
LONGEST_NOTE = 1_000


class Wish(Struct, frozen=True, kw_only=True):
    """What somebody wants done with a call."""

    verb: str
    """One of the verbs, or `end`: hang up, or reject what rings."""
    call: str
    extension: str | None = None
    """Which of one's own extensions is meant, where several take part; with `pickup`, whose telephone rings."""
    to: str | None = None
    add: tuple[str, ...] = ()
    text: str | None = None
    confirmed: bool = False
    """The person has said once more that an emergency or premium number is meant."""


class Offered(Struct, frozen=True):
    """A call as somebody sees it, with what that person can do with it."""

    view: View
    verbs: tuple[Verb, ...]


class OwnTelephone(Struct, frozen=True, kw_only=True):
    """A telephone of one's own that can be rung."""

    id: str
    """Its device, like `PJSIP/101`."""
    auto_answer: str = ""
    """Whose header makes it answer by itself; empty: it rings."""


class Target(Struct, frozen=True, kw_only=True):
    """Whom a call is for."""

    keys: str
    """What would be pressed at a telephone to reach them."""
    kind: Kind
    number: str = ""
    """Theirs, as others see it."""


class Job(Struct, frozen=True, kw_only=True):
    """What is to be done, looked at and found possible."""

    login: str
    credential: str
    verb: Verb
    view: View
    reach: Reach
    targets: tuple[Target, ...] = ()
    text: str = ""
    own: OwnTelephone = OwnTelephone(id="")
    """The telephone of their own that rings."""


class Desk(Protocol):
    """Who sees which calls, and can do what."""

    @property
    def bridge(self) -> wire.Bridge:
        """Whether what is known is live."""

    def offered(self, login: str, call: str) -> list[Offered]:
        """Return how a person sees a call: at their own extensions, and those that they may fetch."""

    def note(self, view: View, text: str) -> None:
        """Keep what somebody wrote down about a call."""


class Grip(Protocol):
    """What is going on, to take hold of."""

    def reach(self, call_id: str, extension: str) -> Reach | None:
        """Return the channels that an extension reaches in a call."""

    def sends_on(self, call_id: str, extension: str) -> Callable[[], None]:
        """Be told that a ringing call is about to be sent elsewhere; returns what takes that back."""

    def asks(self, call_id: str, extension: str) -> Callable[[], None]:
        """Be told that somebody is about to ask somebody else while the other waits; returns what takes that back."""


class Telephones(Protocol):
    """Asterisk, as far as it is steered; each raises GoneError, NotReachableError, RefusedError."""

    async def knows(self, keys: str) -> bool:
        """Whether a telephone of the house could dial this."""

    async def hang_up(self, channel: str, *, cause: int) -> None:
        """End one leg."""

    async def send_on(self, channel: str, keys: str) -> None:
        """Let a leg dial something else than what it does."""

    async def give_on(self, channel: str, keys: str) -> None:
        """Give whom this leg talks to to somebody else, and end it."""

    async def ask(self, channel: str, keys: str) -> None:
        """Let this leg talk to somebody else, while whom it talks to waits."""

    async def park(self, channel: str, *, by: str) -> None:
        """Let a leg wait on a parking place; `by` hears which one."""

    async def has_rooms(self) -> bool:
        """Whether a call can be moved into a room with a number."""

    async def bring_together(
        self, channel: str, other: str, room: str, *, hosts: Sequence[str], moderator: str = ""
    ) -> None:
        """Move two legs into a conference, which ends without one of its hosts; `moderator` is the first one's PIN."""

    async def invite(self, id_: str, keys: str, room: str, *, caller: str, host: bool, shows: str) -> None:
        """Call somebody into a conference, in which the others see this number of theirs."""

    async def pick_up(self, id_: str, own: OwnTelephone, channel: str, *, extension: str) -> None:
        """Ring a telephone, which then takes the call that rings at this leg, a telephone of the extension."""

    async def fetch(self, id_: str, own: OwnTelephone, space: str) -> None:
        """Ring a telephone, which then takes the call that waits on this parking place."""


class Targets(Protocol):
    """Whom people may call."""

    def look(self, login: str, to: str, *, confirmed: bool, credential: str) -> Target:
        """Return it; raises BadRequestError, NotAllowedError, UnconfirmedError, RateLimitedError."""

    async def called(self, login: str, targets: Iterable[Target], *, credential: str) -> None:
        """Be told that calls are on their way there."""


class Devices(Protocol):
    """Whose telephones are whose."""

    def are_of(self, extension: str) -> bool:
        """Whether an extension has telephones of the house."""

    def rung_first(self, login: str) -> OwnTelephone:
        """Return the own telephone to ring; raises NotAllowedError, NotReachableError where there is none."""


class Rooms(Protocol):
    """Conference rooms."""

    async def make(self, login: str) -> tuple[str, str] | None:
        """Make a room for somebody's running call: its number and their PIN's id; None where there can be none."""

    async def drop(self, number: str) -> None:
        """End it: nobody came."""


class Drivers(Protocol):
    """Telephones that are steered over their own web server."""

    async def do(self, device: str, what: Literal["answer", "hold", "resume"]) -> None:
        """Have it answer, hold or resume; raises NotReachableError, RefusedError."""


class Once(Protocol):
    """Sees to it that the same wish is carried out once."""

    async def do(
        self, login: str, key: str, what: Struct, *, check: Callable[[], T], errand: Callable[[str, T], Awaitable[None]]
    ) -> str:
        """Carry it out with a new id, or answer as before."""


class Control:
    """Call control. A wish is carried out at once or refused; none is kept for later."""

    def __init__(
        self,
        *,
        grip: Grip,
        desk: Desk,
        telephones: Telephones,
        targets: Targets,
        devices: Devices,
        drivers: Drivers,
        once: Once,
        rooms: Rooms | None,
        look_again: Callable[[], Awaitable[None]],
        new_id: Callable[[], str],
    ) -> None:
        """`look_again` compares what is shown with what Asterisk says is going on."""
        self._grip = grip
        self._desk = desk
        self._telephones = telephones
        self._targets = targets
        self._devices = devices
        self._drivers = drivers
        self._once = once
        self._rooms = rooms
        self._look_again = look_again
        self._new_id = new_id

    async def do(self, login: str, wish: Wish, *, credential: str, key: Callable[[], str]) -> None:
        """Carry out a wish; raises a BridgeError where that cannot be or may not be.

        `credential` is who they are by, for the logs. `key` gives the idempotency key; it is asked for where something
        rings, and raises where there is none.
        """
        verbs = END if wish.verb == "end" else tuple(one for one in VERBS if one == wish.verb)
        if not verbs:
            raise BadRequestError(f"There is no such thing to do with a call; there are {', '.join(VERBS)}.")
        if RINGS.intersection(verbs) and (wish.to is not None or wish.verb != "transfer"):
            await self._once.do(
                login,
                key(),
                wish,
                check=lambda: self._may(login, verbs, wish, credential),
                errand=lambda id_, job: self._carry_out(job, id_),
            )
        else:
            await self._carry_out(self._may(login, verbs, wish, credential), self._new_id())

    def _may(self, login: str, verbs: tuple[Verb, ...], wish: Wish, credential: str) -> Job:
        """Say what is to be done; raises where it may not be, or cannot."""
        if self._desk.bridge.ami != "up":
            raise NotReachableError("Asterisk is not connected, so nothing can be done with calls just now.")
        view, verb = self._find(login, verbs, wish)
        reach = self._grip.reach(view.call, view.extension)
        if reach is None:
            raise GoneError("The call has just ended.")
        _check_form(verb, wish, completes=view.waits is not None, begins=reach.room is None)
        wanted = wish.add or ((wish.to,) if wish.to is not None else ())
        return Job(
            login=login,
            credential=credential,
            verb=verb,
            view=view,
            reach=reach,
            targets=tuple(
                self._targets.look(login, to, confirmed=wish.confirmed, credential=credential) for to in wanted
            ),
            text=(wish.text or "").strip(),
            own=self._devices.rung_first(login) if verb in {"fetch", "pickup"} else OwnTelephone(id=""),
        )

    def _find(self, login: str, verbs: tuple[Verb, ...], wish: Wish) -> tuple[View, Verb]:
        """Find the call among those that this person sees, and which verb fits; others do not exist for them."""
        seen = [one for one in self._desk.offered(login, wish.call) if wish.extension in {None, one.view.extension}]
        if not seen:
            raise NotFoundError("There is no such call, or it is not yours.")
        for one in seen:
            if fits := [verb for verb in one.verbs if verb in verbs]:
                return one.view, fits[0]
        raise GoneError(f"This call cannot be told to {wish.verb} now.")

    async def _carry_out(self, job: Job, id_: str) -> None:  # noqa: C901, PLR0912 - one case a verb
        reach, telephones = job.reach, self._telephones
        for one in job.targets:
            if not await telephones.knows(one.keys):  # asked before anything is done: a call sent nowhere would be lost
                raise NotFoundError("The telephone system does not know this number.")
        match job.verb:
            case "hangup":
                await self._end(reach, NORMAL)
            case "reject":
                await self._end(reach, BUSY)
            case "redirect":
                await self._redirect(job)
            case "transfer" if job.view.waits is not None:
                await telephones.hang_up(_there(reach.talking), cause=NORMAL)  # who asked leaves the two to each other
            case "transfer":
                await telephones.give_on(_there(reach.talking), job.targets[0].keys)
            case "consult":
                with _or_else(self._grip.asks(job.view.call, job.view.extension)):
                    await telephones.ask(_there(reach.talking), job.targets[0].keys)
            case "resume" if job.view.waits is not None:
                await telephones.hang_up(_there(reach.asked), cause=NORMAL)  # and Asterisk brings the two back together
            case "answer" | "hold" | "resume":
                await self._drivers.do(_there(reach.device), job.verb)
            case "park":
                await telephones.park(_there(reach.partner), by=_there(reach.talking))
            case "fetch":
                await telephones.fetch(id_, job.own, _there(reach.space))
            case "pickup":
                await telephones.pick_up(
                    id_, job.own, _there(reach.mine[0] if reach.mine else None), extension=job.view.extension
                )
            case "conference":
                await self._confer(job)
            case "note":
                self._desk.note(job.view, job.text)
            case "forget":
                await self._look_again()
        log.info("control.done", verb=job.verb, call=job.view.call, credential=job.credential)
        await self._targets.called(job.login, job.targets, credential=job.credential)

    async def _end(self, reach: Reach, cause: int) -> None:
        """End one's own part: at all of one's telephones; one that was quicker is no failure."""
        ended = False
        for channel in reach.mine:
            try:
                await self._telephones.hang_up(channel, cause=cause)
                ended = True
            except GoneError:
                continue
        if not ended:
            raise GoneError("The call has just ended.")

    async def _redirect(self, job: Job) -> None:
        with _or_else(self._grip.sends_on(job.view.call, job.view.extension)):
            await self._telephones.send_on(_there(job.reach.caller), job.targets[0].keys)

    async def _confer(self, job: Job) -> None:
        """Make the call a conference, unless it is one, and call the others."""
        room = job.reach.room
        if room is None:
            room = await self._bring_together(job)
        for one in job.targets:
            host = self._devices.are_of(one.keys)
            await self._telephones.invite(
                self._new_id(), one.keys, room, caller=job.view.extension, host=host, shows=one.number
            )

    async def _bring_together(self, job: Job) -> str:
        """Move both into a room of the house, which is there first; where there are none, into one without a number."""
        mine, other = _there(job.reach.talking), _there(job.reach.partner)
        hosts = (mine, other) if job.reach.of_the_house else (mine,)
        made = None
        if self._rooms is not None and await self._telephones.has_rooms():
            made = await self._rooms.make(job.login)
        if self._rooms is None or made is None:
            room = f"{ROOM_OF_A_CALL}{secrets.randbelow(10**UNLISTED):0{UNLISTED}}"
            await self._telephones.bring_together(mine, other, room, hosts=hosts)
            return room
        number, moderator = made
        room = f"{ROOM_OF_A_CALL}{number}"
        try:
            await self._telephones.bring_together(mine, other, room, hosts=hosts, moderator=moderator)
        except BridgeError:
            await self._rooms.drop(number)
            raise
        return room


@contextmanager
def _or_else(undo: Callable[[], None]) -> Iterator[None]:
    """Undo where what is done in the block fails."""
    try:
        yield
    except BridgeError:
        undo()
        raise


def _there(channel: str | None) -> str:
    """Return a channel that must still be there."""
    if channel is None:
        raise GoneError("The call has just changed; look again.")
    return channel


def _check_form(verb: Verb, wish: Wish, *, completes: bool, begins: bool) -> None:
    """Refuse a wish that says too little."""
    if verb in {"redirect", "consult"} and wish.to is None:
        raise BadRequestError("Say to whom, in `to`.")
    if verb == "transfer" and (wish.to is None) != completes:
        raise BadRequestError("While somebody waits, `transfer` joins them, without `to`; else say to whom, in `to`.")
    if verb == "conference" and not (0 if begins else 1) <= len(wish.add) <= MOST_ADDED:
        raise BadRequestError(f"Say in `add` whom to call into it, at most {MOST_ADDED}.")
    if verb == "note" and (wish.text is None or len(wish.text) > LONGEST_NOTE):
        raise BadRequestError(f"A note is `text` of at most {LONGEST_NOTE} characters.")

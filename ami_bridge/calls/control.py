"""Does what people want done with their calls: looks again whether it can be done, then has Asterisk do it."""

from collections.abc import Iterable
from typing import Protocol, assert_never

import structlog
from msgspec import Struct

from ami_bridge import wire
from ami_bridge.calls.actions import VERBS, Verb, possible
from ami_bridge.calls.reach import Reach
from ami_bridge.calls.view import View
from ami_bridge.errors import BadRequestError, GoneError, NotFoundError, NotReachableError
from ami_bridge.people.model import People

log = structlog.get_logger()

NORMAL, BUSY = 16, 17  # Q.850
END: tuple[Verb, ...] = ("reject", "hangup")


class Board(Protocol):
    """What is going on."""

    def views(self, extensions: Iterable[str]) -> list[View]:
        """Return what these extensions' calls look like now."""

    def reach(self, call_id: str, extension: str) -> Reach | None:
        """Return the channels that an extension reaches in a call."""


class Desk(Protocol):
    """Whether all this is live."""

    @property
    def bridge(self) -> wire.Bridge:
        """Whether what is known is live."""


class Telephones(Protocol):
    """Asterisk, as far as it is steered; each raises GoneError, NotReachableError, RefusedError."""

    async def hang_up(self, channel: str, *, cause: int) -> None:
        """End one leg."""


class Wish(Struct, frozen=True, kw_only=True):
    """What somebody wants done with a call."""

    verb: str
    """One of the verbs, or `end`: hang up, or reject what rings."""
    call: str
    extension: str | None = None
    """Which of one's own extensions is meant, where several take part."""


class Control:
    """Call control. A wish is carried out at once or refused; none is kept for later."""

    def __init__(self, *, board: Board, desk: Desk, people: People, telephones: Telephones) -> None:
        self._board = board
        self._desk = desk
        self._people = people
        self._telephones = telephones

    async def do(self, login: str, wish: Wish) -> None:
        """Carry out a wish; raises a BridgeError where that cannot be or may not be."""
        verbs = END if wish.verb == "end" else tuple(one for one in VERBS if one == wish.verb)
        if not verbs:
            raise BadRequestError(f"There is no such thing to do with a call; there are {', '.join(VERBS)}.")
        if self._desk.bridge.ami != "up":
            raise NotReachableError("Asterisk is not connected, so nothing can be done with calls just now.")
        view, verb = self._find(login, verbs, wish)
        reach = self._board.reach(view.call, view.extension)
        if reach is None or not reach.mine:
            raise GoneError("The call has just ended.")
        await self._carry_out(verb, reach)
        log.info("control.done", verb=verb, call=view.call)

    def _find(self, login: str, verbs: tuple[Verb, ...], wish: Wish) -> tuple[View, Verb]:
        """Find the call among this person's own, and which verb fits; others' calls do not exist for them."""
        person = self._people.by_login(login)
        mine = () if person is None else person.extensions
        views = [
            view
            for view in self._board.views(mine)
            if view.call == wish.call and wish.extension in {None, view.extension}
        ]
        if not views:
            raise NotFoundError("There is no such call, or it is not yours.")
        for view in views:
            if fits := [verb for verb in possible(view) if verb in verbs]:
                return view, fits[0]
        raise GoneError(f"It is too late or too early for this call to {wish.verb}.")

    async def _carry_out(self, verb: Verb, reach: Reach) -> None:
        match verb:
            case "hangup":
                await self._end(reach, NORMAL)
            case "reject":
                await self._end(reach, BUSY)
            case _:
                assert_never(verb)

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

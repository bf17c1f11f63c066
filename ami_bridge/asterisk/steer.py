"""Steers calls at one Asterisk: what call control wants, sent once over the connection that is there now."""

from collections.abc import Callable, Sequence

from ami_bridge.asterisk import moves, phone, translate
from ami_bridge.asterisk.snapshot import Link
from ami_bridge.calls.control import OwnTelephone
from ami_bridge.calls.view import ROOM_OF_A_CALL, number_of
from ami_bridge.errors import GoneError, RefusedError

RINGS = 30
"""Seconds for which somebody is rung who is called into a conference."""
NO_CHANNEL = ("no such channel", "does not exist", "not found", "no bridge")
"""How Asterisk says, in any case of letters, that a leg ended before it was steered."""


class Steer:
    """Every verb is one action: it is done now or never, for the connection does not send again what was cut off.

    All raise GoneError where the leg has ended, NotReachableError, RefusedError.
    """

    def __init__(self, link: Link, *, new_id: Callable[[], str]) -> None:
        self._link = link
        self._new_id = new_id

    async def knows(self, keys: str) -> bool:
        """Whether a telephone of the house could dial this."""
        answer = await self._link.send(*moves.variable("BRIDGE_DIAL"))
        context = "" if isinstance(answer, list) else translate.value(answer)
        try:
            return bool(await self._link.items(*moves.dialled_in(context, keys)))
        except RefusedError as error:
            if "ermission" in str(error):
                raise
            return False

    async def hang_up(self, channel: str, *, cause: int) -> None:
        """End one leg."""
        await self._send(phone.hangup(channel, cause=cause))

    async def send_on(self, channel: str, keys: str) -> None:
        """Let a leg dial something else than what it does."""
        await self._send(moves.redirect(channel, keys))

    async def give_on(self, channel: str, keys: str) -> None:
        """Give whom this leg talks to to somebody else, and end it."""
        await self._send(moves.blind_transfer(channel, keys))

    async def ask(self, channel: str, keys: str) -> None:
        """Let this leg talk to somebody else, while whom it talks to waits."""
        await self._send(moves.attended_transfer(channel, keys))

    async def park(self, channel: str, *, by: str) -> None:
        """Let a leg wait on a parking place; `by` hears which one."""
        await self._send(moves.park(channel, by=by))

    async def has_rooms(self) -> bool:
        """Whether the dialplan can move a call into a room with a number."""
        try:
            return bool(await self._link.items(*moves.context(moves.INTO_ROOM)))
        except RefusedError:
            return False

    async def bring_together(
        self, channel: str, other: str, room: str, *, hosts: Sequence[str], moderator: str = ""
    ) -> None:
        """Move two legs into a conference, which ends without one of its hosts; `moderator` is the first one's PIN."""
        for host in hosts:
            await self._send(moves.stays(host))
        number = number_of(room)
        if number is None:
            await self._send(moves.bring_together(channel, other, _digits(room)))
            return
        for action in moves.moderates(channel, moderator):
            await self._send(action)
        await self._send(moves.into_room(channel, other, number))

    async def invite(self, id_: str, keys: str, room: str, *, caller: str, host: bool, shows: str) -> None:
        """Call somebody into a conference; into a room with a number, strangers come by pressing 1."""
        other_id, number = self._new_id(), number_of(room)
        if number is None:
            await self._send(
                moves.invite(keys, _digits(room), caller=caller, host=host, id=id_, other_id=other_id)
            )  # fmt: skip
            return
        called = phone.CalledIn(
            id=id_, other_id=other_id, room=number, keys=keys, person="", ring_seconds=RINGS,
            caller=caller, shows=shows, host=host, moved=True,
        )  # fmt: skip
        await self._send(phone.call_in(called))

    async def pick_up(self, id_: str, own: OwnTelephone, channel: str, *, extension: str) -> None:
        """Ring a telephone, which then takes the call that rings at this leg, a telephone of the extension."""
        ring = moves.Ring(own.id, extension, own.auto_answer)
        await self._send(moves.pick_up(ring, channel, id=id_, other_id=self._new_id()))

    async def fetch(self, id_: str, own: OwnTelephone, space: str) -> None:
        """Ring a telephone, which then takes the call that waits on this parking place."""
        ring = moves.Ring(own.id, space, own.auto_answer)
        await self._send(moves.fetch(ring, space, id=id_, other_id=self._new_id()))

    async def _send(self, action: phone.Action) -> None:
        try:
            await self._link.send(*action)
        except RefusedError as error:
            if any(words in str(error).lower() for words in NO_CHANNEL):
                raise GoneError("The call has just ended.") from error
            raise


def _digits(room: str) -> str:
    """Return the digits of a room that nobody can dial; the dialplan puts the rest of its name before them."""
    return room.removeprefix(ROOM_OF_A_CALL)

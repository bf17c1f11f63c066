"""The conference bridge of one Asterisk: what moderators want, sent once over the connection that is there now."""

from collections.abc import Callable, Mapping

from ami_bridge.asterisk import phone, translate
from ami_bridge.asterisk.snapshot import Link
from ami_bridge.errors import GoneError, RefusedError

EMPTY = "no active conferences"
NOBODY = ("no channel by that name", "no conference by that name", "not found")


class Bridges:
    """Every verb is one action, done now or never."""

    def __init__(self, link: Link, *, new_id: Callable[[], str]) -> None:
        self._link = link
        self._new_id = new_id

    async def mute(self, room: str, whom: str, *, on: bool) -> None:
        """Silence a channel, or `participants`."""
        await self._send(phone.in_room("Mute" if on else "Unmute", room, whom))

    async def remove(self, room: str, whom: str) -> None:
        """Put a channel, or `all`, out of the room."""
        await self._send(phone.in_room("Kick", room, whom))

    async def lock(self, room: str, *, on: bool) -> None:
        """Close the door, or open it."""
        await self._send(phone.lock_room(room, on=on))

    async def locked(self) -> Mapping[str, bool]:
        """Say of each open room whether it is locked."""
        try:
            listed = await self._link.items(*phone.list_rooms())
        except RefusedError as error:
            if EMPTY in str(error).lower():
                return {}
            raise
        return {m.get("Conference", ""): m.get("Locked", "") == "Yes" for m in listed}

    async def call_in(self, room: str, keys: str, *, caller: str, shows: str, ring_seconds: int) -> None:
        """Call somebody, who is in when they press 1."""
        called = phone.CalledIn(
            id=self._new_id(), other_id=self._new_id(), room=room, keys=keys, person="", ring_seconds=ring_seconds,
            caller=caller, shows=shows,
        )  # fmt: skip
        await self._send(phone.call_in(called))

    async def record(self, room: str) -> None:
        """Write down what is said, from when everybody was told on."""
        await self._send(phone.record_in(room, id=self._new_id(), other_id=self._new_id()))

    async def recorder(self, room: str) -> str:
        """Say which channel writes down what is said; empty: none."""
        answer = await self._link.send(*phone.recorder_of(room))
        return "" if isinstance(answer, list) else translate.value(answer)

    async def stop_recording(self, recorder: str) -> None:
        """End that."""
        await self._send(phone.hangup(recorder, cause=16))

    async def say(self, room: str, saying: str) -> None:
        """Speak one of our sounds into the room."""
        await self._send(phone.say_in(room, saying, id=self._new_id(), other_id=self._new_id()))

    async def _send(self, action: phone.Action) -> None:
        try:
            await self._link.send(*action)
        except RefusedError as error:
            if any(words in str(error).lower() for words in NOBODY):
                raise GoneError("Nobody is there any more.") from error
            raise

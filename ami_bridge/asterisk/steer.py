"""Steers calls at one Asterisk: what call control wants, sent once over the connection that is there now."""

from ami_bridge.asterisk import phone
from ami_bridge.asterisk.snapshot import Link
from ami_bridge.errors import GoneError, RefusedError

NO_CHANNEL = ("no such channel", "does not exist", "not found")
"""How Asterisk says, in any case of letters, that a leg ended before it was steered."""


class Steer:
    """Every verb is one action: it is done now or never, for the connection does not send again what was cut off."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def hang_up(self, channel: str, *, cause: int) -> None:
        """End one leg. Raises GoneError, NotReachableError, RefusedError."""
        await self._send(phone.hangup(channel, cause=cause))

    async def _send(self, action: phone.Action) -> None:
        try:
            await self._link.send(*action)
        except RefusedError as error:
            if any(words in str(error).lower() for words in NO_CHANNEL):
                raise GoneError("The call has just ended.") from error
            raise

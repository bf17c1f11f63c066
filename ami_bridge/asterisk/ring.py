"""Has somebody's own telephone rung by Asterisk, and knows whether that was said to Asterisk at all."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from ami_bridge.asterisk import phone, translate
from ami_bridge.asterisk.message import Message
from ami_bridge.asterisk.phone import Dialling
from ami_bridge.errors import LateError, NotReachableError, RefusedError


class Link(Protocol):
    """What we need of the connection."""

    @property
    def up(self) -> bool:
        """Whether there is one."""

    async def send(self, action: str, headers: Mapping[str, str | Sequence[str]] = ...) -> Message | list[Message]:
        """One action, one answer."""


class Ringer:
    """Rings."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def reachable(self, device: str) -> bool:
        """Whether a telephone can be rung, as Asterisk knows at this moment."""
        action = phone.state(device)
        try:
            answer = await self._link.send(*action)
        except RefusedError:
            return True  # it is not told; ringing will show
        return isinstance(answer, list) or translate.reachable(answer)

    async def ring(
        self,
        device: str,
        *,
        id: str,  # noqa: A002 - AMI's word
        other_id: str,
        keys: str,
        extension: str,
        name: str,
        auto_answer: str,
        ring_seconds: int,
    ) -> None:
        """Have a telephone rung; Asterisk has taken it on when this returns.

        Raises NotReachableError or RefusedError where it will not ring for sure, LateError where nobody knows.
        """
        dialling = Dialling(
            id=id,
            other_id=other_id,
            device=device,
            keys=keys,
            extension=extension,
            name=name,
            auto_answer=auto_answer,
            ring_seconds=ring_seconds,
        )
        action = phone.originate(dialling)
        if not self._link.up:
            raise NotReachableError("The telephone system is not connected.")
        try:
            await self._link.send(*action)
        except NotReachableError as error:
            raise LateError("Nobody knows whether your telephone rings: look at it before you dial again.") from error
        except RefusedError as error:
            raise RefusedError(f"The telephone system did not take the call: {error}.") from error

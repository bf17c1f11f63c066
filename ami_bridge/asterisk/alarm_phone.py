"""Rings people about alarms, and ends or changes such calls. How they end is told by events, not here."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import structlog
from msgspec.structs import replace

from ami_bridge.alarms.emergency import forbidden
from ami_bridge.alarms.ports import AlarmCall, Ended
from ami_bridge.asterisk import alarm_call
from ami_bridge.asterisk.message import Message
from ami_bridge.errors import NotReachableError, RefusedError

log = structlog.get_logger()


class Link(Protocol):
    """What we need of the connection."""

    @property
    def up(self) -> bool:
        """Whether there is one."""

    async def send(self, action: str, headers: Mapping[str, str | Sequence[str]] = ...) -> Message | list[Message]:
        """One action, one answer."""


class Calls(Protocol):
    """Who follows the calls."""

    def asked(self, action: str, attempt: str) -> None:
        """Be told that a call is about to be asked for."""

    def forget(self, action: str) -> None:
        """Be told that nothing was asked after all."""

    def stopped(self, attempt: str) -> None:
        """Be told that we have ended a call."""

    def tell(self, attempt: str, fact: Ended) -> None:
        """Say how an attempt ended that was never one."""


class AlarmPhone:
    """Rings."""

    def __init__(
        self,
        *,
        link: Link,
        calls: Calls,
        keys: Callable[[str], str],
        new_id: Callable[[], str],
        outside_line: str = "",
        caller: str = "",
    ) -> None:
        """`keys` tells what a person of the house would press for a number in E.164."""
        self._link = link
        self._calls = calls
        self._keys = keys
        self._new_id = new_id
        self._outside_line = outside_line
        self._caller = caller

    async def ring_with_alarm(self, call: AlarmCall) -> None:
        """Have somebody rung; when this returns, Asterisk has taken it on, or its answer was lost.

        Raises RefusedError where it has not, NotReachableError where nothing was sent. What nobody knows must not be
        taken for a failure: another call would be made about the same alarm while this one lives.
        """
        if forbidden(call.number, self._outside_line):
            self._calls.tell(call.attempt, Ended(outcome="forbidden", cause="FORBIDDEN"))
            return
        if not call.path and call.number.startswith("+"):
            call = replace(call, number=self._keys(call.number))
        action = f"act-{self._new_id()}"
        wanted = alarm_call.alarm(
            replace(call, caller=call.caller or self._caller), action=action, other_id=f"att-{self._new_id()}"
        )
        if not self._link.up:
            raise NotReachableError("Asterisk is not connected")
        self._calls.asked(action, call.attempt)
        try:
            await self._link.send(*wanted)
        except RefusedError:
            self._calls.forget(action)
            raise
        except NotReachableError as error:
            log.warning("alarm.call_unknown", attempt=call.attempt, why=str(error))

    async def stop(self, attempt: str) -> None:
        """End a call; raises NotReachableError. One that is over already is no error."""
        self._calls.stopped(attempt)
        try:
            await self._link.send(*alarm_call.stop(attempt))
        except RefusedError:
            return

    async def tell(self, attempt: str, who: str) -> None:
        """Let who listens hear that somebody else was first; likewise."""
        try:
            for action in alarm_call.tell(attempt, who):
                await self._link.send(*action)
        except RefusedError:
            return

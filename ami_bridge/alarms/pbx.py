"""The dialplan's questions about alarms: whether it is still to be taken over, and the code that was typed.

`taken` is answered after the commit only, because it is said to the person at once.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from ami_bridge.alarms.model import Alarm, Attempt
from ami_bridge.alarms.ports import Verdict
from ami_bridge.db.turns import urgent

_SAYABLE = re.compile(r"[A-Za-z0-9_/-]{1,100}")


class Engine(Protocol):
    """What we need of the engine."""

    async def acknowledge(self, *, attempt: str) -> Verdict:
        """Take over for who was called; the same however often it is asked. Raises where it could not be kept."""


class Store(Protocol):
    """What is known of attempts."""

    async def attempt(self, id_: str) -> Attempt | None:
        """One attempt."""

    async def get(self, id_: str) -> Alarm | None:
        """One alarm."""


class AlarmQuestions:
    """Answers `alarm-open` and `alarm-ack`: `open`, `taken`, `already=<who>`, `wrong`."""

    def __init__(
        self,
        *,
        engine: Engine,
        store: Store,
        spoken: Callable[[str], str],
        tested: Callable[[str], bool] = lambda _: False,
    ) -> None:
        """Make it; `spoken` gives for a login an extension, or a sound's name; `tested` knows our own test calls."""
        self._engine = engine
        self._store = store
        self._spoken = spoken
        self._tested = tested

    @property
    def answers(self) -> dict[str, Callable[[Mapping[str, str]], Awaitable[str]]]:
        """The questions, for the listener."""
        return {"alarm-open": self.still_open, "alarm-ack": self.acknowledge}

    async def still_open(self, form: Mapping[str, str]) -> str:
        """Say whether the alarm of this attempt still needs somebody."""
        with urgent():
            attempt = await self._store.attempt(form.get("att", ""))
            if attempt is None or attempt.purpose != "alarm":
                return "open"
            alarm = await self._store.get(attempt.alarm)
        by = None if alarm is None else alarm.acknowledged or alarm.taken_over
        return "open" if by is None else self._already(by.login or "")

    async def acknowledge(self, form: Mapping[str, str]) -> str:
        """Take over for who typed the code of this attempt."""
        id_ = form.get("att", "")
        if self._tested(id_):
            return "taken"
        verdict = await self._engine.acknowledge(attempt=id_)
        return self._already(verdict.login) if verdict.what == "already" else verdict.what

    def _already(self, login: str) -> str:
        said = self._spoken(login) if login else ""
        return f"already={said}" if _SAYABLE.fullmatch(said) else "already"

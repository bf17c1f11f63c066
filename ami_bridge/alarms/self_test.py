"""A call of the PBX to itself, once a day: everything an alarm's call needs, but for the telephone.

The other side listens and types the code. What that proves: the dialplan, its sounds, Read, AstDB, the question to us,
the events.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from ami_bridge.alarms.ports import AlarmCall, Ended, Fact
from ami_bridge.errors import BridgeError

log = structlog.get_logger()

EVERY = 24 * 3600.0
AGAIN_AFTER = 600.0
"""Seconds after a failure."""
WITHIN = 45.0
PATH = "self"
DIGITS = 4


class Phone(Protocol):
    """What we need of the telephone system."""

    async def ring_with_alarm(self, call: AlarmCall) -> None:
        """Begin a call."""


class SelfTest:
    """Tests, and tells when something is wrong."""

    def __init__(
        self,
        *,
        phone: Phone,
        new_id: Callable[[], str],
        random: Callable[[int], int],
        sound: Callable[[], str],
        noted: Callable[[], Awaitable[set[str]]],
        failed: Callable[[str], Awaitable[None]],
        passed: Callable[[], Awaitable[None]],
        clock: Callable[[], float],
        within: float = WITHIN,
    ) -> None:
        """Make it; `noted` gives attempts whose codes are in AstDB, `failed` is told what is wrong, in plain words.

        `passed` is told that all is well, again.
        """
        self._phone = phone
        self._new_id = new_id
        self._random = random
        self._sound = sound
        self._noted = noted
        self._failed = failed
        self._passed = passed
        self._clock = clock
        self._within = within
        self._attempt = ""
        self._asked = False
        self._ended: asyncio.Future[Ended] | None = None
        self._due: float | None = None

    def is_own(self, attempt: str) -> bool:
        """Whether the dialplan asks about the test that runs; noted, for this is part of it."""
        if not attempt or attempt != self._attempt:
            return False
        self._asked = True
        return True

    def take(self, attempt: str, fact: Fact) -> bool:
        """Take a fact, if it is about the test; all others are for the engine."""
        if not attempt or attempt != self._attempt:
            return False
        if isinstance(fact, Ended) and self._ended is not None and not self._ended.done():
            self._ended.set_result(fact)
        return True

    async def run(self) -> None:
        """Test at the start and every day, as long as the connection lives."""
        while True:
            wait = 0.0 if self._due is None else self._due - self._clock()
            await asyncio.sleep(max(0.0, wait))
            why = await self.test()
            self._due = self._clock() + (AGAIN_AFTER if why else EVERY)

    async def test(self) -> str:
        """Test once; returns what is wrong, empty where all is well."""
        why = await self._look()
        if why:
            log.error("alarms.self_test_failed", why=why)
        else:
            log.info("alarms.self_test_passed")
        try:
            await (self._failed(why) if why else self._passed())
        except BridgeError as error:  # told after the next test, which comes sooner then
            log.warning("alarms.self_test_not_told", code=error.code)
            return why or "the result could not be kept"
        return why

    async def _look(self) -> str:
        self._attempt, self._asked = f"att-{self._new_id()}", False
        self._ended = asyncio.get_running_loop().create_future()
        code = "".join(str(self._random(10)) for _ in range(DIGITS))
        try:
            async with asyncio.timeout(self._within):
                await self._phone.ring_with_alarm(
                    AlarmCall(
                        attempt=self._attempt,
                        number="",
                        path=PATH,
                        ring_seconds=10,
                        code=code,
                        sounds=(self._sound(),),
                    )
                )
                ended = await self._ended
                left = self._attempt in await self._noted()
        except TimeoutError:
            return "the test call did not come to its end"
        except BridgeError as error:
            return f"the test call could not be made: {error}"
        finally:
            self._attempt = ""
        return _judged(ended, asked=self._asked, left=left)


def _judged(ended: Ended, *, asked: bool, left: bool) -> str:
    if ended.outcome != "acked":
        return f"the test call ended as {ended.outcome} {ended.cause}".strip()
    if ended.cause:
        return f"the test call had a {ended.cause}"
    if not asked:
        return "the PBX did not reach us to say that the code was typed"
    return "the PBX could not delete its note of the code" if left else ""

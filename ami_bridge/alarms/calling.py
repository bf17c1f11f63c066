"""One call about an alarm: its code, what is heard, where it goes; and what keeps it from beginning."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog

from ami_bridge.alarms.model import Alarm, Attempt
from ami_bridge.alarms.policy import Ring
from ami_bridge.alarms.ports import AlarmCall, Ended, Phone, Sounds, Speakers
from ami_bridge.errors import BridgeError, NotReachableError

log = structlog.get_logger()

BEGUN_WITHIN = 10.0
"""Seconds until the telephone system has taken the wish to ring."""
SPOKEN_WITHIN = 2.0
"""Seconds for speech; after that it is rung without."""
HERE = ZoneInfo("Europe/Berlin")
PRIORITIES = {1: "sehr hoch", 2: "hoch", 3: "mittel", 4: "niedrig"}


class Caller:
    """Makes calls about alarms."""

    def __init__(
        self,
        *,
        phone: Phone,
        sounds: Sounds,
        speakers: Speakers,
        new_id: Callable[[], str],
        random: Callable[[int], int],
        digits: int,
        language: str,
        caller: str,
        alerts: Mapping[str, str],
        spoken: Callable[[str], str],
    ) -> None:
        """`random` gives a number below another one; `alerts` say by number how a telephone rings for alarms.

        `spoken` gives for a login the extension, or the sound, by which that person is named in a call.
        """
        self._phone = phone
        self._sounds = sounds
        self._speakers = speakers
        self._new_id = new_id
        self._random = random
        self._digits = digits
        self._language = language
        self._caller = caller
        self._alerts = dict(alerts)
        self._spoken = spoken

    def attempt(self, alarm: str, ring: Ring, now: datetime, deadline: datetime) -> Attempt:
        """Return the attempt that this call will be, with a code of its own."""
        return Attempt(
            id=f"att-{self._new_id()}",
            alarm=alarm,
            login=ring.person.login,
            name=ring.person.name,
            destination=ring.destination,
            path=ring.path,
            purpose=ring.purpose,
            code=self._code(),
            claimed_at=now,
            deadline=deadline,
        )

    async def ring(self, attempt: Attempt, alarm: Alarm, *, still: Callable[[], bool]) -> Ended | None:
        """Have it made, if it is `still` to be made; returns how it ended where it was certainly not begun."""
        sounds = await self._heard(alarm, attempt.purpose)
        if not still():
            return Ended(outcome="daemon_lost", cause="not begun")
        call = AlarmCall(
            attempt=attempt.id,
            number=attempt.destination,
            path=attempt.path,
            ring_seconds=alarm.plan.ring_seconds,
            code=attempt.code,
            sounds=sounds,
            purpose=attempt.purpose,
            alert=self._alerts.get(attempt.destination, ""),
            caller=self._caller,
        )
        try:
            async with asyncio.timeout(BEGUN_WITHIN):
                await self._phone.ring_with_alarm(call)
        except BridgeError as error:
            log.warning("alarm.call_not_begun", alarm=alarm.id, attempt=attempt.id, code=error.code)
            return Ended(outcome="path_failed", cause=error.code)
        except TimeoutError:
            log.warning("alarm.call_unknown", attempt=attempt.id, why="timeout")
        return None

    async def stop(self, attempt: str) -> None:
        """End a call that still rings."""
        try:
            async with asyncio.timeout(BEGUN_WITHIN):
                await self._phone.stop(attempt)
        except (BridgeError, TimeoutError) as error:
            log.warning("alarm.call_not_stopped", attempt=attempt, code=getattr(error, "code", "timeout"))

    async def tell(self, attempt: str, login: str) -> None:
        """Let who listens just now hear who has taken over."""
        try:
            async with asyncio.timeout(BEGUN_WITHIN):
                await self._phone.tell(attempt, self._spoken(login))
        except (BridgeError, TimeoutError) as error:
            log.warning("alarm.call_not_told", attempt=attempt, code=getattr(error, "code", "timeout"))

    async def announce(self, alarm: Alarm) -> None:
        """Play it on the loudspeakers; nobody is believed to have heard it."""
        try:
            async with asyncio.timeout(BEGUN_WITHIN):
                await self._speakers.announce(alarm.id, await self._heard(alarm, "alarm"))
        except (BridgeError, TimeoutError, OSError) as error:
            log.warning("alarm.speakers_failed", alarm=alarm.id, code=getattr(error, "code", "unavailable"))

    async def _heard(self, alarm: Alarm, purpose: str) -> tuple[str, ...]:
        """Return what is heard: its sound, and its words as far as they can be spoken in time."""
        sound = self._sounds.alarm("all-clear" if purpose == "all-clear" else alarm.sound)
        try:
            async with asyncio.timeout(SPOKEN_WITHIN):
                return sound, await self._sounds.speech(spoken(alarm, purpose), self._language)
        except (TimeoutError, OSError, NotReachableError):
            log.warning("alarm.not_spoken", alarm=alarm.id)
            return (sound,)

    def _code(self) -> str:
        """Return digits that no mailbox presses by chance; not all the same, for those could be an echo of one."""
        while True:
            code = "".join(str(self._random(10)) for _ in range(self._digits))
            if len(set(code)) > 1:
                return code


def spoken(alarm: Alarm, purpose: str = "alarm") -> str:
    """Return what is said in German: what it is about, how urgent, since when, and how many more there are."""
    since = (alarm.event_time or alarm.raised_at).astimezone(HERE)
    at = f"seit {since:%H:%M} Uhr"
    if purpose == "all-clear":
        return f"Entwarnung. {alarm.text}. Die Störung ist behoben."
    if alarm.test:
        return f"Probealarm. {alarm.text}. Dies ist eine Probe."
    more = f" Und {alarm.bundled} weitere Meldungen." if alarm.bundled > 1 else ""
    more = " Und eine weitere Meldung." if alarm.bundled == 1 else more
    over = "" if alarm.active else " Die Störung ist inzwischen gegangen."
    return f"Alarm. {alarm.text}. Priorität {PRIORITIES[alarm.priority]}, {at}.{over}{more}"

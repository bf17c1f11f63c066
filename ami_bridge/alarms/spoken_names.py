"""Names of those who look after plants, spoken beforehand: who still rings hears who has taken over, at once."""

import asyncio
from collections.abc import Callable, Iterable

import structlog

from ami_bridge.alarms.speech import Speech
from ami_bridge.alarms.states import OPERATES
from ami_bridge.errors import BridgeError
from ami_bridge.people.model import Person

log = structlog.get_logger()

LOOK_EVERY = 60.0


class SpokenNames:
    """Knows by login what is played; it is made before anybody needs it."""

    def __init__(
        self,
        *,
        speech: Speech,
        staff: Callable[[], Iterable[Person]],
        extension: Callable[[str], str],
        language: str,
    ) -> None:
        """`extension` is what is said of somebody whose name is not spoken: digit by digit."""
        self._speech = speech
        self._staff = staff
        self._extension = extension
        self._language = language
        self._made: dict[str, str] = {}

    def of(self, login: str) -> str:
        """Return the name of a sound, or an extension; from memory."""
        return self._made.get(login) or self._extension(login)

    async def look(self) -> None:
        """Have the names spoken that are not yet, or not any more; one that cannot be costs itself alone."""
        made: dict[str, str] = {}
        for person in [one for one in self._staff() if OPERATES & set(one.roles) and one.name.strip()]:
            said = await asyncio.to_thread(self._speech.said, person.name, self._language)
            name = self._speech.name(said, self._language)
            try:
                if not await asyncio.to_thread(self._speech.has, name):
                    await self._speech.make(name, said, self._language)
            except (BridgeError, TimeoutError, OSError) as error:
                log.warning("alarm.speech_failed", why=type(error).__name__)
                continue
            made[person.login] = name
        self._made = made

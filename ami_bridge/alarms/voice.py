"""Sounds and speech that Asterisk plays, as names below its folders; speech is made while it rings already."""

import asyncio
from pathlib import Path

import structlog

from ami_bridge.alarms.speech import Speech
from ami_bridge.errors import BridgeError
from ami_bridge.tasks import Errands

log = structlog.get_logger()

SPOKEN_WITHIN = 15.0
USUAL = "horn"


class Voice:
    """Finds sounds, and has words spoken: by name at once, for nobody listens before somebody has answered."""

    def __init__(self, *, folder: Path, speech: Speech, errands: Errands) -> None:
        """Read `alarms/` below `folder`, the site's own sounds."""
        self._folder = folder
        self._speech = speech
        self._errands = errands
        self._making: set[str] = set()

    def alarm(self, sound: str) -> str:
        """Return the site's own sound of this name, else ours."""
        own = self._folder / "alarms" / f"{sound}.wav"
        return f"alarms/{sound}" if own.is_file() else f"alarm-{sound or USUAL}"

    async def speech(self, text: str, language: str) -> str:
        """Return the name of these words; they are there some tenths of a second later."""
        said = await asyncio.to_thread(self._speech.said, text, language)
        name = self._speech.name(said, language)
        if not await asyncio.to_thread(self._speech.has, name) and name not in self._making:
            self._making.add(name)
            self._errands.start(self._make(name, said, language), name="alarm speech")
        return name

    async def _make(self, name: str, said: str, language: str) -> None:
        try:
            async with asyncio.timeout(SPOKEN_WITHIN):
                await self._speech.make(name, said, language)
        except (BridgeError, TimeoutError, OSError) as error:
            log.warning("alarm.speech_failed", why=type(error).__name__)
        finally:
            self._making.discard(name)

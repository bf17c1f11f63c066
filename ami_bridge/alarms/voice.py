"""Sounds and speech that Asterisk plays, as names below its folders; speech is made while it rings already."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path

import structlog

from ami_bridge.errors import BridgeError, NotReachableError
from ami_bridge.tasks import Errands

log = structlog.get_logger()

SPOKEN_WITHIN = 15.0
USUAL = "horn"
PROGRAM = "espeak-ng"
VOICES = {"de": "de", "en": "en-gb"}
SAID_WITHIN = 5.0
LONGEST = 400
"""Characters; nobody listens longer."""


class Voice:
    """Finds sounds, and has words spoken: by name at once, for nobody listens before somebody has answered."""

    def __init__(self, *, folder: Path, speak: Callable[[str, str], Awaitable[bytes]], errands: Errands) -> None:
        """Read and write below `folder`: `alarms/` for the site's own sounds, `speech/`; `speak` makes a wav."""
        self._folder = folder
        self._speak = speak
        self._errands = errands

    def alarm(self, sound: str) -> str:
        """Return the site's own sound of this name, else ours."""
        own = self._folder / "alarms" / f"{sound}.wav"
        return f"alarms/{sound}" if own.is_file() else f"alarm-{sound or USUAL}"

    async def speech(self, text: str, language: str) -> str:
        """Return the name of these words; they are there some tenths of a second later."""
        name = f"speech/{sha256(f'{language} {text}'.encode()).hexdigest()[:32]}"
        file = self._folder / f"{name}.wav"
        if not await asyncio.to_thread(file.is_file):
            self._errands.start(self._make(file, text, language), name="alarm speech")
        return name

    async def _make(self, file: Path, text: str, language: str) -> None:
        try:
            async with asyncio.timeout(SPOKEN_WITHIN):
                sound = await self._speak(text, language)
                await asyncio.to_thread(_write, file, sound)
        except (BridgeError, TimeoutError, OSError) as error:
            log.warning("alarm.speech_failed", why=type(error).__name__)


async def say(text: str, language: str) -> bytes:
    """Speak by espeak-ng, which reads from its standard input; raises NotReachableError where it cannot."""
    sayable = "".join(sign if sign.isalnum() or sign in " .,:;!?%()+-/" else " " for sign in text)[:LONGEST]
    process = await asyncio.create_subprocess_exec(
        PROGRAM, "-v", VOICES.get(language, "de"), "-s", "130", "-g", "2", "--stdin", "--stdout",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(SAID_WITHIN):
            said, _ = await process.communicate(sayable.encode())
    except TimeoutError as error:
        raise NotReachableError(f"{PROGRAM} did not end in time") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise NotReachableError(f"{PROGRAM} failed")
    return said


def _write(file: Path, sound: bytes) -> None:
    """Write it whole or not at all, for Asterisk to read."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    new.write_bytes(sound)
    new.chmod(0o644)
    os.replace(new, file)  # noqa: PTH105 - says what it does

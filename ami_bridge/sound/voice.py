"""A voice: a program that reads a text from its standard input and writes a wav, such as espeak-ng."""

import asyncio
from collections.abc import Sequence

from ami_bridge.errors import BadRequestError, NotReachableError
from ami_bridge.sound import wav
from ami_bridge.sound.level import levelled
from ami_bridge.sound.rate import at_rate

ESPEAK = "espeak-ng"
SPEED = 150
"""Words a minute."""
RATE = 8000
LOUDNESS, NEAR = -20.0, 1.0
"""LUFS, and by how many LU: nearer takes as long again, and nobody hears it."""
VOICES = {"de": "de", "en": "en"}


def espeak(language: str, *, speed: int = SPEED, gap: int = 0) -> tuple[str, ...]:
    """Return how espeak-ng is started; `gap` is the pause between words, in hundredths of a second."""
    return (
        ESPEAK, "-v", VOICES.get(language, "de"), "-s", str(speed), "-g", str(gap), "--stdin", "--stdout"
    )  # fmt: skip


async def said(program: Sequence[str], text: str, *, within: float) -> bytes:
    """Have a text spoken; raises NotReachableError where that program cannot, or not in time."""
    name = program[0].rpartition("/")[2]
    try:
        process = await asyncio.create_subprocess_exec(
            *program,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError as error:
        raise NotReachableError(f"{name} cannot be started") from error
    try:
        async with asyncio.timeout(within):
            sound, _ = await process.communicate(text.encode())
    except TimeoutError as error:
        raise NotReachableError(f"{name} did not end within {within:g} s") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode or not sound:
        raise NotReachableError(f"{name} failed")
    return sound


def for_telephones(spoken: bytes) -> bytes:
    """Return a wav as Asterisk plays it (8 kHz, even loudness) of one that a voice made (mono, 16 bit).

    Raises NotReachableError for anything else.
    """
    try:
        sound = wav.read(spoken)
    except BadRequestError as error:
        raise NotReachableError("the voice made no sound") from error
    return wav.write(levelled(at_rate(sound, RATE), LOUDNESS, NEAR))

"""A voice: a program that reads a text from its standard input and writes a wav, such as espeak-ng."""

import asyncio
from collections.abc import Sequence

from ami_bridge.errors import NotReachableError

ESPEAK = "espeak-ng"
SPEED = 150
"""Words a minute."""
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

"""Spoken names of people who have a PIN of their own: a wav each, with which the PBX announces them."""

import asyncio
import os
import re
import struct
from array import array
from collections.abc import Awaitable, Callable, Mapping, Sequence
from math import cos, pi, sin, sqrt
from operator import mul
from pathlib import Path

import structlog
from msgspec import Struct

from ami_bridge.errors import NotReachableError

log = structlog.get_logger()

LOOK_EVERY = 600.0
PROGRAM = "espeak-ng"
VOICES = {"de": "de", "en": "en"}
WITHIN = 5.0
LONGEST = 60
"""Signs of a name; nobody listens longer."""
RATE = 8000
LOUD, PEAK = 0.12, 0.9
TAPS = 22
"""Samples to each side that make one sample of a lower rate."""
OURS = re.compile(r"[0-9A-Z]{26}")
"""Ids, which are the names of our files; others in the folder are left alone."""


class Name(Struct, frozen=True):
    """What is to be said."""

    text: str
    language: str


Speak = Callable[[Name], Awaitable[bytes]]


class Spoken:
    """The folder with the names."""

    def __init__(self, *, folder: Path, names: Callable[[], Mapping[str, Name]], speak: Speak) -> None:
        """Have a wav for all that `names` wants, by id of the PIN, and for no others."""
        self._folder = folder
        self._names = names
        self._speak = speak
        self.wake = asyncio.Event()

    async def look(self) -> None:
        """Make the folder what it should be."""
        wanted = {one: name for one, name in self._names().items() if sayable(name.text)}
        try:
            have = await asyncio.to_thread(self._have)
            await asyncio.to_thread(self._remove, have - wanted.keys())
            for one in sorted(wanted.keys() - have):
                sound = await self._speak(wanted[one])
                await asyncio.to_thread(self._write, one, sound)
        except (OSError, NotReachableError) as error:
            log.warning("rooms.names_unspoken", why=type(error).__name__)

    def _have(self) -> set[str]:
        return {path.stem for path in self._folder.glob("*.wav") if OURS.fullmatch(path.stem)}

    def _remove(self, ids: set[str]) -> None:
        for one in ids:
            (self._folder / f"{one}.wav").unlink(missing_ok=True)

    def _write(self, one: str, sound: bytes) -> None:
        """Write it whole or not at all, for Asterisk to read."""
        new = self._folder / f"{one}.new"
        new.write_bytes(sound)
        new.chmod(0o644)
        os.replace(new, self._folder / f"{one}.wav")  # noqa: PTH105 - says what it does


def sayable(text: str) -> str:
    """Return what a voice is given: letters and figures, nothing that it would take for a command."""
    return " ".join("".join(sign if sign.isalnum() or sign in ".'-" else " " for sign in text).split())[:LONGEST]


async def speak(name: Name) -> bytes:
    """Speak a name by espeak-ng, which reads it from its standard input; raises NotReachableError where it cannot."""
    process = await asyncio.create_subprocess_exec(
        PROGRAM, "-v", VOICES.get(name.language, "de"), "-s", "150", "--stdin", "--stdout",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(WITHIN):
            said, _ = await process.communicate(sayable(name.text).encode())
    except TimeoutError as error:
        raise NotReachableError(f"{PROGRAM} did not end within {WITHIN:g} s") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise NotReachableError(f"{PROGRAM} failed")
    return await asyncio.to_thread(for_telephones, said)


def for_telephones(spoken: bytes) -> bytes:
    """Return a wav as Asterisk plays it (8 kHz, even loudness) of one that a voice made (mono, 16 bit).

    Raises NotReachableError for anything else.
    """
    at = spoken.find(b"data")
    if spoken[:4] != b"RIFF" or at < 36:  # noqa: PLR2004 - where the header ends
        raise NotReachableError(f"{PROGRAM} made no sound")
    rate = struct.unpack_from("<I", spoken, 24)[0]
    body = spoken[at + 8 :]
    samples = array("h", body[: len(body) // 2 * 2])
    if not RATE <= rate <= 48_000 or not samples:  # noqa: PLR2004
        raise NotReachableError(f"{PROGRAM} made no sound")
    slower = _slower(samples, rate)
    loudest, loudness = max(map(abs, slower)), sqrt(sum(map(mul, slower, slower)) / len(slower))
    gain = min(PEAK * 32767 / loudest, LOUD * 32768 / loudness) if loudness else 0
    frames = array("h", (int(one * gain) for one in slower)).tobytes()
    kind = (b"fmt ", 16, 1, 1, RATE, 2 * RATE, 2, 16)
    return struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(frames), b"WAVE", *kind, b"data", len(frames)) + frames


def _slower(samples: Sequence[int], rate: int) -> list[float]:
    """Bring samples to 8 kHz, without what is too high for it (a windowed sinc)."""
    step, cut = rate / RATE, 0.9 * RATE / rate
    padded = [0] * TAPS + [*samples] + [0] * (2 * TAPS)
    weights: dict[int, list[float]] = {}
    slower = []
    for number in range(int(len(samples) / step)):
        place = number * step
        whole = int(place)
        part = round((place - whole) * 64)
        if part not in weights:
            weights[part] = [_weight(tap - TAPS - part / 64, cut) for tap in range(2 * TAPS + 1)]
        slower.append(sum(map(mul, weights[part], padded[whole : whole + 2 * TAPS + 1])))
    return slower


def _weight(distance: float, cut: float) -> float:
    window = 0.5 + 0.5 * cos(pi * max(-1.0, min(1.0, distance / TAPS)))
    angle = pi * cut * distance
    return window * cut * (sin(angle) / angle if angle else 1.0)

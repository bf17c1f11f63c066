"""Spoken names of people who have a PIN of their own: a wav each, with which the PBX announces them."""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import structlog
from msgspec import Struct

from ami_bridge.errors import NotReachableError
from ami_bridge.sound import voice
from ami_bridge.sound.telephone import made_apart

log = structlog.get_logger()

LOOK_EVERY = 600.0
WITHIN = 5.0
LONGEST = 60
"""Signs of a name; nobody listens longer."""
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
    """Speak a name by espeak-ng; raises NotReachableError where it cannot."""
    said = await voice.said(voice.espeak(name.language), sayable(name.text), within=WITHIN)
    return await made_apart(said)

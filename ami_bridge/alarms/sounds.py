"""The site's own alarm sounds: whatever ffmpeg reads becomes what telephones play, and is listened to before."""

import asyncio
import os
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Literal

from msgspec import Struct

from ami_bridge.errors import BadRequestError, NotFoundError, NotReachableError
from ami_bridge.sound import wav
from ami_bridge.sound.hearing import NARROW, WIDE, Fault, faults, length
from ami_bridge.sound.level import faded_in, faded_out, levelled, loudness
from ami_bridge.sound.rate import at_rate
from ami_bridge.sound.wav import Sound

NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+){0,7}")
LONGEST_NAME = 40
LARGEST = 10_000_000
"""Bytes of an upload."""
SHORTEST, LONGEST = 1.0, 15.0
"""Seconds."""
QUIETEST, WANTED, LOUDEST = -18.0, -17.0, -16.0
"""LUFS."""
RISES, FALLS = 0.3, 0.05
WITHIN = 10.0
MOST = 100
CONVERT = (
    "ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error", "-protocol_whitelist", "pipe", "-i", "pipe:0",
    "-map", "0:a:0", "-vn", "-sn", "-dn", "-t", f"{LONGEST + 1:g}",
    "-ac", "1", "-ar", str(WIDE), "-f", "s16le", "pipe:1",
)  # fmt: skip


class Kept(Struct, frozen=True, kw_only=True):
    """A sound that there is."""

    name: str
    own: bool
    """Whether it is the site's, not one that we ship."""
    seconds: float
    loudness: float
    """LUFS, as telephones play it."""


class UnfitError(BadRequestError):
    """A recording that cannot be a sound of alarms, with what to do about it, in both languages."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(" ".join(one.en for one in faults))
        self.faults = faults

    def said(self, language: Literal["de", "en"]) -> str:
        """Return it in one language."""
        return " ".join(one.de if language == "de" else one.en for one in self.faults)


TOO_LARGE = Fault(
    f"Sie hat mehr als {LARGEST // 1_000_000} MB: kürzen Sie sie, oder speichern Sie sie als MP3.",
    f"A recording has at most {LARGEST // 1_000_000} MB: cut it, or save it as MP3.",
)
UNREADABLE = Fault(
    "Das ist keine Aufnahme, die sich lesen lässt: speichern Sie sie als WAV, MP3, FLAC oder OGG.",
    "That is no recording that can be read: save it as WAV, MP3, FLAC or OGG.",
)
LATE = Fault(
    "Sie ist nicht ganz angekommen: versuchen Sie es noch einmal, oder mit einer kleineren Datei.",
    "The recording did not arrive whole: try again, or a smaller file.",
)
NO_NAME = Fault(
    f"Ein Ton heißt mit kleinen Buchstaben, Ziffern und einzelnen Bindestrichen, höchstens {LONGEST_NAME} Zeichen.",
    f"A sound's name is small letters, digits and single hyphens, at most {LONGEST_NAME}.",
)
TOO_MANY = Fault(
    f"Es gibt schon {MOST} eigene Töne: entfernen Sie erst einen.",
    f"There are {MOST} sounds already; remove one first.",
)


def checked(name: str) -> str:
    """Return a name that can be a file's; raises BadRequestError for any other."""
    if len(name) > LONGEST_NAME or not NAME.fullmatch(name):
        raise UnfitError(NO_NAME)
    return name


async def converted(upload: bytes) -> Sound:
    """Read a recording of any form; raises BadRequestError where it is none, NotReachableError without ffmpeg."""
    if len(upload) > LARGEST:
        raise UnfitError(TOO_LARGE)
    try:
        process = await asyncio.create_subprocess_exec(
            *CONVERT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
    except OSError as error:
        raise NotReachableError("ffmpeg cannot be started") from error
    try:
        async with asyncio.timeout(WITHIN):
            frames, _ = await process.communicate(upload)
    except TimeoutError as error:
        raise UnfitError(UNREADABLE) from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode or len(frames) < 2:  # noqa: PLR2004 - a sample
        raise UnfitError(UNREADABLE)
    return wav.from_frames(frames, WIDE)


def prepared(sound: Sound) -> Sound:
    """Make it as loud as alarms are, with soft ends; raises BadRequestError with what is wrong."""
    if not SHORTEST <= sound.seconds <= LONGEST:
        raise UnfitError(length(sound.seconds, SHORTEST, LONGEST))
    made = levelled(faded_out(faded_in(sound, RISES), FALLS), WANTED)
    wrong = [*faults(made, shortest=SHORTEST, longest=LONGEST, quietest=QUIETEST, loudest=LOUDEST)]
    if wrong:
        raise UnfitError(*wrong)
    return made


async def prepared_in_thread(sound: Sound) -> Sound:
    """Likewise, while others go on: it takes some tenths of a second."""
    return await asyncio.to_thread(prepared, sound)


class Library:
    """The folder of the site's sounds, and ours. All of it reads and writes files: it is for threads."""

    def __init__(self, *, folder: Path, ours: Path) -> None:
        """Keep them in `alarms/` below `folder`; `ours` are shipped as `alarm-<name>.wav`."""
        self._folder = folder / "alarms"
        self._ours = ours
        self._measured: dict[tuple[Path, int, int], float] = {}
        """How loud a file is, as long as it is the same: measuring one takes some hundredths of a second."""

    def all(self) -> list[Kept]:
        """Return what there is, by name; the site's own instead of ours."""
        found = {one.name: one for one in (*self._in(self._ours, "alarm-"), *self._in(self._folder, ""))}
        return sorted(found.values(), key=lambda one: one.name)

    def is_ours(self, name: str) -> bool:
        """Whether one of this name comes with us, which is heard where the site has none."""
        return (self._ours / f"alarm-{checked(name)}.wav").is_file()

    def read(self, name: str) -> bytes:
        """Return a sound as telephones hear it; raises NotFoundError."""
        for file in (self._folder / f"{checked(name)}.wav", self._ours / f"alarm-{name}.wav"):
            if file.is_file():
                return file.read_bytes()
        raise NotFoundError("There is no such sound.")

    def keep(self, name: str, sound: Sound) -> None:
        """Keep it for telephones, and in wide band; the old one of this name goes."""
        file = self._folder / f"{checked(name)}.wav"
        self._folder.mkdir(parents=True, exist_ok=True)
        if not file.is_file() and sum(1 for _ in self._folder.glob("*.wav")) >= MOST:
            raise UnfitError(TOO_MANY)
        _write(file.with_suffix(".sln16"), wav.frames_of(at_rate(sound, WIDE).samples))
        _write(file, wav.write(at_rate(sound, NARROW)))

    def remove(self, name: str) -> None:
        """Remove one of the site's; raises NotFoundError, also for ours."""
        file = self._folder / f"{checked(name)}.wav"
        if not file.is_file():
            raise NotFoundError("The site has no sound of its own of this name.")
        file.unlink()
        file.with_suffix(".sln16").unlink(missing_ok=True)

    def _in(self, folder: Path, before: str) -> Iterator[Kept]:
        for file in folder.glob(f"{before}*.wav"):
            name = file.stem.removeprefix(before)
            if NAME.fullmatch(name):
                seen = file.stat()
                samples = max(0, seen.st_size - 44) / 2  # the header comes first
                loud = self._loudness(file, (file, seen.st_mtime_ns, seen.st_size))
                yield Kept(name=name, own=not before, seconds=round(samples / NARROW, 1), loudness=loud)

    def _loudness(self, file: Path, key: tuple[Path, int, int]) -> float:
        if key not in self._measured:
            self._measured = {known: loud for known, loud in self._measured.items() if known[0] != file}
            self._measured[key] = round(loudness(wav.read(file.read_bytes())), 1)
        return self._measured[key]


def _write(file: Path, content: bytes) -> None:
    """Write it whole or not at all, for Asterisk to read."""
    with NamedTemporaryFile(dir=file.parent, suffix=".new", delete=False) as new:
        new.write(content)
        os.fchmod(new.fileno(), 0o644)
    os.replace(new.name, file)  # noqa: PTH105 - says what it does

"""Words of alarms as telephones hear them: made by a voice once, then kept, the most recently used ones."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile

from ami_bridge.alarms.spoken_numbers import Lexicon, spoken
from ami_bridge.sound import voice
from ami_bridge.sound.telephone import made_apart

SPEED, GAP = 130, 2
"""Words a minute, and hundredths of a second between them: somebody has just been woken."""
WITHIN = 2.0
"""Seconds for the voice."""
MOST = 500
"""Kept ones, about 100 kB each."""
LEXICON = "lexicon.txt"
LONGEST_LEXICON = 64_000
HASHED = 32


class Speech:
    """The folder of what was said. Its methods read and write files: they are for threads, `make` is not."""

    def __init__(self, folder: Path, *, most: int = MOST) -> None:
        """Keep `speech/` below `folder`, and read there how the plant's own words are said."""
        self._folder = folder
        self._most = most
        self._one_by_one = asyncio.Lock()

    def said(self, text: str, language: str) -> str:
        """Return the text as the voice is given it, with the plant's own words."""
        try:
            with (self._folder / LEXICON).open(encoding="utf-8", errors="replace") as file:
                lexicon = Lexicon.read(file.read(LONGEST_LEXICON))
        except OSError:
            lexicon = Lexicon()
        return spoken(text, language, lexicon)

    def name(self, said: str, language: str) -> str:
        """Return the name by which Asterisk plays these words."""
        return f"speech/{sha256(f'{language} {said}'.encode()).hexdigest()[:HASHED]}"

    def has(self, name: str) -> bool:
        """Say whether they are there, and keep them longer."""
        try:
            os.utime(self._folder / f"{name}.wav")
        except OSError:
            return False
        return True

    async def make(self, name: str, said: str, language: str) -> None:
        """Have them spoken and kept; raises NotReachableError or OSError where that cannot be."""
        sound = await voice.said(voice.espeak(language, speed=SPEED, gap=GAP), said, within=WITHIN)
        async with self._one_by_one:
            await asyncio.to_thread(self._keep, name, await made_apart(sound))

    def _keep(self, name: str, sound: bytes) -> None:
        """Write it whole or not at all, for Asterisk to read; and throw away what was not said for longest."""
        file = self._folder / f"{name}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=file.parent, suffix=".new", delete=False) as new:
            new.write(sound)
            os.fchmod(new.fileno(), 0o644)
        os.replace(new.name, file)  # noqa: PTH105 - says what it does
        kept = sorted(_by_use(file.parent), reverse=True)
        for _, old in kept[self._most :]:
            old.unlink(missing_ok=True)


def _by_use(folder: Path) -> Iterator[tuple[int, Path]]:
    """Return when each was last used; one that goes meanwhile is not there."""
    for one in folder.glob("*.wav"):
        with suppress(FileNotFoundError):
            yield one.stat().st_mtime_ns, one

"""Programs that the daemon starts beside itself: to read recordings, to speak."""

import asyncio
import shutil
from collections.abc import Callable, Iterator

from ami_bridge.config import Config
from ami_bridge.doctor.model import Finding, Kind, Words

MISSING = Kind(
    code="programs.missing",
    severity="error",
    what=Words("Das Programm {program} fehlt: {cost_de}.", "The program {program} is missing: {cost_en}."),
    do=Words("«apt install {program}» auf diesem Rechner.", "“apt install {program}” on this machine."),
)
LESS = Kind(code="programs.less", severity="warning", what=MISSING.what, do=MISSING.do)
FINE = Kind(
    code="programs.fine",
    severity="ok",
    what=Words("Hilfsprogramme sind da: {programs}.", "Programs that are needed are there: {programs}."),
)
SPEAKS = "espeak-ng"
READS = "ffmpeg"
NO_WORDS = Words("Alarme klingeln, sagen aber nicht, was geschehen ist", "alarms ring, but do not say what happened")
NO_NAMES = Words("in Telefonkonferenzen wird niemand angesagt", "nobody is announced in conferences")
NO_SOUNDS = Words("eigene Alarmtöne lassen sich nicht hinzufügen", "no sounds of your own can be added to alarms")


class Beside:
    """Looks for them."""

    def __init__(self, config: Config, *, where: Callable[[str], str | None] = shutil.which) -> None:
        """`where` finds a program, by its name, as starting it would."""
        self._config = config
        self._where = where

    async def check(self) -> list[Finding]:
        """Look for all that this house needs."""
        return await asyncio.to_thread(self._check)

    def _check(self) -> list[Finding]:
        wanted = {*self._wanted()}
        missing = [(kind, program, cost) for kind, program, cost in self._wanted() if self._where(program) is None]
        if missing or not wanted:
            return [
                kind(program=program, cost_de=cost.de, cost_en=cost.en)
                for kind, program, cost in dict.fromkeys(missing)
            ]
        return [FINE(programs=", ".join(sorted({program for _, program, _ in wanted})))]

    def _wanted(self) -> Iterator[tuple[Kind, str, Words]]:
        if self._config.source:
            yield MISSING, SPEAKS, NO_WORDS
            yield LESS, READS, NO_SOUNDS
        if self._config.rooms.names_dir:
            yield LESS, SPEAKS, NO_NAMES

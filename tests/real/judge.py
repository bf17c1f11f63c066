"""What Asterisk itself says about the calls that were made: its call records and channel events."""

import csv
from dataclasses import dataclass
from pathlib import Path

from ami_bridge.demo.pbx import Pbx


@dataclass(frozen=True)
class Record:
    """One line of dialplan/demo/cdr_custom.conf."""

    linkedid: str
    uniqueid: str
    src: str
    dst: str
    channel: str
    dstchannel: str
    disposition: str
    start: str
    answer: str
    end: str
    duration: str
    billsec: str
    app: str

    @property
    def parties(self) -> tuple[str, str]:
        """Endpoints of both channels."""
        return _endpoint(self.channel), _endpoint(self.dstchannel)


@dataclass(frozen=True)
class Happening:
    """One line of dialplan/demo/cel_custom.conf."""

    event: str
    time: str
    linkedid: str
    uniqueid: str
    channel: str
    number: str
    name: str
    exten: str
    context: str
    app: str
    peer: str
    extra: str


class Judge:
    """Calls since it was made."""

    def __init__(self, pbx: Pbx) -> None:
        self._pbx = pbx
        self._records = len(_rows(pbx.cdr))
        self._happenings = len(_rows(pbx.cel))

    async def records(self, at_least: int = 1) -> list[Record]:
        """The call records, once all calls are over."""
        await self._pbx.quiet()
        await self._pbx.until(
            lambda: len(_rows(self._pbx.cdr)) >= self._records + at_least, "the call records were not written"
        )
        return [Record(*row) for row in _rows(self._pbx.cdr)[self._records :]]

    async def dialled(self) -> list[Record]:
        """The records of legs that were dialled, without the dialplan's own steps."""
        return [record for record in await self.records() if record.dstchannel]

    async def happenings(self) -> list[Happening]:
        """The channel events, once all calls are over."""
        await self._pbx.quiet()
        await self._pbx.until(lambda: self._over(self._new()), "the channel events were not written")
        return self._new()

    async def events(self) -> list[str]:
        """Their kinds, in order."""
        return [one.event for one in await self.happenings()]

    def _new(self) -> list[Happening]:
        return [Happening(*row) for row in _rows(self._pbx.cel)[self._happenings :]]

    def _over(self, found: list[Happening]) -> bool:
        started = sum(one.event == "CHAN_START" for one in found)
        return started > 0 and started == sum(one.event == "CHAN_END" for one in found)


def _rows(path: Path) -> list[list[str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", errors="replace", newline="") as lines:
        return list(csv.reader(lines))


def _endpoint(channel: str) -> str:
    return channel.rpartition("-")[0].removeprefix("PJSIP/")

"""A call to an alarm number becomes a report: somebody has typed the code, or a dialling device of the plant called.

Whether the code was right, the PBX has decided (dialplan/alarm-sources.conf); what it noted comes here, perhaps late.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal, Protocol

import msgspec
import structlog
from msgspec import Struct

from ami_bridge.alarms.model import LogEntry, Report
from ami_bridge.config_alarms import Source
from ami_bridge.people.model import Person

log = structlog.get_logger()

POINT = "call"
"""The point of people; each device is one of its own."""
LATE = timedelta(minutes=1)
NOBODY = "anonymous"
_NOTED = re.compile(r"(come|go):([0-9]{1,32}):([0-9]{1,12}):([A-Za-z0-9_.-]{0,80}):(\+?[0-9]{0,32})")


class Noted(Struct, frozen=True, kw_only=True):
    """What the PBX noted of one call."""

    note: str
    """Its name there; no two calls have the same."""
    what: Literal["come", "go"]
    extension: str
    at: datetime
    endpoint: str
    number: str
    """What the caller shows; it proves nothing."""


def read(note: str, row: str) -> Noted | None:
    """Read a note; None where it is none."""
    found = _NOTED.fullmatch(row)
    if found is None:
        return None
    return Noted(
        note=note,
        what="come" if found[1] == "come" else "go",
        extension=found[2],
        at=datetime.fromtimestamp(int(found[3]), UTC),
        endpoint=found[4],
        number=found[5],
    )


class Gate(Protocol):
    """Lets reports in."""

    async def take(self, name: str, reports: Sequence[Report]) -> list[str]:
        """Let in what a source reports; returns after the commit."""


class Troubles(Protocol):
    """Raises what is wrong with us."""

    async def wrong(self, key: str, text: str, *, point: str) -> None:
        """Raise it once."""


class Called:
    """Takes what was noted."""

    def __init__(
        self,
        sources: Collection[Source],
        *,
        gate: Gate,
        troubles: Troubles,
        whose: Callable[[str], Person | None],
        write: Callable[[LogEntry], "object"],
        zone: tzinfo,
        now: Callable[[], datetime],
    ) -> None:
        """`whose` tells the one person whose telephone an endpoint is; `write` has the log of alarms written."""
        self._sources = [one for one in sources if one.kind == "call"]
        self._gate = gate
        self._troubles = troubles
        self._whose = whose
        self._write = write
        self._zone = zone
        self._now = now

    @property
    def rows(self) -> Mapping[str, str]:
        """What the PBX must know: by extension, codes as they are kept, and devices."""
        found: dict[str, str] = {}
        for call in (one.call for one in self._sources):
            devices = "&".join(call.devices)
            found[call.extension] = _row(come=call.code, go=call.end_code, devices=devices, means="come")
            if call.end_extension:
                ends = call.end_code or call.code
                found[call.end_extension] = _row(come="", go=ends, devices=devices, means="go")
        return found

    async def take(self, noted: Noted) -> None:
        """Take one; it is on the disk when this returns, however often it is told. Raises NotReachableError."""
        source = self._source(noted.extension)
        if source is None:
            text = f"An der Alarmnummer {noted.extension} kam ein Anruf an, sie gehört aber zu keiner Quelle"
            await self._troubles.wrong(f"call/{noted.extension}", text, point=POINT)
            return
        report = self._report(source, noted)
        await self._gate.take(source.name, [report])
        log.info("alarm.called", source=source.name, what=noted.what, note=noted.note)

    async def take_odd(self, note: str) -> None:
        """Take a note that nobody can read: that, too, may have been an alarm."""
        await self._troubles.wrong(
            f"call-note/{note}", "Ein Anruf an einer Alarmnummer ist unlesbar notiert", point=POINT
        )

    def refused(self, *, extension: str, endpoint: str, number: str, tries: int) -> None:
        """Take note that a wrong code was typed."""
        source = self._source(extension)
        log.warning("alarm.code_wrong", source=source.name if source else "", tries=tries)
        data: dict[str, str | int | bool | None] = {"by": self._by(endpoint, number), "tries": tries}
        self._write(LogEntry(at=self._now(), actor=source.name if source else "call", kind="code_wrong", data=data))

    def _report(self, source: Source, noted: Noted) -> Report:
        device = noted.endpoint in source.call.devices
        point = noted.endpoint if device else POINT
        if device:
            values = {"Wählgerät": noted.endpoint}
            text = "" if point in source.points else f"Wählgerät {point} meldet eine Störung"
        else:
            values = {"ausgelöst von": self._called(noted.endpoint, noted.number)}
            text = "durch einen Anruf ausgelöst"
        if self._now() - noted.at >= LATE:
            values["angerufen"] = f"{noted.at.astimezone(self._zone):%d.%m. %H:%M}"
            text = f"{text or point}, angerufen um {noted.at.astimezone(self._zone):%H:%M} Uhr"
        return Report(
            source=source.name,
            point=point,
            dedup=point,
            what=noted.what,
            text=text,
            values=values,
            event_time=noted.at,
            by="" if device else self._by(noted.endpoint, noted.number),
            once=f"call/{noted.note}",
        )

    def _source(self, extension: str) -> Source | None:
        return next((one for one in self._sources if extension in {one.call.extension, one.call.end_extension}), None)

    def _by(self, endpoint: str, number: str) -> str:
        person = self._whose(endpoint)
        return person.login if person is not None else number or NOBODY

    def _called(self, endpoint: str, number: str) -> str:
        person = self._whose(endpoint)
        return person.name if person is not None else number or "unbekannt"


def _row(*, come: str, go: str, devices: str, means: Literal["come", "go"]) -> str:
    return msgspec.json.encode({"come": come, "go": go, "dev": devices, "is": means}).decode()

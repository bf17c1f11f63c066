"""All that the doctor looks at, by its subject: within the daemon, or beside one that does not run."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from ami_bridge.config import Config
from ami_bridge.contacts.sync import BookSeen
from ami_bridge.dav.calendar import DavCalendar
from ami_bridge.doctor.beside import Beside
from ami_bridge.doctor.booking import Booking
from ami_bridge.doctor.dialplan import Dialplan
from ami_bridge.doctor.examine import Check, Doctor
from ami_bridge.doctor.groupware import Dav, Groupware
from ami_bridge.doctor.host import Host
from ami_bridge.doctor.lines import Lines
from ami_bridge.doctor.manager import Manager
from ami_bridge.doctor.model import Finding, Kind, Words
from ami_bridge.doctor.network import Around
from ami_bridge.doctor.people import Staff
from ami_bridge.doctor.tickets import Tickets
from ami_bridge.doctor.tried import Trial
from ami_bridge.doctor.visit import Ear, Link, Visit, visit
from ami_bridge.people.model import Person
from ami_bridge.rooms.lines import Crowd

NO_DAEMON = Kind(
    code="doctor.no_daemon",
    severity="error",
    what=Words(
        "Der Dienst läuft nicht. Nicht geprüft sind: Personen, Alter der Adressbücher, Antworten auf Namensfragen.",
        "The daemon does not run. So these were not checked: people, age of the books, whether names are answered.",
    ),
    do=Words(
        "Mit «ami-bridge run» oder als systemd-Dienst starten; sein Protokoll sagt, woran es liegt.",
        "Start it by “ami-bridge run” or as a systemd service; its log says what is wrong.",
    ),
)


class Memory:
    """What only the running daemon knows."""

    def __init__(
        self,
        *,
        link: Link,
        ear: Ear,
        people: Callable[[], Iterable[Person]],
        seen: Callable[[], Sequence[BookSeen]],
        names: Callable[[], int],
        crowds: Callable[[datetime], Sequence[Crowd]] = lambda _now: (),
    ) -> None:
        self.link = link
        self.ear = ear
        self.people = people
        self.seen = seen
        self.names = names
        self.crowds = crowds


def doctor(
    config: Config, *, dav: Dav, now: Callable[[], datetime], new_id: Callable[[], str], memory: Memory | None
) -> Doctor:
    """Make the doctor; without `memory` the daemon does not run."""
    host = Host(config)
    booking = Booking(config, open_=lambda path: _calendar(config, path))
    groupware = Groupware(config, dav=dav, booking=booking.check, seen=memory.seen if memory else None, now=now)
    staff = Staff(config, people=memory.people if memory else tuple)
    around = Around(config, names=memory.names if memory else int, now=now, daemon=memory is not None)
    manager, dialplan = Manager(config.pbx[0]), Dialplan(config)
    trial = Trial(config, new_id=new_id, now=now, daemon=memory is not None)
    at_the_pbx: dict[str, Callable[[Visit], Awaitable[Sequence[Finding]]]] = {
        "ami": manager.check,
        "dialplan": dialplan.check,
        "names": trial.check,
        "numbers": staff.numbers,
        "astdb": around.copy,
        **({"people": staff.people} if memory else {}),
    }
    checks: dict[str, Check] = {
        "files": host.files,
        "disk": host.disk,
        "database": host.database,
        "groupware": groupware.check,
        "web": around.web,
        "mail": around.mail,
        **({"kerberos": Tickets(config).check} if config.kerberos.keytab else {}),
        "programs": Beside(config).check,
    }
    if memory is None:
        checks["daemon"] = _no_daemon
    else:
        lines = Lines(config, crowds=memory.crowds)
        checks["lines"] = lambda: _said(lines.check(now()))
    link, ear = (memory.link, memory.ear) if memory else (None, Ear())

    @asynccontextmanager
    async def all_checks() -> AsyncIterator[Mapping[str, Check]]:
        async with visit(config.pbx[0], link, ear) as there:
            # Where nobody gets in, only who looks at that has something to say; people are looked at all the same.
            asked = {name: _of(check, there) for name, check in at_the_pbx.items() if _has_a_say(name, there)}
            yield {**checks, **asked}

    return Doctor(all_checks, now=now, daemon=memory is not None)


def _calendar(config: Config, path: str) -> DavCalendar:
    """Return a calendar as the account sees it that makes conferences of its appointments."""
    groupware, account = config.groupware, config.rooms.account
    who = account if account.user else groupware
    return DavCalendar(account.url or groupware.url, who.user, who.password, path)


def _has_a_say(name: str, there: Visit) -> bool:
    return not there.trouble or name in {"ami", "people", "numbers"}


def _of(check: Callable[[Visit], Awaitable[Sequence[Finding]]], there: Visit) -> Check:
    return lambda: check(there)


async def _said(findings: Sequence[Finding]) -> Sequence[Finding]:
    return findings


async def _no_daemon() -> list[Finding]:
    return [NO_DAEMON()]

"""A journal with everything behind it: a real SQLite file, real names, a clock, and what would be told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web
from msgspec import convert, structs

from ami_bridge import wire
from ami_bridge.calls.bubble import Bubbles
from ami_bridge.config import OwnBlock, Site
from ami_bridge.config_journal import Journal
from ami_bridge.contacts.directory import Directory
from ami_bridge.contacts.index import Index
from ami_bridge.contacts.model import Contact, ContactNumber
from ami_bridge.db.database import Database
from ami_bridge.errors import UnauthorisedError
from ami_bridge.journal.desk import JournalDesk
from ami_bridge.journal.entries import Entries
from ami_bridge.journal.model import JournalRow
from ami_bridge.journal.rules import Rules
from ami_bridge.journal.store import JournalStore
from ami_bridge.numbers import Numbers
from ami_bridge.people.model import People, Person
from ami_bridge.privacy.audit import Audit
from ami_bridge.privacy.store import AuditStore
from ami_bridge.web.identity import Identity
from tests.empty import empty_database

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SITE = Site(area_code="89", own_block=OwnBlock(prefix="+498999998", digits=3), outside_line="0")
BAKER, STRANGER, MAMA = "+493023125001", "+493023125099", "+491713920001"
ANNA = Person(login="anna", name="Anna Amsel", extensions=("101", "8101"), department="Bürgerbüro")
BEN = Person(login="ben", name="Ben Biber", extensions=("102",), department="Bürgerbüro")
CARLA = Person(login="carla", name="Carla Çelik", extensions=("103",), department="Bauamt")
DIETER = Person(login="dieter", name="Dieter Dachs", extensions=("104",))
EVA = Person(login="eva", name="Eva Eule", extensions=("105",), roles=("user", "auditor"))
LINES = {"200": "Bürgerbüro"}
DEVICES = {"PJSIP/101": "101", "PJSIP/104": "104"}


def finished(number: int, extension: str = "101", **changes: object) -> JournalRow:
    """A call as the desk tells of it: by default, the baker was answered at Anna's."""
    start = NOON + timedelta(minutes=number)
    values: dict[str, object] = {
        "call_id": f"CALL{number}",
        "pbx_id": "town",
        "extension": extension,
        "direction": "in",
        "role": "callee",
        "result": "answered",
        "peer_number": BAKER,
        "line": extension,
        "started_at": start,
        "answered_at": start + timedelta(seconds=5),
        "ended_at": start + timedelta(seconds=65),
        **changes,
    }
    return JournalRow(id=f"{values['call_id']}-{values['extension']}", **values)  # type: ignore[arg-type]


def missed(number: int, extension: str = "101", **changes: object) -> JournalRow:
    return finished(number, extension, **{"result": "missed", "answered_at": None, **changes})


class Hub:
    """What would be told to whom."""

    def __init__(self) -> None:
        self.news: list[tuple[str, str | None, wire.Entry]] = []
        self.keys: list[str] = []

    def publish(
        self, topic: str, event: str, kind: str, body: wire.Entry, *, key: str, login: str | None = None
    ) -> None:
        assert (event, kind) == ("journal.changed", "entry")
        self.news.append((topic, login, body))
        self.keys.append(key)

    def told(self) -> list[tuple[str, str | None, str]]:
        """Who was told of which call in which journal, since the last time."""
        told, self.news = [(topic, login, entry.id) for topic, login, entry in self.news], []
        return told


class Guard:
    """Believes the header."""

    async def identify(self, request: web.Request) -> Identity:
        who = request.headers.get("X-Who")
        if who is None:
            raise UnauthorisedError("Nobody is signed in.")
        scopes = frozenset({"dial"} if who == "dialler" else {"events"})
        return Identity(login=who, credential="token:1", scopes=scopes, expires=NOON)


class World:
    def __init__(self, db: Database, config: Journal) -> None:
        self.db = db
        self.time = NOON + timedelta(hours=1)
        self.hub = Hub()
        self.people = People([ANNA, BEN, CARLA, DIETER, EVA])
        self.numbers, self.directory = Numbers(SITE), Directory(LINES)
        self.directory.replace_people(self.people.all())
        self.knows("shared", "Bäckerei Huber", BAKER)
        self.knows("owner:anna", "Mama", MAMA)
        bubbles = Bubbles(numbers=self.numbers, names=self.directory, lines=LINES)
        self.entries = Entries(names=bubbles, numbers=self.numbers, people=self.people)
        self.rules = Rules(config, people=self.people, extension_of=DEVICES.get)
        self.store = JournalStore(db)
        self.audit = Audit(store=AuditStore(db), people=self.people, now=self.now)
        self.desk = JournalDesk(
            store=self.store,
            rules=self.rules,
            entries=self.entries,
            numbers=self.numbers,
            people=self.people,
            hub=self.hub,
            audit=self.audit,
            country="DE",
            now=self.now,
        )

    def now(self) -> datetime:
        return self.time

    def knows(self, scope: str, name: str, number: str) -> None:
        index = Index()
        index.add(Contact(href="1", id=1, name=name, numbers=(ContactNumber(number, number),)), "Stadt")
        self.directory.replace(index, scope)

    async def keep(self, *rows: JournalRow) -> None:
        """What the writer does with finished calls, at once."""
        change = await self.store.add([kept for row in rows for kept in self.rules.kept(row)])
        self.desk.told(change)

    def person(self, login: str, **changes: Any) -> None:  # noqa: ANN401 - any field
        """Somebody's card says something else now."""
        self.people.replace(
            [structs.replace(one, **changes) if one.login == login else one for one in self.people.all()]
        )


@asynccontextmanager
async def a_world(folder: Path, **config: object) -> AsyncIterator[World]:
    async with empty_database(folder / "bridge.sqlite") as db:
        yield World(db, convert(config, Journal))

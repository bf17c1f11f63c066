"""A house with the queue 300: real board, real names, and a hub that remembers what was told to whom."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ami_bridge import wire
from ami_bridge.asterisk.message import Message
from ami_bridge.asterisk.translate import translate
from ami_bridge.asterisk.translate_queues import in_queue
from ami_bridge.calls.actions import Means, Might
from ami_bridge.calls.board import Board
from ami_bridge.calls.bubble import Bubbles
from ami_bridge.calls.events import Floor
from ami_bridge.config import Queue, Site
from ami_bridge.contacts.directory import Directory
from ami_bridge.ids import new_id
from ami_bridge.numbers import Numbers
from ami_bridge.people.model import People, Person
from ami_bridge.queues.desk import QueueDesk
from ami_bridge.queues.events import MemberNow, QueueNow, WaitingNow
from ami_bridge.queues.standing import Standing

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HINTS: dict[str, tuple[str, ...]] = {f"10{n}": (f"PJSIP/10{n}",) for n in range(1, 7)}
LINES = {"300": "Bürgerbüro"}
PEOPLE = [
    Person(login="anna", name="Anna Amsel", extensions=("101",), department="Bürgerbüro"),
    Person(login="ben", name="Ben Biber", extensions=("102",), department="Bürgerbüro"),
    Person(login="carla", name="Carla Çelik", extensions=("103",), department="Bauamt"),
    Person(login="dieter", name="Dieter Dachs", extensions=("104",)),
    Person(login="eva", name="Eva Eule", extensions=("105",), roles=("user", "switchboard")),
    Person(login="frieda", name="Frieda Falke", extensions=("106",)),
]
RULES = [Queue(name="300", who=["frieda"], members=["carla"], manages=["dieter"])]
ABLE = Might(means=Means(send=True, take=True, queues=True), rings=True)
CALLER = "+493023125001"


def member(extension: str, **more: object) -> MemberNow:
    known = {"queue": "300", "interface": f"PJSIP/{extension}", "device": f"PJSIP/{extension}", "name": "?"}
    return MemberNow(**{**known, "state": "free", **more})  # type: ignore[arg-type]


def waiting(leg: str = "9.1", number: str | None = CALLER, seconds: int = 30) -> WaitingNow:
    return WaitingNow(leg=leg, channel=f"PJSIP/trunk-{leg}", number=number, seconds=seconds)


@dataclass
class Hub:
    news: list[tuple[str | None, wire.Queue]] = field(default_factory=list)
    sent_back: list[str] = field(default_factory=list)

    def publish(
        self, topic: str, event: str, kind: str, body: wire.Queue, *, key: str, login: str | None = None
    ) -> None:
        assert (topic, event, kind, key) == (f"queue:{body.name}", "queue.changed", "queue", body.name)
        self.news.append((login, body))

    def rights_changed(self, login: str) -> None:
        self.sent_back.append(login)

    def told(self, login: str) -> list[wire.Queue]:
        return [body for whom, body in self.news if whom == login]


class World:
    """What the daemon knows, at a time that stands still unless told."""

    def __init__(
        self, *, shown: bool = True, rules: list[Queue] | None = None, silent: frozenset[str] = frozenset()
    ) -> None:
        self.time = NOON
        self.hub, self.people = Hub(), People(PEOPLE)
        self.might: dict[str, Might] = {}
        self.board = Board("town", hints_context="hints", new_id=new_id)
        self.board.replace(Floor(legs=(), hints=HINTS), self.time)
        self.standing = Standing(new_id=new_id)
        self.desk = QueueDesk(
            standing=self.standing,
            rules=RULES if rules is None else rules,
            lines=LINES,
            board=self.board,
            bubbles=Bubbles(numbers=Numbers(Site(country="DE", area_code="89")), names=Directory(LINES), lines=LINES),
            people=self.people,
            hub=self.hub,
            might=lambda person, _view: self.might.get(person.login, ABLE),
            silent=silent.__contains__,
            shown=shown,
            now=lambda: self.time,
        )

    def is_live(self, *waits: WaitingNow, members: tuple[MemberNow, ...] = (member("101"), member("102"))) -> "World":
        self.desk.replace([QueueNow(name="300", waiting=waits, members=members)])
        return self

    def hears(self, *messages: Message) -> None:
        """Take messages of Asterisk as `dispatch` does."""
        for one in messages:
            self.time += timedelta(milliseconds=50)
            if served := in_queue(one):
                self.desk.apply(served)
            if event := translate(one):
                self.board.apply(event, self.time)
                self.desk.heard(event)

    def sees(self, login: str) -> wire.Queue:
        (shown,) = self.desk.queues(login)
        return shown

    def states(self, login: str) -> dict[str, str]:
        return {one.name: "paused" if one.paused else one.state for one in self.sees(login).members}

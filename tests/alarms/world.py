"""A house with an alarm engine: a real database, a clock that is moved, telephones by shape."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from ami_bridge.alarms.acts import Act
from ami_bridge.alarms.calling import Caller
from ami_bridge.alarms.classes import Rules
from ami_bridge.alarms.engine import Engine
from ami_bridge.alarms.intake import Intake
from ami_bridge.alarms.letters import Writer
from ami_bridge.alarms.model import Alarm, Attempt, By, How, Outcome, Person, Report
from ami_bridge.alarms.ports import AlarmCall, Ended, Ringing, Talking, Verdict
from ami_bridge.alarms.store import AlarmStore, Change
from ami_bridge.alarms.upkeep import Upkeep
from ami_bridge.config_alarms import AlarmClass, Alarms, Ladder, LadderStep, Source, SourceLimit
from ami_bridge.db.database import Database
from ami_bridge.errors import NotReachableError
from ami_bridge.ids import new_id
from ami_bridge.people.model import Person as Employee
from ami_bridge.tasks import Errands

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
STAFF = (
    Employee(login="dieter", name="Dieter Dachs", extensions=("104", "114"), roles=("user", "plant")),
    Employee(login="eva", name="Eva Eule", extensions=("105",), roles=("user", "plant", "alarm-manager")),
    Employee(login="anna", name="Anna Amsel", extensions=("101",)),
)
DIETER, EVA, ANNA = (Person(login=one.login, name=one.name, numbers=one.extensions) for one in STAFF)
CLASSES = (
    AlarmClass(name="machine", priority=2, sound="engine-stopped"),
    AlarmClass(name="gas", priority=1, kind="extended"),
    AlarmClass(name="info", priority=3, kind="simple", quiet="22:00-06:00"),
    AlarmClass(name="night", priority=3, quiet="22:00-06:00", all_clear=True),
    AlarmClass(name="shown", priority=4),
    AlarmClass(name="site", priority=2, ack="site", all_clear=True),
)
LADDERS = (
    Ladder(
        name="plant",
        steps=[LadderStep(who=["duty"]), LadderStep(who=["duty:2"], after=60), LadderStep(who=["anna"], after=300)],
        repeat=120,
    ),
)
SOURCES = (
    Source(name="sewage", label="Kläranlage", alarm_class="machine", limit=SourceLimit(count=10, minutes=10)),
    Source(name="water", label="Wasserwerk", alarm_class="machine"),
)


class Clock:
    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def forward(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Telephones:
    """Telephones that are told what they do; who asks sees what rang."""

    def __init__(self) -> None:
        self.calls: list[AlarmCall] = []
        self.stopped: list[str] = []
        self.told: list[tuple[str, str]] = []
        self.away = False

    async def ring_with_alarm(self, call: AlarmCall) -> None:
        if self.away:
            raise NotReachableError("no telephones here")
        assert len(call.code) >= 2
        assert call.sounds
        self.calls.append(call)

    async def tell(self, attempt: str, who: str) -> None:
        self.told.append((attempt, who))

    async def stop(self, attempt: str) -> None:
        self.stopped.append(attempt)

    @property
    def rung(self) -> list[str]:
        return [call.number for call in self.calls]


class Rota:
    def __init__(self) -> None:
        self.ranks: dict[int, tuple[Person, ...]] = {1: (DIETER,), 2: (EVA,)}

    def now(self, ladder: str, rank: int, at: datetime) -> tuple[Person, ...]:
        assert ladder
        assert at.tzinfo is not None
        return self.ranks.get(rank, ())


class Library:
    def __init__(self) -> None:
        self.said: list[str] = []
        self.dumb = False

    def alarm(self, sound: str) -> str:
        return f"alarm-{sound}"

    async def speech(self, text: str, language: str) -> str:
        if self.dumb:
            raise TimeoutError
        self.said.append(text)
        return f"speech/{language}"


class Loudspeakers:
    def __init__(self) -> None:
        self.announced: list[str] = []

    async def announce(self, alarm: str, sounds: tuple[str, ...]) -> None:
        assert sounds
        self.announced.append(alarm)


class World:
    def __init__(self, db: Database, config: Alarms = Alarms(paths=("trunk1", "trunk2"))) -> None:  # noqa: B008
        self.clock, self.phones, self.rota = Clock(), Telephones(), Rota()
        self.library, self.speakers = Library(), Loudspeakers()
        self.store, self.upkeep, self.errands = AlarmStore(db), Upkeep(db), Errands()
        self.changed: list[str] = []
        self.alive: list[str] = []
        self.rules = Rules(alarms=config, classes=CLASSES, ladders=LADDERS, sources=SOURCES, staff=lambda: STAFF)
        self.writer = Writer(("mail",), self.id)
        self.config = config
        self.intake = Intake(
            store=self.store,
            rules=self.rules,
            writer=self.writer,
            errands=self.errands,
            new_id=self.id,
            now=self.clock,
            changed=self.changed.extend,
            alive=self.alive.append,
        )
        self.engine = self.another_engine("one")

    def id(self) -> str:
        return new_id(self.clock())

    def another_engine(self, holder: str) -> Engine:
        return Engine(
            store=self.store,
            upkeep=self.upkeep,
            caller=self._caller(),
            on_call=self.rota,
            writer=self.writer,
            errands=self.errands,
            lines=self.config.channels - self.config.own_lines_reserve,
            holder=holder,
            now=self.clock,
            changed=self.changed.extend,
        )

    def _caller(self) -> Caller:
        numbers = iter(range(1, 10_000_000))
        return Caller(
            phone=self.phones,
            sounds=self.library,
            speakers=self.speakers,
            new_id=self.id,
            random=lambda below: next(numbers) % below,
            digits=3,
            language="de",
            caller="",
            alerts={},
            spoken=lambda login: login,
        )

    async def come(self, source: str = "sewage", point: str = "pump", **more: object) -> str:
        self.clock.forward(0.001)
        return await self.intake.report(Report(source=source, point=point, dedup=point, **more))  # type: ignore[arg-type]

    async def go(self, source: str = "sewage", point: str = "pump", **more: object) -> str:
        return await self.intake.report(Report(source=source, point=point, dedup=point, what="go", **more))  # type: ignore[arg-type]

    async def tick(self, seconds: float = 0) -> None:
        """Move the clock, let the engine do what is due, and let calls begin."""
        self.clock.forward(seconds)
        for _ in range(3):
            await self.engine.tick()
            await self.calm()

    async def calm(self) -> None:
        """Wait until all errands have come to their end."""
        while self.errands._under_way:
            await asyncio.gather(*self.errands._under_way, return_exceptions=True)

    async def ends(self, outcome: Outcome, call: AlarmCall | None = None) -> None:
        self.engine.heard((call or self.phones.calls[-1]).attempt, Ended(outcome=outcome))
        await self.tick()

    async def answers(self, call: AlarmCall | None = None) -> None:
        self.engine.heard((call or self.phones.calls[-1]).attempt, Ringing())
        self.engine.heard((call or self.phones.calls[-1]).attempt, Talking())
        await self.tick()

    async def types(self, call: AlarmCall | None = None, by: How = "phone") -> Verdict:
        verdict = await self.engine.acknowledge(attempt=(call or self.phones.calls[-1]).attempt, by=by)
        await self.calm()
        return verdict

    async def acts(self, id_: str, act: Act, login: str = "dieter") -> Change | None:
        """Do what somebody does on the page."""
        by = By(login=login, name=login.title(), at=self.clock(), how="page")

        def decide(alarm: Alarm, _live: Sequence[Attempt]) -> Change | None:
            done = act(alarm, by)
            return None if done is None else Change(alarm=done.alarm, log=done.log)

        return await self.store.change(id_, decide)

    async def alarm(self, id_: str) -> Alarm:
        found = await self.store.get(id_)
        assert found is not None
        return found

    async def log(self, alarm: str | None = None) -> list[str]:
        return [line.kind for line in await self.upkeep.log(after=0, limit=10_000, alarm=alarm)]

    async def told(self) -> list[str]:
        letters: Sequence[bytes] = [one.body for one in await self.upkeep.letters(self.clock(), 1000)]
        return [body.decode() for body in letters]


@asynccontextmanager
async def world_of(db: Database) -> AsyncIterator[World]:
    world = World(db)
    await world.engine.adopt(())
    yield world
    await world.calm()

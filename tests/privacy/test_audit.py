"""Who looked at what of others is written down before it is shown, and only auditors read it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from ami_bridge.errors import NotAllowedError, NotReachableError
from ami_bridge.people.model import People, Person
from ami_bridge.privacy.audit import KEPT, MOST_REMEMBERED, ONCE_WITHIN, Audit
from ami_bridge.privacy.model import Looked

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
EVA = Person(login="eva", name="Eva", roles=("user", "auditor"))
ANNA = Person(login="anna", name="Anna", roles=("user", "admin"))
READ = {"who": "ben", "did": "read", "whose": "Bauamt", "how": "rest"}


class Store:
    def __init__(self) -> None:
        self.entries: list[Looked] = []
        self.away = False
        self.purged: datetime | None = None

    async def add(self, entries: Sequence[Looked]) -> None:
        if self.away:
            raise NotReachableError("the database does not answer")
        self.entries += entries

    async def page(self, *, after: str | None = None, limit: int = 500) -> list[Looked]:  # noqa: ARG002
        return self.entries[::-1][:limit]

    async def purge(self, before: datetime) -> int:
        self.purged = before
        return 0


class World:
    def __init__(self) -> None:
        self.time = NOON
        self.store = Store()
        self.audit = Audit(store=self.store, people=People([EVA, ANNA]), now=lambda: self.time)

    def kinds(self) -> list[tuple[str, str, str]]:
        return [(one.who, one.did, one.whose) for one in self.store.entries]


async def test_who_reads_on_has_looked_once() -> None:
    world = World()
    for _ in range(3):
        await world.audit.record(**READ)
    await world.audit.record(**{**READ, "whose": "Kasse"})
    await world.audit.record(**{**READ, "who": "carla"})
    world.time += ONCE_WITHIN
    await world.audit.record(**READ)
    assert world.kinds() == [
        ("ben", "read", "Bauamt"), ("ben", "read", "Kasse"), ("carla", "read", "Bauamt"), ("ben", "read", "Bauamt"),
    ]  # fmt: skip
    assert world.store.entries[0].at == NOON
    assert len({one.id for one in world.store.entries}) == 4


async def test_what_is_done_is_written_down_each_time() -> None:
    world = World()
    for _ in range(2):
        await world.audit.record(who="account root", did="export", whose="anna", how="control")
    assert len(world.store.entries) == 2


async def test_nothing_is_shown_that_could_not_be_written_down() -> None:
    world = World()
    world.store.away = True
    with pytest.raises(NotReachableError):
        await world.audit.record(**READ)
    with pytest.raises(NotReachableError):
        await world.audit.read("eva", how="rest")
    world.store.away = False
    await world.audit.record(**READ)
    assert len(world.store.entries) == 1, "what failed has not been forgotten as done"


async def test_what_is_noticed_is_written_in_a_moment_and_not_lost_while_the_database_is_away() -> None:
    world = World()
    world.audit.notice(**{**READ, "did": "follow"})
    world.audit.notice(**{**READ, "did": "follow"})
    assert world.audit.wake.is_set()
    assert world.store.entries == []
    world.store.away = True
    with pytest.raises(NotReachableError):
        await world.audit.write()
    world.store.away = False
    await world.audit.write()
    await world.audit.write()
    assert world.kinds() == [("ben", "follow", "Bauamt")]


async def test_auditors_read_it_and_that_is_an_entry_too() -> None:
    world = World()
    await world.audit.record(**READ)
    for nobody in ("anna", "ben", ""):
        with pytest.raises(NotAllowedError):
            await world.audit.read(nobody, how="rest")
    found = await world.audit.read("eva", how="rest")
    assert [(one.who, one.whose) for one in found] == [("eva", "audit"), ("ben", "Bauamt")]


async def test_it_is_kept_for_a_year_and_memory_has_an_end() -> None:
    world = World()
    await world.audit.forget()
    assert world.store.purged == NOON - KEPT
    for number in range(MOST_REMEMBERED + 10):
        world.audit.notice(**{**READ, "whose": str(number)})
    assert len(world.audit._lately) == MOST_REMEMBERED
    assert timedelta(days=365) <= KEPT

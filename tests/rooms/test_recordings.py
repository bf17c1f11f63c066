"""Recordings are heard by who moderates the room they were made in, and by nobody else, and only for a time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ami_bridge.errors import NotFoundError
from ami_bridge.rooms.model import Pin, Room
from ami_bridge.rooms.recordings import Recordings

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class World:
    """A folder, and the rooms of its time: number 8123 was Anna's, then Carla's; Ben moderated with Anna."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.time = NOON
        self.recordings = Recordings(folder=folder, store=self, keep=30 * DAY, now=lambda: self.time)

    async def all(self) -> tuple[list[Room], list[Pin]]:
        def room(id_: str, owner: str, created: datetime, ended: datetime | None) -> Room:
            return Room(
                id=id_, pbx_id="town", number="8123", title=id_, owner=owner, created=created, ended_at=ended
            )  # fmt: skip

        def pin(login: str, role: str, revoked: datetime | None = None) -> Pin:
            return Pin(
                id=login, room="old", digits="1", role=role, login=login, created=NOON, revoked_at=revoked  # type: ignore[arg-type]
            )  # fmt: skip

        rooms = [room("old", "anna", NOON - 2 * DAY, NOON - DAY), room("new", "carla", NOON - HOUR, None)]
        return rooms, [pin("ben", "mod"), pin("dieter", "part"), pin("eva", "mod", NOON)]

    def put(self, number: str, at: datetime, seconds: int = 2) -> str:
        id_ = f"{number}-{int(at.timestamp())}"
        (self.folder / f"conf-{id_}.wav").write_bytes(b"x" * (44 + 16_000 * seconds))
        return id_


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_who_moderated_then_may_hear_it_and_not_who_has_the_number_now(world: World) -> None:
    old, new = world.put("8123", NOON - 2 * DAY + HOUR), world.put("8123", NOON, 5)
    world.put("8123", NOON - DAY + HOUR)  # nobody had the number then
    world.put("8999", NOON)
    for login, theirs in (("anna", [old]), ("ben", [old]), ("carla", [new]), ("dieter", []), ("eva", []), ("x", [])):
        assert [one.id for one in await world.recordings.of(login)] == theirs, login
    (one,) = await world.recordings.of("carla")
    assert (one.title, one.seconds, one.started) == ("new", 5, NOON)
    assert (await world.recordings.file("carla", new)).stat().st_size == 80_044


@pytest.mark.parametrize("id_", ["", "../secret", "8123-1/../../x", "8999-1", "*", "8123-*"])
async def test_only_ids_that_were_listed_are_files(world: World, id_: str) -> None:
    old = world.put("8123", NOON - 2 * DAY + HOUR)
    for login, wanted in (("anna", id_), ("carla", old)):
        with pytest.raises(NotFoundError):
            await world.recordings.file(login, wanted)
        with pytest.raises(NotFoundError):
            await world.recordings.remove(login, wanted)
    await world.recordings.remove("ben", old)
    assert await world.recordings.of("anna") == []


async def test_who_is_erased_takes_those_of_their_own_rooms_along(world: World) -> None:
    old, new = world.put("8123", NOON - 2 * DAY + HOUR), world.put("8123", NOON, 5)
    assert await world.recordings.theirs("ben") == 1
    assert [one["file"] for one in await world.recordings.told("anna")] == [f"conf-{old}.wav"]
    assert await world.recordings.erase("ben") == 0, "what he moderated for Anna is hers"
    assert await world.recordings.erase("anna") == 1
    assert [path.name for path in world.folder.iterdir()] == [f"conf-{new}.wav"]
    assert await world.recordings.theirs("ben") == await world.recordings.theirs("anna") == 0


async def test_they_are_deleted_after_thirty_days_and_nothing_else_is(world: World) -> None:
    for at in (NOON - 31 * DAY, NOON - 29 * DAY):
        world.put("8123", at)
    (world.folder / "conf-notes.wav").write_text("somebody's own")
    await world.recordings.purge()
    left = {path.name for path in world.folder.iterdir()}
    assert left == {"conf-notes.wav", f"conf-8123-{int((NOON - 29 * DAY).timestamp())}.wav"}
    nowhere = Recordings(folder=Path("/nonexistent"), store=world, keep=DAY, now=lambda: NOON)
    await nowhere.purge()
    assert await nowhere.of("anna") == []

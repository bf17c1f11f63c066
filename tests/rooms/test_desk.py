"""What people's pages are told of rooms: who may see one hears of it to the end, and nothing of it after that."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import Struct

from ami_bridge import wire
from ami_bridge.config import Site
from ami_bridge.contacts.directory import Directory
from ami_bridge.numbers import Numbers
from ami_bridge.rooms.desk import Live, RoomDesk
from ami_bridge.rooms.events import WrongPin
from ami_bridge.rooms.lobby import Lobby
from ami_bridge.rooms.participants import Participants
from ami_bridge.rooms.wishes import Invited, Wish
from tests.rooms.world import BERLIN, NOON, Town, a_town


class Pages:
    """What arrives at each person's page, newest last."""

    def __init__(self) -> None:
        self.rooms: dict[str, list[wire.Room]] = {}

    def publish(self, topic: str, event: str, kind: str, body: Struct, *, key: str, login: str | None = None) -> None:
        assert (event, kind) == ("room.changed", "room")
        assert key.startswith(topic)
        if topic == "rooms" and login is not None and isinstance(body, wire.Room):
            self.rooms.setdefault(login, []).append(body)


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with a_town(tmp_path) as found:
        yield found


def a_desk(town: Town, pages: Pages) -> RoomDesk:
    desk = RoomDesk(keeper=town.keeper, people=town.people, hub=pages, dial_in="+49", zone=BERLIN)
    there = wire.Participant(id="1", name="Frau Maier", since=NOON, role="part")
    desk.live = lambda _room, _login, _moderates: Live(since=NOON, participants=(there,))
    town.changed = desk.changed
    return desk


async def test_who_was_invited_hears_that_the_room_has_ended_or_is_not_theirs_any_more(town: Town) -> None:
    pages = Pages()
    desk = a_desk(town, pages)
    first, second = [await town.keeper.make("anna", Wish(title="x", kind=kind)) for kind in ("personal", "department")]
    for room in (first, second):
        await town.keeper.invite(room.number, Invited(login="carl"))
    assert [one.number for one in desk.rooms("carl")] == sorted([first.number, second.number])
    await town.keeper.end(first.number)
    await town.keeper.revoke(second.number, next(pin.id for pin in town.keeper.pins_of(second) if pin.login == "carl"))
    for told, room in zip(pages.rooms["carl"][-2:], (first, second), strict=True):
        assert (told.number, told.ended) == (room.number, True)
        assert (told.guest_pin, told.my_pin, told.invitation, told.participants) == (None, None, {}, ())
    assert not pages.rooms["anna"][-1].ended, "for her the second goes on"
    count = len(pages.rooms["carl"])
    await town.keeper.end(second.number)
    assert len(pages.rooms["carl"]) == count, "what is not theirs is told no more"
    assert pages.rooms["anna"][-1].ended
    assert desk.rooms("carl") == ()


async def test_only_who_moderates_is_warned_of_guessing_and_only_as_long_as_it_goes_on(town: Town) -> None:
    pages, participants = Pages(), Participants()
    desk = a_desk(town, pages)
    lobby = Lobby(
        participants=participants, keeper=town.keeper, people=town.people, numbers=Numbers(Site()), names=Directory(),
        changed=desk.changed, wished=lambda _: None, now=lambda: town.time,
    )  # fmt: skip
    desk.live = lambda room, login, moderates: lobby.live(room, login, moderates=moderates)
    room = await town.keeper.make("anna", Wish(title="x", kind="personal", people=[Invited(login="ben")]))
    for _ in range(12):
        lobby.apply(WrongPin(room.number))
    assert (pages.rooms["anna"][-1].guessed, pages.rooms["ben"][-1].guessed) == (True, False)
    town.time += timedelta(minutes=11)
    lobby.look()
    assert not pages.rooms["anna"][-1].guessed, "nobody has to load the page anew"
    count = len(pages.rooms["anna"])
    lobby.look()
    assert len(pages.rooms["anna"]) == count


async def test_who_never_saw_a_room_hears_nothing_of_its_end(town: Town) -> None:
    pages = Pages()
    a_desk(town, pages)
    room = await town.keeper.make("anna", Wish(title="x", kind="personal"))
    await town.keeper.end(room.number)
    assert set(pages.rooms) == {"anna", "eva"}, "eva is an administrator"

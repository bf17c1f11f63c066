"""Alarms that people raise: whom it calls, only when confirmed, once for one wish, and who did it is in the log."""

from pathlib import Path

import pytest

from ami_bridge.alarms.by_hand import ByHand, Wish
from ami_bridge.errors import BadRequestError, NotAllowedError, UnconfirmedError
from ami_bridge.people.model import Person
from tests.alarms.world import CLASSES, SOURCES, STAFF, World
from tests.empty import empty_database

FIRE = Wish(source="sewage", alarm_class="machine", text="Es riecht verbrannt", confirmed=True)


class Desk:
    def operator(self, login: str) -> Person:
        person = next(one for one in STAFF if one.login == login)
        if "plant" not in person.roles:
            raise NotAllowedError("Alarms are for those who look after plants.")
        return person


def by_hand(world: World) -> ByHand:
    return ByHand(
        rules=world.rules,
        sources=SOURCES,
        classes=CLASSES,
        on_call=world.rota,
        takes=world.intake,
        desk=Desk(),
        now=world.clock,
    )


async def test_who_is_called_is_told_before(tmp_path: Path) -> None:
    async with empty_database(tmp_path / "bridge.sqlite") as db:
        world = World(db)
        (sewage, water) = by_hand(world).scenarios("dieter")
        assert (sewage.plant, sewage.alarm_class, sewage.priority) == ("Kläranlage", "machine", 2)
        assert list(sewage.people) == ["Dieter Dachs", "Eva Eule", "Anna Amsel"]
        assert water.plant == "Wasserwerk"
        with pytest.raises(NotAllowedError):
            by_hand(world).scenarios("anna")


async def test_one_wish_is_one_alarm_and_says_who_raised_it(tmp_path: Path) -> None:
    async with empty_database(tmp_path / "bridge.sqlite") as db:
        world = World(db)
        raises = by_hand(world)
        with pytest.raises(UnconfirmedError):
            await raises.raise_alarm("dieter", Wish(source="sewage", alarm_class="machine", text="Feuer"), "k")
        with pytest.raises(BadRequestError):
            await raises.raise_alarm("dieter", Wish(source="x", alarm_class="machine", text="Feuer"), "k")
        id_ = await raises.raise_alarm("dieter", FIRE, "key")
        assert await raises.raise_alarm("dieter", FIRE, "key") == id_
        other = await raises.raise_alarm("dieter", FIRE, "another")
        assert other != id_
        alarm = await world.store.get(id_)
        assert alarm is not None
        assert alarm.values == {"ausgelöst von": "Dieter Dachs"}
        log = await world.upkeep.log(after=0, limit=10, alarm=id_)
        assert log[0].data["by"] == "dieter"

"""Who may follow which journal, what a follower is told first, and the operation of the websocket."""

from pathlib import Path

import pytest

from ami_bridge import wire
from ami_bridge.errors import BadRequestError, NotFoundError
from ami_bridge.journal.desk import OPS
from ami_bridge.web.asyncapi import REQUESTS
from ami_bridge.web.ops import Asked
from tests.journal.world import a_world, finished, missed

TOWN = "journal.dept:Bürgerbüro"


def asked(login: str, **params: object) -> Asked:
    return Asked(login=login, credential="token:1", scopes=frozenset({"events"}), params=params)


async def test_one_follows_ones_own_and_where_it_is_allowed_the_departments(tmp_path: Path) -> None:
    async with a_world(tmp_path) as own, a_world(tmp_path / "dept", department="dept") as dept:
        for world in (own, dept):
            assert world.desk.may_follow("anna", "journal.self")
            assert not world.desk.may_follow("nobody", "journal.self")
            for topic in ("journal.dept:", "journal.dept:Bauamt", "journal.dept:None", "journal.self:anna", "journal"):
                assert not world.desk.may_follow("anna", topic), topic
            assert not world.desk.may_follow("dieter", "journal.dept:")
        assert not own.desk.may_follow("anna", TOWN)
        assert dept.desk.may_follow("anna", TOWN)
        assert [*dept.desk.offers("anna")] == [TOWN]
        assert [*own.desk.offers("anna"), *dept.desk.offers("nobody")] == []
        assert not dept.desk.may_follow("carla", TOWN)
        dept.person("carla", department="Bürgerbüro")
        assert dept.desk.may_follow("carla", TOWN)
    async with a_world(tmp_path / "off", department="off") as off:
        assert not off.desk.may_follow("anna", "journal.self")


async def test_a_snapshot_says_from_when_on_changes_are_told_and_following_is_written_down(tmp_path: Path) -> None:
    async with a_world(tmp_path, department="dept") as world:
        snapshot = wire.Snapshot(topic="journal.self", seq=7, prev=7)
        assert world.desk.snapshot("anna", "journal.self", seq=7) == snapshot
        for _ in range(2):
            world.desk.snapshot("anna", TOWN, seq=8)
        await world.audit.write()
        found = [one for one in await world.audit.read("eva", how="rest") if one.who != "eva"]
        assert [(one.who, one.did, one.whose, one.how) for one in found] == [
            ("anna", "follow", "Bürgerbüro", "websocket")
        ]


async def test_done_over_the_websocket_is_done(tmp_path: Path) -> None:
    async with a_world(tmp_path, department="dept") as world:
        await world.keep(missed(1), finished(2))
        done = world.desk.ops()["journal.done"]
        assert done.scope == "events"
        entry = await done.do(asked("ben", id="CALL1"))
        assert isinstance(entry, wire.Entry)
        assert (entry.id, entry.done_by) == ("CALL1", "Ben Biber")
        for params in ({}, {"id": 5}, {"id": "CALL1", "by": "anna"}):
            with pytest.raises(BadRequestError):
                await done.do(asked("ben", **params))
        with pytest.raises(NotFoundError):
            await done.do(asked("carla", id="CALL1"))
        with pytest.raises(BadRequestError):
            await done.do(asked("anna", id="CALL2"))
        assert OPS.items() <= REQUESTS.items()


async def test_what_was_taken_back_is_taken_from_the_screens(tmp_path: Path) -> None:
    async with a_world(tmp_path, department="dept") as world:
        await world.keep(missed(1), missed(1, "102"))
        assert world.hub.told() == [
            ("journal.self", "anna", "CALL1"), (TOWN, "anna", "CALL1"), (TOWN, "ben", "CALL1"),
            ("journal.self", "ben", "CALL1"),
        ]  # fmt: skip
        assert len(set(world.hub.keys)) == 2, "newer news of one journal replace older, not those of another"
        world.desk.told(await world.store.remove([("CALL1", "101")]))
        told = {(topic, login, entry.gone, entry.extension) for topic, login, entry in world.hub.news}
        assert told == {
            ("journal.self", "anna", True, None), (TOWN, "anna", False, "102"), (TOWN, "ben", False, "102"),
            ("journal.self", "ben", False, "102"),
        }  # fmt: skip


async def test_a_missed_call_that_somebody_took_after_all_leaves_the_departments_screens(tmp_path: Path) -> None:
    async with a_world(tmp_path, department="dept") as world:
        await world.keep(missed(1))
        world.hub.told()
        await world.keep(finished(1, "102"))
        gone = {login for topic, login, entry in world.hub.news if topic == TOWN and entry.gone}
        assert gone == {"anna", "ben"}
        assert not [
            entry
            for _, login, entry in world.hub.news
            if login == "anna" and entry.peer.number and entry.extension == "102"
        ]

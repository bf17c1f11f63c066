"""The journal over HTTP: each reads their own, a department what it may, and nobody anything else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from ami_bridge.config import Web
from ami_bridge.journal.desk import MOST_SEARCHED
from ami_bridge.journal.hours import HouseHours
from ami_bridge.journal.model import JournalRow
from ami_bridge.journal.routes import OPERATIONS, JournalRoutes
from ami_bridge.web.openapi import openapi_routes
from ami_bridge.web.server import serve
from tests.journal.world import BAKER, MAMA, STRANGER, Guard, World, a_world, finished, missed


class House:
    def __init__(self, world: World, session: ClientSession) -> None:
        self.world = world
        self.session = session

    async def ask(self, who: str | None, path: str, method: str = "GET", body: object = None) -> tuple[int, Any]:
        headers = {} if who is None else {"X-Who": who}
        async with self.session.request(method, f"/api/v1/journal{path}", headers=headers, json=body) as got:
            return got.status, await got.json()

    async def ids(self, who: str, query: str = "") -> list[str]:
        status, page = await self.ask(who, f"?{query}")
        assert status == 200, page
        return [one["id"] for one in page["entries"]]

    async def text(self, who: str, query: str = "") -> str:
        async with self.session.get(f"/api/v1/journal.csv?{query}", headers={"X-Who": who}) as got:
            assert (got.status, got.content_type, got.charset) == (200, "text/csv", "utf-8")
            return await got.text()


@asynccontextmanager
async def a_house(folder: Path, **config: object) -> AsyncIterator[House]:
    async with a_world(folder, **config) as world:
        telephones = len(world.people.all())
        hours = HouseHours(store=world.store, telephones=lambda: telephones, zone=UTC, now=world.now)
        routes = JournalRoutes(guard=Guard(), desk=world.desk, hours=hours)
        async with (
            serve(Web(listen="http://127.0.0.1:0"), add_routes=[routes.add_to, openapi_routes(OPERATIONS)]) as port,
            ClientSession(f"http://127.0.0.1:{port}") as session,
        ):
            yield House(world, session)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """As it is by default: everybody reads their own."""
    async with a_house(tmp_path) as it:
        yield it


@pytest.fixture
async def shared(tmp_path: Path) -> AsyncIterator[House]:
    """Where departments read their missed calls together."""
    async with a_house(tmp_path, department="dept") as it:
        yield it


def out(number: int, extension: str = "101", **changes: object) -> JournalRow:
    return finished(number, extension, direction="out", role="caller", line=None, **changes)


async def test_a_call_is_told_with_the_names_that_the_reader_may_know(house: House) -> None:
    await house.world.keep(finished(1), finished(2, peer_number=MAMA), finished(3, "103", peer_number=MAMA))
    _, page = await house.ask("anna", "")
    mama, baker = page["entries"]
    assert page["next"] is None
    assert (mama["peer"]["name"], baker["peer"]["name"]) == ("Mama", "Bäckerei Huber")
    assert baker == baker | {
        "id": "CALL1", "call": "CALL1", "pbx": "town", "rev": 1, "extension": "101", "direction": "in",
        "role": "callee", "result": "answered", "line": {"exten": "101", "label": "Anna Amsel"},
        "started_at": "2026-11-21T12:01:00Z", "answered_at": "2026-11-21T12:01:05Z",
        "ended_at": "2026-11-21T12:02:05Z", "note": None, "private": False, "done_by": None, "done_at": None,
        "gone": False,
    }  # fmt: skip
    _, page = await house.ask("carla", "")
    assert [(one["peer"]["number"], one["peer"]["name"]) for one in page["entries"]] == [(MAMA, None)]
    house.world.knows("owner:carla", "Papa", MAMA)
    _, page = await house.ask("carla", "")
    assert page["entries"][0]["peer"]["name"] == "Papa", "names are looked up when it is read"


async def test_nobody_reads_anothers(house: House) -> None:
    await house.world.keep(finished(1), missed(2), finished(3, "102"))
    assert await house.ids("anna") == ["CALL2", "CALL1"]
    assert await house.ids("ben") == ["CALL3"]
    for of in ("dept", "anna", "all", "Bürgerbüro"):
        status, problem = await house.ask("ben", f"?of={of}")
        assert (status, problem["code"]) == (403, "not_allowed")
        assert (await house.ask("ben", f"/missed?of={of}"))[0] == 403
    for method, path, body in (
        ("POST", "/CALL2/done", None),
        ("PATCH", "/CALL2", {"note": "x"}),
        ("GET", "?after=CALL2", None),
    ):
        status, problem = await house.ask("ben", path, method, body)
        assert (status, problem["code"]) == (404, "not_found")
    assert BAKER not in (await house.text("carla")) + str(await house.ask("carla", "?q=Huber"))
    assert (await house.ask(None, ""))[0] == 401
    assert (await house.ask("dialler", ""))[0] == 403


async def test_who_gets_an_extension_does_not_get_the_calls_of_who_had_it(house: House) -> None:
    await house.world.keep(finished(1))
    house.world.person("anna", extensions=())
    house.world.person("ben", extensions=("101", "102"))
    assert await house.ids("ben") == []
    assert await house.ids("anna") == ["CALL1"]


async def test_a_person_with_two_telephones_reads_a_call_once(house: House) -> None:
    await house.world.keep(missed(1), finished(1, "8101"), missed(2), missed(2, "8101"))
    _, page = await house.ask("anna", "")
    assert [(one["id"], one["result"], one["extension"]) for one in page["entries"]] == [
        ("CALL2", "missed", "101"),
        ("CALL1", "answered", "8101"),
    ]


async def test_pages_follow_each_other(house: House) -> None:
    await house.world.keep(*(finished(number) for number in range(250)))
    seen: list[str] = []
    after = ""
    while True:
        _, page = await house.ask("anna", f"?limit=100&after={after}")
        seen += [one["id"] for one in page["entries"]]
        if page["next"] is None:
            break
        after = page["next"]
        assert after == seen[-1]
    assert seen == [f"CALL{number}" for number in reversed(range(250))]


NARROWED = {
    "missed=1": ["CALL6", "CALL5"],
    "missed=0": ["CALL6", "CALL5", "CALL3", "CALL2", "CALL1"],
    "direction=out": ["CALL3", "CALL2"],
    "result=busy": ["CALL6"],
    "since=2026-11-21T12:05:00Z": ["CALL6", "CALL5"],
    "until=2026-11-21T13:02:00%2B01:00": ["CALL1"],
    "private=1&direction=out": ["CALL4", "CALL3", "CALL2"],
    "q=huber": ["CALL5", "CALL1"],
    "q=bäck+hub": ["CALL5", "CALL1"],
    "q=030+231+250+99": ["CALL2"],
    "q=mama": ["CALL3"],
    "q=nobody": [],
    "q=%21": [],
    "q=burger": ["CALL6"],
    "q=huber&missed=true&limit=1": ["CALL5"],
}


async def test_a_journal_can_be_narrowed_and_searched(tmp_path: Path) -> None:
    async with a_house(tmp_path, private_prefix="*9") as house:
        await house.world.keep(
            finished(1),
            out(2, peer_number=STRANGER),
            out(3, peer_number=MAMA),
            out(4, dialled="*9003023125001"),
            missed(5),
            missed(6, result="busy", peer_number=None, line="200"),
        )
        assert {query: await house.ids("anna", query) for query in NARROWED} == NARROWED


async def test_a_question_that_makes_no_sense_is_refused(house: House) -> None:
    for query in (
        "limit=0", "limit=101", "limit=x", "missed=2", "direction=up", "result=maybe", "since=yesterday",
        "since=2026-11-21T12:00:00", "until=1", "private=yes",
    ):  # fmt: skip
        status, problem = await house.ask("anna", f"?{query}")
        assert (status, problem["code"]) == (400, "bad_request"), query


async def test_a_search_goes_on_where_it_stopped_looking(house: House) -> None:
    many = MOST_SEARCHED + 300
    await house.world.keep(finished(0), *(finished(number, peer_number=STRANGER) for number in range(1, many)))
    _, page = await house.ask("anna", "?q=huber")
    assert (page["entries"], page["next"]) == ([], f"CALL{many - MOST_SEARCHED}")
    _, page = await house.ask("anna", f"?q=huber&after={page['next']}")
    assert ([one["id"] for one in page["entries"]], page["next"]) == (["CALL0"], None)
    _, page = await house.ask("anna", "?q=030&limit=3")
    assert (len(page["entries"]), page["next"]) == (3, page["entries"][-1]["id"])


async def test_hostile_words_are_words(house: House) -> None:
    await house.world.keep(finished(1))
    for hostile in ("' OR 1=1 --", "%", "_", "\0", "\ud7ff" * 500, "*" * 5000, "(" * 50):
        assert (
            await house.session.get("/api/v1/journal", params={"q": hostile}, headers={"X-Who": "ben"})
        ).status == 200
        for path in ("/api/v1/journal", "/api/v1/journal/missed"):
            got = await house.session.get(path, params={"of": hostile}, headers={"X-Who": "ben"})
            assert got.status == 403
        got = await house.session.get("/api/v1/journal", params={"after": hostile}, headers={"X-Who": "ben"})
        assert got.status == 404


async def test_a_note_is_its_writers_own(shared: House) -> None:
    await shared.world.keep(missed(1), missed(1, "102"))
    shared.world.hub.told()
    status, entry = await shared.ask("anna", "/CALL1", "PATCH", {"note": " calls again on Monday \n"})
    assert (status, entry["note"], entry["private"]) == (200, "calls again on Monday", False)
    for _, login, news in shared.world.hub.news:
        assert (news.note is not None) == (login == "anna" and news.extension == "101" and news.note == entry["note"])
    assert "Monday" not in str(await shared.ask("ben", "?of=dept")) + str(await shared.ask("ben", ""))
    assert "Monday" not in str(await shared.ask("anna", "?of=dept"))
    assert await shared.ids("anna", "q=monday") == ["CALL1"]
    assert await shared.ids("ben", "q=monday") == []
    _, entry = await shared.ask("anna", "/CALL1", "PATCH", {})
    assert entry["note"] == "calls again on Monday"
    _, entry = await shared.ask("anna", "/CALL1", "PATCH", {"note": None})
    assert entry["note"] is None


async def test_nothing_else_can_be_changed(house: House) -> None:
    await house.world.keep(finished(1))
    wrong: tuple[dict[str, object], ...] = (
        {"note": "x" * 2001}, {"note": 5}, {"private": "yes"}, {"private": None}, {"done_by": "me"},
    )  # fmt: skip
    for body in wrong:
        assert (await house.ask("anna", "/CALL1", "PATCH", body))[0] == 400


async def test_what_becomes_private_leaves_the_department_and_ones_own_list(shared: House) -> None:
    await shared.world.keep(missed(1), missed(2), missed(2, "102"))
    assert await shared.ids("ben", "of=dept") == ["CALL2", "CALL1"]
    shared.world.hub.told()
    for number in (1, 2):
        await shared.ask("anna", f"/CALL{number}", "PATCH", {"private": True})
    assert await shared.ids("ben", "of=dept") == ["CALL2"], "it rang at Ben's too"
    assert await shared.ids("anna") == []
    assert await shared.ids("anna", "private=1") == ["CALL2", "CALL1"]
    assert (await shared.ask("ben", "/CALL1/done", "POST"))[0] == 404
    gone = [entry for topic, login, entry in shared.world.hub.news if login == "ben" and entry.id == "CALL1"]
    (told,) = gone
    assert told.gone
    assert (told.peer.number, told.peer.name, told.extension, told.note) == (None, None, None, None)
    (told,) = [
        entry
        for topic, login, entry in shared.world.hub.news
        if login == "ben" and "dept" in topic and entry.id == "CALL2"
    ]
    assert (told.gone, told.extension) == (False, "102")
    await shared.ask("anna", "/CALL1", "PATCH", {"private": False})
    assert await shared.ids("ben", "of=dept") == ["CALL2", "CALL1"]


async def test_a_department_reads_its_missed_calls_each_once(shared: House) -> None:
    """A ring group, a hunt that somebody took in the end, another department, an answered call, a call inside."""
    await shared.world.keep(
        missed(1), missed(1, "102"), missed(1, "103"),
        missed(2), finished(2, "102"),
        missed(3, "103"), finished(4, "102"), missed(5, "104"),
        missed(6, "102", direction="internal", peer_number="101"),
        missed(6, "101", direction="internal", peer_number="102", role="caller"),
    )  # fmt: skip
    for who in ("anna", "ben"):
        assert await shared.ids(who, "of=dept") == ["CALL6", "CALL1"]
        assert await shared.ids(who, "of=dept&result=answered") == []
    assert await shared.ids("carla", "of=dept") == ["CALL3", "CALL1"]
    status, problem = await shared.ask("dieter", "?of=dept")
    assert (status, problem["code"]) == (403, "not_allowed")


async def test_where_it_is_allowed_a_department_reads_all_calls_that_are_not_private(tmp_path: Path) -> None:
    async with a_house(tmp_path, department="dept", department_shows="all", private_prefix="*9") as house:
        await house.world.keep(
            missed(1), finished(2, "102"), out(3), out(4, dialled="*9003023125001"), finished(5, "103")
        )
        assert await house.ids("ben", "of=dept") == ["CALL3", "CALL2", "CALL1"]
        assert await house.ids("ben", "of=dept&private=1") == ["CALL3", "CALL2", "CALL1"]
        assert await house.ids("ben", "of=dept&missed=1") == ["CALL1"]


async def test_what_is_done_is_done_for_all_by_whoever_was_first(shared: House) -> None:
    await shared.world.keep(missed(1), missed(1, "102"), missed(2), finished(3))
    shared.world.hub.told()
    status, entry = await shared.ask("ben", "/CALL2/done", "POST")
    assert (status, entry["done_by"], entry["done_at"]) == (200, "Ben Biber", "2026-11-21T13:00:00Z")
    assert shared.world.hub.told() == [
        ("journal.self", "anna", "CALL2"),
        ("journal.dept:Bürgerbüro", "anna", "CALL2"),
        ("journal.dept:Bürgerbüro", "ben", "CALL2"),
    ]
    shared.world.time += timedelta(minutes=1)
    _, entry = await shared.ask("anna", "/CALL2/done", "POST")
    assert (entry["done_by"], entry["done_at"]) == ("Ben Biber", "2026-11-21T13:00:00Z")
    assert shared.world.hub.told() == []
    _, entry = await shared.ask("anna", "/CALL1/done", "POST")
    assert [one["done_by"] for one in (await shared.ask("ben", ""))[1]["entries"]] == ["Anna Amsel"]
    assert (await shared.ask("anna", "/CALL3/done", "POST"))[0] == 400
    assert (await shared.ask("carla", "/CALL1/done", "POST"))[0] == 404
    assert (await shared.ask("anna", "/%27/done", "POST"))[0] == 404


async def test_missed_calls_are_put_together_by_caller_until_they_are_done(shared: House) -> None:
    await shared.world.keep(missed(1), missed(2, "102"), missed(3, peer_number=STRANGER), missed(4, peer_number=None))
    _, found = await shared.ask("ben", "/missed?of=dept")
    assert [(one["number"], one["name"], one["count"], one["ids"]) for one in found["groups"]] == [
        (None, None, 1, ["CALL4"]),
        (STRANGER, None, 1, ["CALL3"]),
        (BAKER, "Bäckerei Huber", 2, ["CALL2", "CALL1"]),
    ]
    change = await shared.world.store.called_back(BAKER, shared.world.time, by="ben", department="Bürgerbüro")
    shared.world.desk.told(change)
    _, found = await shared.ask("anna", "/missed?of=dept")
    assert [one["number"] for one in found["groups"]] == [None, STRANGER]
    _, found = await shared.ask("anna", "/missed?of=dept&done=1&since=2026-11-21T12:02:00Z")
    assert [(one["number"], one["done_by"]) for one in found["groups"]] == [
        (None, None), (STRANGER, None), (BAKER, "Ben Biber"),
    ]  # fmt: skip
    _, found = await shared.ask("ben", "/missed")
    assert found["groups"] == []


async def test_ones_own_is_there_as_a_table(house: House) -> None:
    await house.world.keep(*(finished(number) for number in range(250)), finished(300, "102"))
    text = await house.text("anna")
    assert len(text.splitlines()) == 251
    assert len((await house.text("anna", "since=2026-11-21T16:00:00Z")).splitlines()) == 11
    assert (await house.text("anna", "direction=out")).count("\n") == 1


async def test_every_look_at_a_departments_journal_is_written_down(shared: House) -> None:
    await shared.world.keep(missed(1))
    for _ in range(3):
        await shared.ids("ben", "of=dept&q=hu")
    await shared.ask("ben", "/missed?of=dept")
    await shared.ids("ben")
    (looked,) = [one for one in await shared.world.audit.read("eva", how="test") if one.who != "eva"]
    assert (looked.who, looked.did, looked.whose, looked.how) == ("ben", "read", "Bürgerbüro", "rest")


async def test_where_there_is_no_journal_nobody_reads_one(tmp_path: Path) -> None:
    async with a_house(tmp_path, department="off") as house:
        await house.world.keep(missed(1))
        assert await house.world.store.of_call("CALL1") == []
        for method, path, body in (
            ("GET", "", None), ("GET", "/missed", None), ("GET", "?of=dept", None),
        ):  # fmt: skip
            assert (await house.ask("anna", path, method, body))[0] == 403
        assert (await house.ask("anna", "/CALL1", "PATCH", {"note": "x"}))[0] == 404
        assert (await house.ask("anna", "/CALL1/done", "POST"))[0] == 404


async def test_what_a_department_was_not_to_read_it_does_not_read_later(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        await house.world.keep(missed(1))
    async with a_house(tmp_path, department="dept") as house:
        await house.world.keep(missed(2))
        assert await house.ids("ben", "of=dept") == ["CALL2"]
        assert await house.ids("anna") == ["CALL2", "CALL1"]

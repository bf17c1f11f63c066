"""The journal on real calls: a missed call is there once per department, and done for all when one has called back."""

import asyncio
import csv
import io
from typing import Any

from ami_bridge.demo.sipp import TrunkPhone, call_from_trunk
from tests.real.house import House, Listener
from tests.real.plays import Stage

BAKER, BAKER_NAME = "+491713920001", "Sabine Schröder"
"""From her mobile, from which she calls in no other test of this house."""
ANNA, GROUP = "+498999998101", "+498999998000"
TOWN = "journal.dept:Bürgerbüro"
TOPICS = ("journal.self", TOWN)


def entry(**wanted: Any) -> Any:  # noqa: ANN401 - a predicate over JSON
    """Whether a message tells of an entry like this."""
    topic = wanted.pop("topic", None)
    return lambda one: (
        one["type"] == "event"
        and one["event"] == "journal.changed"
        and topic in {None, one["topic"]}
        and all(one["entry"][name] == value for name, value in wanted.items())
    )


async def told(listener: Listener, *, after: int = 0, **wanted: Any) -> dict[str, Any]:  # noqa: ANN401
    found: dict[str, Any] = listener.heard[await listener.until(entry(**wanted), after=after)]["entry"]
    return found


async def miss(house: House, number: str) -> None:
    """Call from outside until nobody has taken it."""
    call = await call_from_trunk(house.pbx, BAKER, number, hold_seconds=0.1, cancel_after=0.7)
    await call.ended()


async def test_what_was_missed_is_there_once_and_done_for_all_when_one_calls_back(house: House, stage: Stage) -> None:
    async with (
        house.listen("anna", topics=TOPICS) as anna,
        house.listen("ben", topics=TOPICS) as ben,
        house.listen("carla", topics=["journal.self", TOWN, "journal.dept:Bauamt"]) as carla,
        TrunkPhone(house.pbx, ring_seconds=0.1) as outside,
    ):
        assert carla.heard[0]["refused"] == [TOWN]
        await miss(house, ANNA)
        first = await told(anna, topic="journal.self", result="missed")
        mark = len(anna.heard)
        await miss(house, GROUP)
        group = await told(anna, after=mark, topic="journal.self", result="missed")
        for who in (anna, ben):
            for one in (first, group):
                seen = await told(who, topic=TOWN, id=one["id"])
                assert (seen["peer"]["name"], seen["peer"]["number"]) == (BAKER_NAME, BAKER)
        for reader in ("anna", "ben"):
            _, page = await house.rest(reader, "GET", "/journal?of=dept&missed=1&limit=2")
            assert [one["id"] for one in page["entries"]] == [group["id"], first["id"]], "each call once"
            _, missed = await house.rest(reader, "GET", "/journal/missed?of=dept")
            newest = missed["groups"][0]
            assert (newest["number"], newest["name"]) == (BAKER, BAKER_NAME)
            assert newest["ids"] == [group["id"], first["id"]]

        mark = len(anna.heard)
        at = stage.ben.mark()
        await stage.ben.dial(f"0{BAKER.replace('+49', '0')}")
        await stage.ben.talking(after=at)
        for one in (first, group):
            done = await told(anna, after=mark, topic=TOWN, id=one["id"], done_by="Ben Biber")
            assert done["done_at"] is not None
            assert done["rev"] > one["rev"]
            await told(anna, after=mark, topic="journal.self", id=one["id"], done_by="Ben Biber")
        await stage.ben.hangup()
        assert BAKER in str(await outside_called(outside))
        _, missed = await house.rest("anna", "GET", "/journal/missed?of=dept")
        assert BAKER not in [one["number"] for one in missed["groups"]]
        back = await told(ben, topic="journal.self", direction="out", result="answered")
        await nobody_else_saw_it(house, carla, [first["id"], group["id"], back["id"]], back["id"])


async def outside_called(outside: TrunkPhone) -> list[str]:
    async with asyncio.timeout(5):
        while not (called := outside.called()):
            await asyncio.sleep(0.05)
    return called


async def nobody_else_saw_it(house: House, carla: Listener, ids: list[str], of_ben: str) -> None:
    """Carla, of another department, neither hears nor reads, nor finds, nor changes any of it; nor Anna Ben's own."""
    assert not [one for one in carla.heard if one.get("event") == "journal.changed"]
    for question in ("/journal", "/journal?of=dept", "/journal/missed", "/journal?q=Schröder", "/journal?private=1"):
        status, page = await house.rest("carla", "GET", question)
        assert status == 200
        assert not set(ids).intersection(str(page).split("'")), question
    for of in ("anna", "all", "dept:Bürgerbüro", "Bürgerbüro"):
        assert (await house.rest("carla", "GET", f"/journal?of={of}"))[0] == 403
    for one in ids:
        assert (await house.rest("carla", "POST", f"/journal/{one}/done"))[0] == 404
        assert (await house.rest("carla", "PATCH", f"/journal/{one}", {"note": "mine"}))[0] == 404
        assert (await house.rest("carla", "GET", f"/journal?after={one}"))[0] == 404
    assert (await house.rest("anna", "PATCH", f"/journal/{of_ben}", {"private": False}))[0] == 404
    assert not [row for row in await table(house, "carla") if row["number"] == BAKER]
    assert {row["direction"] for row in await table(house, "ben") if row["number"] == BAKER} == {"in", "out"}
    assert {row["direction"] for row in await table(house, "anna") if row["number"] == BAKER} == {"in"}


async def table(house: House, user: str) -> list[dict[str, str]]:
    """Somebody's journal as a spreadsheet reads it."""
    headers = {"Authorization": f"Bearer {house.tokens[user]}"}
    async with house.session.get(f"{house.web}/api/v1/journal.csv", headers=headers) as answer:
        assert answer.status == 200
        return list(csv.DictReader(io.StringIO((await answer.text()).removeprefix("\ufeff"))))

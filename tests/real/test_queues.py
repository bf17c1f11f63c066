"""The switchboard at a real queue: who waits is seen, taken, and back when nobody answers; members pause, log in."""

import asyncio
import secrets
from typing import Any

from ami_bridge.demo.sipp import call_from_trunk
from tests.real.house import House, Listener
from tests.real.plays import CALLER, Stage

CALLER_NAME = "Sabine Schröder"
NUMBER = "+498999998300"
TOPIC = "queue:300"


async def queue(listener: Listener, fits: Any, *, after: int = 0) -> dict[str, Any]:  # noqa: ANN401 - a predicate
    """Wait until the queue is as wanted, and return it."""

    def seen(message: dict[str, Any]) -> dict[str, Any] | None:
        if message.get("topic") != TOPIC:
            return None
        shown: dict[str, Any] = message["queue"] if message["type"] == "event" else message["queues"][0]
        return shown

    at = await listener.until(lambda one: (found := seen(one)) is not None and fits(found), after=after)
    found = seen(listener.heard[at])
    assert found is not None
    return found


def member(shown: dict[str, Any], name: str) -> dict[str, Any]:
    return next((one for one in shown["members"] if one["name"] == name), {})


async def act(house: House, user: str, verb: str, **body: str) -> tuple[int, Any]:
    return await house.rest(user, "POST", f"/queues/300/{verb}", body, key=secrets.token_hex(8))


async def test_who_waits_is_seen_and_taken_and_comes_back_to_the_front_unanswered(house: House, stage: Stage) -> None:
    async with (
        house.listen("ben", topics=["calls.self", TOPIC]) as ben,
        house.listen("eva", topics=[TOPIC]) as eva,
        house.listen("dieter", topics=[TOPIC]) as dieter,
    ):
        assert next(one for one in dieter.heard if one["type"] == "welcome")["refused"] == [TOPIC]
        free = await queue(ben, lambda one: {m["state"] for m in one["members"]} == {"free"})
        assert [(m["name"], m["me"], m["actions"]) for m in free["members"]] == [
            ("Anna Amsel", False, []),
            ("Ben Biber", True, ["pause"]),
        ]
        for name in ("anna", "ben"):  # nobody is rung, so the caller waits
            assert (await act(house, name, "pause"))[0] == 200
        paused = await queue(eva, lambda one: all(m["paused"] for m in one["members"]))
        assert member(paused, "Anna Amsel")["actions"] == ["unpause"], "Eva manages the queue"
        await call_from_trunk(house.pbx, CALLER, NUMBER, hold_seconds=60)
        waits = await queue(ben, lambda one: one["waiting"])
        (caller,) = waits["waiting"]
        assert (caller["peer"]["name"], caller["actions"]) == (CALLER_NAME, ["take"])
        assert (await queue(eva, lambda one: one["waiting"]))["waiting"][0]["actions"] == [], "she has no telephone now"
        assert (await act(house, "dieter", "take", caller=caller["id"]))[0] == 404

        mark, after = stage.ben.mark(), len(ben.heard)
        assert (await act(house, "ben", "take", caller=caller["id"]))[0] == 200
        await stage.ben.ringing(after=mark)
        await queue(ben, lambda one: not one["waiting"], after=after)
        await stage.ben.hangup()  # and so nobody answers
        (back,) = (await queue(ben, lambda one: one["waiting"], after=after + 1))["waiting"]
        assert (back["id"], back["since"]) == (caller["id"], caller["since"]), "they have waited all the time"

        mark, after = stage.ben.mark(), len(ben.heard)
        assert (await act(house, "ben", "take", caller=caller["id"]))[0] == 200
        await stage.ben.ringing(after=mark)
        await stage.ben.accept()
        talk = await ben.call("answered", after=after)
        assert talk["peer"]["name"] == CALLER_NAME
        talks = await queue(eva, lambda one: member(one, "Ben Biber")["state"] == "talking")
        assert CALLER_NAME not in str(talks), "never with whom"
        await stage.ben.hangup()
        for name in ("anna", "ben"):
            assert (await act(house, name, "unpause"))[0] == 200
        await queue(eva, lambda one: not any(m["paused"] for m in one["members"]))


async def test_who_may_logs_in_and_out_and_only_who_manages_lets_others_pause(house: House, stage: Stage) -> None:
    async with house.listen("carla", topics=[TOPIC]) as carla, house.listen("eva", topics=[TOPIC]) as eva:
        assert (await queue(carla, lambda _: True))["actions"] == ["login"]
        async with asyncio.timeout(10):
            while (await act(house, "carla", "login"))[0] == 503:
                await asyncio.sleep(0.1)
        mine = member(await queue(carla, lambda one: member(one, "Carla Çelik")), "Carla Çelik")
        assert (mine["me"], mine["extension"], mine["actions"]) == (True, "103", ["pause", "logout"])
        assert (await act(house, "anna", "pause", member=mine["id"]))[0] == 403
        assert (await act(house, "eva", "pause", member=mine["id"]))[0] == 200
        await queue(eva, lambda one: member(one, "Carla Çelik").get("paused"))
        assert (await act(house, "carla", "logout"))[0] == 200
        out = await queue(carla, lambda one: not member(one, "Carla Çelik"), after=len(carla.heard) - 1)
        assert out["actions"] == ["login"]
        assert stage.carla.extension == "103"

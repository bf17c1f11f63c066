"""Call control at a real Asterisk with real telephones: each verb does on the wire what it says, and only there."""

import asyncio
import secrets
from typing import Any

from ami_bridge.demo.sipp import PlayedPhone, call_from_trunk
from tests.real.house import House, Listener
from tests.real.plays import CALLER, Stage
from tests.real.tap import Sip, Tap

ANNA, BUERGERBUERO = "+498999998101", "calls.dept:Bürgerbüro"
CALLER_NAME = "Sabine Schröder"


async def do(house: House, user: str, call: str, verb: str, **body: Any) -> None:  # noqa: ANN401 - any JSON
    """Have something done by HTTP."""
    answer = await house.rest(user, "POST", f"/calls/{call}/{verb}", body, key=secrets.token_hex(8))
    assert answer == (200, {"call": call}), answer


async def refused(house: House, user: str, call: str, verb: str, **body: Any) -> tuple[int, str]:  # noqa: ANN401
    status, problem = await house.rest(user, "POST", f"/calls/{call}/{verb}", body, key=secrets.token_hex(8))
    return status, problem.get("code", "")


async def state(listener: Listener, fits: Any, *, after: int = 0) -> dict[str, Any]:  # noqa: ANN401 - a predicate
    """Wait for a call that looks like this."""
    try:
        place = await listener.until(
            lambda one: one["type"] == "event" and "call" in one and fits(one["call"]), after=after
        )
    except TimeoutError as error:
        raise AssertionError([one.get("call") for one in listener.heard[after:]]) from error
    found: dict[str, Any] = listener.heard[place]["call"]
    return found


async def talks(house: House, stage: Stage, anna: Listener) -> dict[str, Any]:
    """Somebody outside calls Anna, who takes it."""
    await call_from_trunk(house.pbx, CALLER, ANNA, hold_seconds=60)
    after = len(anna.heard)
    await anna.call("ringing", after=after)
    await stage.anna.accept()
    return await state(anna, lambda call: "transfer" in call["actions"], after=after)


def shown(tap: Tap, house: House, extension: str) -> str:
    """What the telephone that rings is told to show."""
    invites: list[Sip] = [
        one
        for one in tap.all("INVITE")
        if one.source[1] == house.pbx.ports.sip and one.start.startswith(f"INVITE sip:{extension}")
    ]
    return invites[-1].header("From")


async def test_a_rejected_call_is_busy_for_its_caller_and_silent_here(house: House, stage: Stage) -> None:
    """Somebody else's try does nothing on the wire."""
    async with house.listen("anna") as anna:
        mark, carla = stage.anna.mark(), stage.carla.mark()
        await stage.carla.dial("101")
        call = await state(anna, lambda call: "redirect" in call["actions"])
        assert call["actions"] == ["reject", "redirect", "note"]
        await stage.anna.ringing(after=mark)
        for stranger in ("ben", "eva"):
            assert await refused(house, stranger, call["id"], "reject") in {(404, "not_found"), (409, "gone")}
            assert await refused(house, stranger, call["id"], "redirect", to="102") in {
                (404, "not_found"),
                (409, "gone"),
            }
        assert (await house.rest("dieter", "DELETE", f"/calls/{call['id']}"))[0] == 404
        assert len(await house.pbx.channels()) == 2, "nothing happened"
        await do(house, "anna", call["id"], "reject")
        ended = await anna.call("ended")
        assert (ended["result"], ended["actions"]) == ("rejected", [])
        await stage.anna.idle(after=mark)
        assert "486" in str(await stage.carla.idle(after=carla)), "the caller hears busy"
        assert await refused(house, "anna", call["id"], "reject") == (404, "not_found")


async def test_in_a_ring_group_the_others_go_on_ringing(house: House, stage: Stage) -> None:
    """Over the websocket. What rings at others too cannot be sent elsewhere."""
    async with house.listen("anna") as anna, house.listen("ben") as ben:
        at_anna, at_ben = stage.anna.mark(), stage.ben.mark()
        await stage.carla.dial("200")
        call = await anna.call("ringing")
        await stage.ben.ringing(after=at_ben)
        assert await refused(house, "anna", call["id"], "redirect", to="104") == (409, "gone")
        answer = await anna.ask("call.reject", call=call["id"])
        assert answer["ok"], answer
        assert (await anna.call("ended"))["result"] == "rejected"
        await stage.anna.idle(after=at_anna)
        await stage.ben.accept()
        assert (await ben.call("answered"))["id"] == call["id"]
        assert (await ben.ask("call.hangup", call=call["id"]))["ok"]
        await stage.ben.idle(after=at_ben)


async def test_who_talks_or_dials_can_hang_up(house: House, stage: Stage) -> None:
    async with house.listen("anna") as anna:
        call = await call_from_trunk(house.pbx, CALLER, ANNA, hold_seconds=60)
        ring = await anna.call("ringing")
        await stage.anna.accept()
        await anna.call("answered")
        assert (await house.rest("anna", "DELETE", f"/calls/{ring['id']}"))[0] == 200
        await anna.call("ended")
        assert "bye from the other" in await call.ended()
    async with PlayedPhone(house.pbx, "105", answer="180"), house.listen("anna") as anna:
        await stage.anna.dial("105")
        dialing = await anna.call("dialing")
        assert dialing["actions"] == ["hangup", "note"]
        assert (await anna.ask("call.hangup", call=dialing["id"]))["ok"]
        assert (await anna.call("ended"))["result"] == "cancelled"


async def test_a_ringing_call_is_sent_on_with_its_name(house: House, stage: Stage) -> None:
    async with house.listen("anna") as anna, house.listen("ben") as ben:
        await call_from_trunk(house.pbx, CALLER, ANNA, hold_seconds=60)
        call = await state(anna, lambda call: "redirect" in call["actions"])
        mark = stage.ben.mark()
        with Tap() as tap:
            await do(house, "anna", call["id"], "redirect", to="102")
            await stage.ben.ringing(after=mark)
        there = await ben.call("ringing")
        assert (there["id"], there["peer"]["name"]) == (call["id"], CALLER_NAME)
        assert there["forwarded_by"]["name"] == "Anna Amsel"
        assert CALLER_NAME in shown(tap, house, "102")
        assert (await anna.call("ended"))["result"] == "transferred"
        assert (await house.rest("ben", "DELETE", f"/calls/{call['id']}"))[0] == 200


async def test_a_call_is_given_on_to_whom_one_may_call(house: House, stage: Stage) -> None:
    async with house.listen("anna") as anna, house.listen("carla") as carla:
        call = await talks(house, stage, anna)
        assert call["actions"] == ["hangup", "transfer", "consult", "park", "conference", "note"]
        for to, why in (
            ("0900123456", (403, "not_allowed")),
            ("001900555123", (403, "not_allowed")),
            ("*8101", (400, "bad_request")),
            ("102&Local/103@internal", (400, "bad_request")),
            ("777", (404, "not_found")),
        ):
            assert await refused(house, "anna", call["id"], "transfer", to=to) == why
            assert await refused(house, "anna", call["id"], "consult", to=to) == why
            assert await refused(house, "anna", call["id"], "conference", add=[to]) == why
        assert await refused(house, "carla", call["id"], "transfer", to="103") == (404, "not_found")
        assert (await house.calls("anna"))[0]["state"] == "answered", "nothing happened"
        with Tap() as tap:
            await do(house, "anna", call["id"], "transfer", to="103")
            there = await carla.call("answered")
        assert (there["id"], there["peer"]["name"]) == (call["id"], CALLER_NAME)
        assert CALLER_NAME in shown(tap, house, "103")
        assert (await anna.call("ended"))["result"] == "transferred"
        assert (await house.rest("carla", "DELETE", f"/calls/{call['id']}"))[0] == 200


async def test_somebody_is_asked_first_and_the_two_are_joined_or_one_goes_back(house: House, stage: Stage) -> None:
    async with house.listen("anna") as anna, house.listen("dieter") as dieter:
        call = await talks(house, stage, anna)
        await do(house, "anna", call["id"], "consult", to="104")
        asking = await state(anna, lambda one: one["waits"] and one["peer"]["number"] == "104")
        assert asking["waits"]["name"] == CALLER_NAME
        assert asking["actions"] == ["resume", "transfer", "note"]
        assert (await dieter.call("answered"))["peer"]["name"] == "Anna Amsel"
        back = len(anna.heard)
        await do(house, "anna", call["id"], "resume")
        again = await state(anna, lambda one: "consult" in one["actions"], after=back)
        assert (again["peer"]["name"], again["waits"]) == (CALLER_NAME, None)
        await dieter.call("ended")
        after, then = len(anna.heard), len(dieter.heard)
        await do(house, "anna", call["id"], "consult", to="104")
        await state(anna, lambda one: one["waits"] and one["peer"]["number"] == "104", after=after)
        await state(dieter, lambda one: one["state"] == "answered", after=then)
        await do(house, "anna", call["id"], "transfer")
        assert (await anna.call("ended", after=after))["result"] == "transferred"
        await state(dieter, lambda one: one["state"] == "answered" and one["peer"]["name"] == CALLER_NAME, after=then)
        assert (await house.rest("dieter", "DELETE", f"/calls/{call['id']}"))[0] == 200


async def test_a_parked_call_is_fetched_by_its_own_telephone(house: House, stage: Stage) -> None:
    async with house.listen("anna") as anna:
        call = await talks(house, stage, anna)
        await do(house, "anna", call["id"], "park")
        parked = await state(anna, lambda one: one["state"] == "parked" and "hangup" not in one["actions"])
        assert (parked["parked_at"], parked["actions"]) == ("701", ["fetch", "note"])
        mark, after = stage.anna.mark(), len(anna.heard)
        await do(house, "anna", call["id"], "fetch")
        await stage.anna.ringing(after=mark)
        await stage.anna.accept()
        fetched = await state(anna, lambda one: one["id"] == call["id"] and one["state"] == "answered", after=after)
        assert fetched["peer"]["name"] == CALLER_NAME
        assert (await house.rest("anna", "DELETE", f"/calls/{call['id']}"))[0] == 200


async def test_a_call_is_picked_up_within_the_group_only(house: House, stage: Stage) -> None:
    async with (
        house.listen("ben", topics=["calls.self", BUERGERBUERO]) as ben,
        house.listen("dieter", topics=["calls.self", BUERGERBUERO]) as dieter,
        house.listen("anna") as anna,
    ):
        refusal = next(one for one in dieter.heard if one["type"] == "welcome")["refused"]
        assert refusal == [BUERGERBUERO]
        await call_from_trunk(house.pbx, CALLER, ANNA, hold_seconds=60)
        row = await state(ben, lambda one: one["state"] == "ringing")
        assert (row["extension"], row["peer"]["name"], row["actions"]) == ("101", CALLER_NAME, ["pickup"])
        for stranger in ("carla", "dieter"):
            assert await refused(house, stranger, row["id"], "pickup") == (404, "not_found")
        assert await refused(house, "ben", row["id"], "reject") == (409, "gone")
        assert await refused(house, "eva", row["id"], "pickup") == (409, "gone"), "she has no telephone now"
        mark = stage.ben.mark()
        await do(house, "ben", row["id"], "pickup")
        await stage.ben.ringing(after=mark)
        await stage.ben.accept()
        taken = await state(ben, lambda one: one["id"] == row["id"] and one["state"] == "answered")
        assert (taken["extension"], taken["peer"]["name"]) == ("102", CALLER_NAME)
        over = await state(ben, lambda one: one["extension"] == "101" and one["state"] == "ended")
        assert over["actions"] == []
        ended = await anna.call("ended")
        assert ended["result"] == "missed" or ended["answered_by"]["name"] == "Ben Biber"
        assert (await house.rest("ben", "DELETE", f"/calls/{row['id']}"))[0] == 200


async def test_a_call_becomes_a_conference_and_goes_on_without_who_made_it(house: House, stage: Stage) -> None:
    async with house.listen("anna") as anna, house.listen("dieter") as dieter:
        call = await talks(house, stage, anna)
        await do(house, "anna", call["id"], "conference", add=["104"])
        three = await state(anna, lambda one: one["state"] == "conference" and one["others"])
        assert {three["peer"]["name"], *(one["name"] for one in three["others"])} == {CALLER_NAME, "Dieter Dachs"}
        assert three["actions"] == ["hangup", "conference", "note"]
        there = await state(dieter, lambda one: one["state"] == "conference" and one["others"])
        assert {there["peer"]["name"], *(one["name"] for one in there["others"])} == {CALLER_NAME, "Anna Amsel"}
        after = len(dieter.heard)
        assert (await house.rest("anna", "DELETE", f"/calls/{call['id']}"))[0] == 200
        two = await state(dieter, lambda one: one["state"] == "conference" and not one["others"], after=after)
        assert two["peer"]["name"] == CALLER_NAME
        assert (await house.rest("dieter", "DELETE", f"/calls/{there['id']}"))[0] == 200
        await house.pbx.quiet()  # the caller outside is not left alone with music


async def test_a_note_is_seen_at_once_and_kept_with_the_finished_call(house: House, stage: Stage) -> None:
    async with house.listen("anna") as anna:
        call = await talks(house, stage, anna)
        await do(house, "anna", call["id"], "note", text="calls again on Monday")
        assert (await state(anna, lambda one: one["note"]))["note"] == "calls again on Monday"
        assert (await house.rest("anna", "DELETE", f"/calls/{call['id']}"))[0] == 200
        await anna.call("ended")
    async with asyncio.timeout(5):
        while not (found := [row for row in house.journal() if row["call_id"] == call["id"]]):
            await asyncio.sleep(0.05)
    assert [row["note"] for row in found] == ["calls again on Monday"]


async def test_devices_are_told_with_model_and_whether_they_are_there(house: House, stage: Stage) -> None:
    assert stage.anna.extension == "101"
    async with asyncio.timeout(5):
        while not (found := (await house.rest("anna", "GET", "/devices"))[1]["devices"])[0]["registered"]:
            await asyncio.sleep(0.05)
    assert found == [
        {
            "id": "PJSIP/101", "pbx": "rathaus", "extension": "101", "label": "baresip", "model": "baresip",
            "registered": True, "capabilities": [], "chosen": False,
        }
    ]  # fmt: skip
    (evas,) = (await house.rest("eva", "GET", "/devices"))[1]["devices"]
    assert (evas["id"], evas["registered"], evas["model"]) == ("PJSIP/105", False, None)
    status, chosen = await house.rest("anna", "PUT", "/devices/chosen", {"device": "PJSIP/101"})
    assert (status, chosen["devices"][0]["chosen"]) == (200, True)
    assert (await house.rest("anna", "PUT", "/devices/chosen", {"device": "PJSIP/102"}))[0] == 404
    assert (await house.rest("anna", "PUT", "/devices/chosen", {"device": None}))[1]["devices"][0]["chosen"] is False


async def test_buttons_vanish_when_the_dialplan_is_not_prepared(house: House, stage: Stage) -> None:
    async with house.listen("anna") as anna:
        call = await talks(house, stage, anna)
        await house.pbx.cli("dialplan remove context bridge-send")
        try:
            after = len(anna.heard)
            async with PlayedPhone(house.pbx, "105"):  # somebody registers, so the daemon looks
                gone = await state(anna, lambda one: "transfer" not in one["actions"], after=after)
            assert gone["actions"] == ["hangup", "park", "note"]
            assert await refused(house, "anna", call["id"], "transfer", to="102") == (409, "gone")
        finally:
            after = len(anna.heard)
            await house.pbx.cli("dialplan reload")
        async with PlayedPhone(house.pbx, "105"):
            await state(anna, lambda one: "transfer" in one["actions"], after=after)
        assert (await house.rest("anna", "DELETE", f"/calls/{call['id']}"))[0] == 200


async def test_without_asterisk_nothing_is_done_and_nothing_later(house: House, stage: Stage) -> None:
    async with house.listen("anna") as anna:
        await stage.carla.dial("101")
        call = await anna.call("ringing")
        house.pbx.freeze()
        try:
            assert await refused(house, "anna", call["id"], "reject") == (503, "unavailable")
        finally:
            house.pbx.thaw()
        await anna.call("ended", within=20)

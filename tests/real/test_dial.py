"""Dialling from the desk on real telephones: own one first, then whom one wants; once, and only what is allowed."""

import asyncio
import json
import secrets
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from ami_bridge import wire
from ami_bridge.asterisk import phone
from ami_bridge.demo.sipp import PlayedPhone, TrunkPhone
from tests.calls.test_classes import HOSTILE
from tests.limits import allowed
from tests.real.house import DIALLING, SOAK, SOON, House
from tests.real.plays import Stage
from tests.real.tap import Sip, Tap

BAKER, BAKER_NAME = "+493023125001", "Sabine Schröder"
DEAR = ("0900 1234567", "+49 137 1234567", "0180 5 123456", "11833", "+44 20 7946 0000", "01012 030 123456")
ROUNDS = 100 if SOAK else 20
KILLS = 20 if SOAK else 3


def invites(tap: Tap, house: House, number: str) -> list[Sip]:
    """The INVITEs that rang this telephone; those within a call are none."""
    ours = [one for one in tap.all("INVITE") if one.source[1] == house.pbx.ports.sip]
    return [one for one in ours if f"sip:{number}" in one.start and ";tag=" not in one.header("To")]


async def settled(tap: Tap, house: House, number: str, times: int = 1) -> list[Sip]:
    """The INVITEs to this telephone, once there are so many, and Asterisk has had time for more."""
    async with asyncio.timeout(SOON):
        while len(invites(tap, house, number)) < times:
            await asyncio.sleep(0.01)
    await house.pbx.channels()
    return invites(tap, house, number)


@asynccontextmanager
async def ringing_for_ever(house: House, number: str = "101") -> AsyncIterator[PlayedPhone]:
    """A telephone that rings and is not picked up; whatever rings at the end is ended."""
    async with PlayedPhone(house.pbx, number, answer="180") as phone:
        try:
            yield phone
        finally:
            await house.pbx.cli("channel request hangup all")
            await house.pbx.quiet()


async def in_calls(house: House, *numbers: str) -> list[str]:
    """The channels of these telephones; others may be ringing for what another test has left."""
    return [one for one in await house.pbx.channels() if one.startswith(tuple(f"PJSIP/{one}-" for one in numbers))]


async def originate(house: House, user: str, to: str, key: str) -> dict[str, Any]:
    """Dial over a websocket of one's own, and return the answer."""
    async with house.listen(user) as listener:
        request = {"type": "request", "id": "1", "op": "call.originate", "key": key, "params": {"to": to}}
        await listener.socket.send_str(json.dumps(request))
        answer: dict[str, Any] = listener.heard[await listener.until(lambda one: one["type"] == "response")]
        return answer


# ---- The call


async def test_own_telephone_rings_first_then_the_other_with_the_right_names_on_both(
    house: House, stage: Stage
) -> None:
    async with house.listen("anna") as anna, house.listen("ben") as ben:
        anna_rings, ben_rings = stage.anna.mark(), stage.ben.mark()
        with Tap() as tap:
            status, said = await house.dial("anna", "102")
            assert status == 201, said
            await stage.anna.ringing(after=anna_rings)
            dialing = await anna.call("dialing")
            assert not any(one.get("type") == "CALL_INCOMING" for one in stage.ben.events[ben_rings:])
            await stage.anna.accept()
            await stage.ben.ringing(after=ben_rings)
            rings = await ben.call("ringing")
            await stage.ben.accept()
            answered = await anna.call("answered")
            await asyncio.sleep(0.2)
            await stage.anna.hangup()
            ended = await anna.call("ended")
    assert dialing["id"] == answered["id"] == ended["id"] == rings["id"] == said["call"]
    assert (dialing["role"], dialing["direction"], dialing["peer"]["name"]) == ("caller", "internal", "Ben Biber")
    assert (rings["role"], rings["peer"]["name"]) == ("callee", "Anna Amsel")
    assert ended["result"] == "answered"
    (own,), (other,) = invites(tap, house, "101"), invites(tap, house, "102")
    assert own.header("From").startswith('"Ben Biber" <sip:102@')
    assert other.header("From").startswith('"Anna Amsel" <sip:101@')


async def test_outside_is_called_with_the_outside_line_and_sees_the_number_and_no_name(
    house: House, stage: Stage
) -> None:
    async with TrunkPhone(house.pbx, ring_seconds=0.2) as trunk, house.listen("anna") as anna:
        mark = stage.anna.mark()
        with Tap() as tap:
            status, said = await house.dial("anna", "030 / 231 25-001")
            assert status == 201, said
            await stage.anna.ringing(after=mark)
            dialing = await anna.call("dialing")
            await stage.anna.accept()
            await anna.call("answered")
            await stage.anna.hangup()
            ended = await anna.call("ended")
        called = trunk.called()
    assert (dialing["direction"], dialing["peer"]["number"]) == ("out", BAKER)
    assert dialing["peer"]["name"] == BAKER_NAME
    assert (ended["direction"], ended["result"]) == ("out", "answered")
    assert called[-1].split()[:2] == [BAKER, "from"]
    assert called[-1].split()[2].startswith("<sip:+498999998101@"), "the number, and no name before it"
    (own,) = invites(tap, house, "101")
    assert own.header("From").startswith(f'"{BAKER_NAME}" <sip:003023125001@')
    for record in (house.pbx.cdr, house.pbx.cel):
        assert BAKER_NAME not in record.read_text()


ODD_NAMES = (
    "Müller, Söhne & Co. (Bau",
    "[x) ${EPOCH} $[1+1] 'y'",
    "a\\b,c=d;e^f|g",
    "Variable: X=1, BD_TO=0900",
    "Ж" * 60,
)


async def test_whatever_is_in_a_name_the_display_shows_just_that(house: House) -> None:
    """As the manager's line is read by Asterisk: it cuts at commas, counts brackets, eats quotes and backslashes."""
    async with PlayedPhone(house.pbx, "101", answer="486", ring_seconds=0):
        with Tap() as tap:
            for number, name in enumerate(ODD_NAMES):
                action = phone.originate(
                    phone.Dialling(
                        id=f"odd-{number}", other_id=f"ode-{number}", device="PJSIP/101", keys="102", extension="101",
                        name=name, auto_answer="", ring_seconds=5,
                    )
                )  # fmt: skip
                await tell(house, action)
                await settled(tap, house, "101", number + 1)
    shown = [one.header("From").partition(" <sip:102@")[0] for one in invites(tap, house, "101")]
    assert shown == ['"' + name.replace("\\", "\\\\") + '"' for name in ODD_NAMES]


async def tell(house: House, action: phone.Action) -> None:
    """Send an action as the daemon's account."""
    reader, writer = await asyncio.open_connection("127.0.0.1", house.pbx.ports.ami)
    login = {"Username": "ami-bridge", "Secret": house.pbx.secrets.ami, "Events": "off"}
    text = ""
    for name, headers in (("Login", login), action):
        lines = [f"Action: {name}"]
        for header, values in headers.items():
            lines += [f"{header}: {one}" for one in ([values] if isinstance(values, str) else values)]
        text += "\r\n".join([*lines, "", ""])
    writer.write(text.encode())
    async with asyncio.timeout(SOON):
        await reader.readuntil(b"successfully queued")
    writer.close()


@pytest.mark.alone
async def test_own_telephone_rings_at_once(house: House) -> None:
    took = []
    async with PlayedPhone(house.pbx, "101", answer="486", ring_seconds=0), house.listen("anna") as anna:
        with Tap() as tap:
            for number in range(ROUNDS):
                start, began = len(anna.heard), time.time()
                status, said = await house.dial("anna", "102")
                assert status == 201, said
                took.append((await settled(tap, house, "101", number + 1))[-1].time - began)
                assert (await anna.call("ended", after=start))["result"] == "busy"
                await house.pbx.quiet()  # nobody dials again before the telephone has put down
    median = statistics.median(took)
    print(f"request to the INVITE of one's own telephone: median {median * 1000:.1f}, worst {max(took) * 1000:.1f} ms")
    assert median <= allowed(0.1)


async def test_the_telephone_that_can_is_told_to_answer_by_itself(house: House) -> None:
    async with ringing_for_ever(house, "105"):
        with Tap() as tap:
            assert (await house.dial("eva", "102"))[0] == 201
            (own,) = await settled(tap, house, "105")
    assert own.header("Alert-Info") == "<http://127.0.0.1>;info=alert-autoanswer;delay=0"


@pytest.mark.parametrize(
    ("answer", "ring_seconds", "result"),
    [("486", 0, "busy"), ("486", 0.3, "rejected"), ("603", 0.3, "rejected"), ("180", 0, "missed")],
)
async def test_what_ones_own_telephone_says_is_the_result(
    house: House, answer: str, ring_seconds: float, result: str
) -> None:
    async with (
        PlayedPhone(house.pbx, "101", answer=answer, ring_seconds=ring_seconds),
        house.listen("anna") as anna,
    ):
        status, said = await house.dial("anna", "102")
        assert status == 201, said
        ended = await anna.call("ended")
    assert (ended["id"], ended["result"], ended["peer"]["number"]) == (said["call"], result, "102")


async def test_a_telephone_that_forwards_its_calls_is_not_followed(house: House) -> None:
    """Else a colleague's would ring, who has not dialled."""
    async with (
        PlayedPhone(house.pbx, "101", answer="302", forward_to="102"),
        PlayedPhone(house.pbx, "102"),
        house.listen("anna") as anna,
    ):
        with Tap() as tap:
            assert (await house.dial("anna", "103"))[0] == 201
            assert (await anna.call("ended"))["result"] == "failed"
            assert await settled(tap, house, "101")
            assert invites(tap, house, "102") == []


async def test_who_has_no_telephone_on_is_told_so(house: House) -> None:
    status, said = await house.dial("eva", "102")
    assert (status, said["code"], said["retry"]) == (503, "unavailable", True)
    assert await in_calls(house, "102", "105") == []


async def test_a_number_that_leads_nowhere_fails(house: House) -> None:
    async with PlayedPhone(house.pbx, "101", ring_seconds=0.1), house.listen("anna") as anna:
        status, said = await house.dial("anna", "199")
        assert status == 201, said
        assert (await anna.call("ended"))["result"] == "failed"


async def test_an_emergency_call_is_confirmed_and_goes_out(house: House) -> None:
    async with TrunkPhone(house.pbx, ring_seconds=0.1) as trunk, PlayedPhone(house.pbx, "101", ring_seconds=0.1):
        for number in ("112", "0 110"):
            status, said = await house.dial("anna", number)
            assert (status, said["code"]) == (428, "unconfirmed")
            async with house.listen("anna") as anna:
                status, said = await house.dial("anna", number, confirmed=True)
                assert status == 201, said
                await anna.call("answered")
                await house.pbx.cli("channel request hangup all")
                await anna.call("ended")
        assert [one.split()[0] for one in trunk.called()] == ["112", "110"]


# ---- Once


@asynccontextmanager
async def calls_end(house: House) -> AsyncIterator[None]:
    """Leave no call behind, whatever happens."""
    try:
        yield
    finally:
        await house.pbx.cli("channel request hangup all")
        await house.pbx.quiet()


async def test_the_same_key_is_one_call_in_parallel_after_reconnecting_and_after_a_kill(house: House) -> None:
    """Ten times at once over HTTP and websockets, again on new connections, again after kill -9 of the daemon.

    Both answer: a call that only rings would be over before a busy machine has started the daemon again.
    """
    key = secrets.token_hex(16)
    async with PlayedPhone(house.pbx, "101"), PlayedPhone(house.pbx, "102"), calls_end(house):
        with Tap() as tap:
            by_rest = [house.dial("anna", "102", key=key) for _ in range(5)]
            by_socket = [originate(house, "anna", "102", key) for _ in range(5)]
            rest = await asyncio.gather(*by_rest)
            first = await asyncio.gather(*by_socket)
            assert {status for status, _ in rest} == {201}, rest
            calls = {said["call"] for _, said in rest} | {one["result"]["call"] for one in first}
            for _ in range(3):
                calls.add((await originate(house, "anna", "102", key))["result"]["call"])
            await house.daemon.kill()
            await house.start()
            again = await asyncio.gather(*(house.dial("anna", "102", key=key) for _ in range(10)))
            calls |= {said["call"] for _, said in again}
            rung = await settled(tap, house, "101")
            assert len(rung) == 1, "\n".join(map(repr, rung))
            assert len(calls) == 1
            (live,) = await house.calls("anna")
            assert live["id"] in calls, "after the restart the call has its id again"
            status, said = await house.dial("anna", "103", key=key)
            assert (status, said["code"]) == (400, "bad_request")
        await house.pbx.cli("channel request hangup all")
        await house.pbx.quiet()


async def test_killed_at_any_moment_it_never_rings_twice(house: House) -> None:
    """Ten with one key are under way when the daemon dies; whatever the client tries then, one call at most."""
    said: list[str] = []
    for turn in range(KILLS):
        key = secrets.token_hex(16)
        async with ringing_for_ever(house):
            with Tap() as tap:
                trying = [asyncio.get_running_loop().create_task(house.dial("anna", "102", key=key)) for _ in range(10)]
                await asyncio.sleep(0.014 * turn / KILLS)  # it rings after about 8 ms
                await house.daemon.kill()
                await asyncio.gather(*trying, return_exceptions=True)
                await house.start()
                status, answer = await house.dial("anna", "102", key=key)
                at_least = 1 if status == 201 else 0
                rung = len(await settled(tap, house, "101", at_least))
        said.append(f"{status} with {rung} INVITE")
        assert rung == 1 if status == 201 else (status, rung) in {(504, 0), (504, 1)}, answer
    print("killed in the middle:", ", ".join(said))


async def test_a_client_that_goes_in_the_middle_has_its_call_all_the_same(house: House) -> None:
    key = secrets.token_hex(16)
    async with ringing_for_ever(house):
        with Tap() as tap:
            socket = await house.session.ws_connect(
                f"{house.web}/api/v1/ws",
                protocols=(wire.PROTOCOL,),
                headers={"Authorization": f"Bearer {house.tokens['anna']}"},
            )
            await socket.send_str('{"type": "hello"}')
            request = {"type": "request", "id": "1", "op": "call.originate", "key": key, "params": {"to": "102"}}
            await socket.send_str(json.dumps(request))
            await socket.close()  # read in one go with the request: nobody waits for the answer
            await settled(tap, house, "101")
            status, said = await house.dial("anna", "102", key=key)
            assert status == 201, said
            assert len(await settled(tap, house, "101")) == 1


# ---- Only what is allowed


async def test_nobody_dials_from_anothers_telephone_nor_what_is_dear_nor_by_tricks(house: House) -> None:
    """Whatever is tried, the only INVITE on the wire is that of the honest call at the end."""
    tried: list[dict[str, Any]] = [
        {"to": "102", "device": one} for one in ("PJSIP/102", "PJSIP/103", "Local/103@internal")
    ]
    tried += [{"to": number, "confirmed": True} for number in DEAR]
    tried += [{"to": one} for one in HOSTILE]
    tried += [{"to": "102", "context": "from-trunk"}, {"to": "102", "variable": "BD_TO=0900"}]
    async with ringing_for_ever(house), PlayedPhone(house.pbx, "102", answer="180"):
        with Tap() as tap:
            for body in tried:
                status, said = await house.rest("anna", "POST", "/calls", body, key=secrets.token_hex(8))
                assert status in {400, 403}, (body, said)
                assert said["code"] in {"bad_request", "not_allowed"}
            for one in HOSTILE:
                answer = await originate(house, "anna", one, secrets.token_hex(8))
                assert answer["error"]["code"] == "bad_request"
            status, said = await house.rest("anna", "POST", "/calls", {"to": "102"})
            assert (status, said["code"]) == (400, "bad_request"), "without a key nothing rings"
            assert (await house.dial("anna", "103"))[0] == 201
            await settled(tap, house, "101")
            assert len([one for one in tap.all("INVITE") if one.source[1] == house.pbx.ports.sip]) == 1
    log = (house.folder / "log").read_text()
    assert "operation_failed" not in log
    assert "request_failed" not in log


async def test_limits_hold_over_a_restart(house: House) -> None:
    house.write(dialling="\n[dialling]\nper_person = { minute = 4, day = 100 }\n")
    await house.daemon.stop()
    await house.start()
    try:
        async with PlayedPhone(house.pbx, "104", answer="486", ring_seconds=0):
            assert [(await house.dial("dieter", "102"))[0] for _ in range(2)] == [201, 201]
            await house.daemon.kill()
            await house.start()
            found = [await house.dial("dieter", "102") for _ in range(3)]
            assert [status for status, _ in found] == [201, 201, 429]
            assert found[-1][1]["code"] == "rate_limited"
            assert (await house.dial("anna", "112"))[0] == 428, "others are not concerned"
    finally:
        house.write(dialling=DIALLING)
        await house.daemon.stop()
        await house.start()


# ---- The command line


async def test_the_command_dials_and_tells_how_it_goes(house: House) -> None:
    async with PlayedPhone(house.pbx, "101", ring_seconds=0.1), PlayedPhone(house.pbx, "102", answer="486"):
        token = house.folder / "anna.token"
        token.write_text(house.tokens["anna"])
        where = ("--url", f"{house.web}/api/v1/ws".replace("http", "ws"), "--token-file", str(token))
        code, said = await house.command("call", "102", "--language", "de", *where)
        assert (code, "→ wählt" in said, "Ben Biber" in said, "abgelehnt" in said) == (1, True, True, True), said
        code, said = await house.command("call", "0900 123456", *where)
        assert (code, said.count("\n")) == (1, 1)
        assert "You may not dial numbers of this kind" in said

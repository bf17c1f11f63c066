"""What of real calls is kept nowhere: private, withheld, nobody's business, or over; and what is told elsewhere."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from ami_bridge.demo.processes import Process, caller
from ami_bridge.demo.sipp import PlayedPhone, TrunkPhone, call_from_trunk
from tests.journal.receiver import Receiver, a_receiver
from tests.real.house import House
from tests.real.plays import Stage
from tests.real.test_journal import ANNA, GROUP, TOPICS, told
from tests.scenarios.test_nightly import LIBRARY

STRANGER, HIDDEN, PRIVATE, SHY = "+493023125097", "+493023125096", "+493023125095", "+493023125094"
JOURNAL = '[journal]\ndepartment = "dept"\n'


@asynccontextmanager
async def another_agreement(house: House, journal: str = "", more: str = "") -> AsyncIterator[None]:
    """The daemon with other words about the journal; at the end everything is as before."""
    config = house.folder / "config.toml"
    text = config.read_text(encoding="utf-8")
    assert JOURNAL in text
    await house.daemon.stop()
    config.write_text(text.replace(JOURNAL, JOURNAL + journal) + more, encoding="utf-8")
    await house.start()
    try:
        yield
    finally:
        await house.daemon.stop()
        config.write_text(text, encoding="utf-8")
        await house.start()


def hook(receiver: Receiver) -> str:
    return f'[missed_webhook]\nurl = "{receiver.url}"\nnetworks = ["127.0.0.0/8"]\nnumber = true\nwait = 0.5\n'


async def everything(house: House) -> bytes:
    """All that could hold a number: files of the database, the log, figures, exports."""
    found = [file.read_bytes() for file in house.folder.iterdir() if file.is_file()]
    async with house.session.get(f"{house.web}/metrics") as answer:
        found.append(await answer.read())
    for user in ("anna", "dieter"):
        code, said = await house.command("export", user, "--config", str(house.folder / "config.toml"))
        assert code == 0, said
        found.append(said.encode())
    return b"".join(found)


async def test_of_whom_nothing_may_be_kept_nothing_is(house: House, stage: Stage) -> None:
    """Anna telephones privately, with the doctor (Dieter), and somebody who withholds the number is missed."""
    silent = 'none = { devices = ["PJSIP/104"] }\n'
    async with (
        a_receiver() as receiver,
        another_agreement(house, silent, hook(receiver)),
        TrunkPhone(house.pbx, ring_seconds=0.1),
        house.listen("anna", topics=TOPICS) as anna,
        house.listen("ben", topics=TOPICS) as ben,
        house.listen("dieter", topics=TOPICS[:1]) as dieter,
    ):
        before = {one["call_id"] for one in house.journal()}
        at = stage.anna.mark()
        await stage.anna.dial(f"*90{PRIVATE.replace('+49', '0')}")
        await stage.anna.talking(after=at)
        await stage.anna.hangup()
        private = await told(anna, topic="journal.self", direction="out", result="answered")
        assert (private["private"], private["peer"]["number"], private["peer"]["display"]) == (True, None, "")

        at = stage.anna.mark()
        await stage.anna.dial("104")
        await stage.anna.talking(after=at)
        await stage.anna.hangup()
        doctor = await call_from_trunk(house.pbx, SHY, "+498999998104", hold_seconds=0.2)
        await doctor.ended()

        mark = len(anna.heard)
        hidden = await call_from_trunk(house.pbx, HIDDEN, ANNA, cancel_after=0.5, withheld=True)
        await hidden.ended()
        shy = await told(anna, after=mark, topic="journal.self", result="missed")
        assert shy["peer"]["number"] is None
        await receiver.until(1)
        (message,) = receiver.got.values()
        assert (message["name"], message["number"], message["callee"]) == (None, None, "Anna Amsel")

        kept = [one for one in house.journal() if one["call_id"] not in before]
        assert {one["call_id"] for one in kept} == {private["id"], shy["id"]}, "nothing of the doctor's on either side"
        assert not [one for one in dieter.heard if one.get("event") == "journal.changed"]
        assert private["id"] not in str(ben.heard)
        _, page = await house.rest("anna", "GET", "/journal?limit=5")
        assert private["id"] not in {one["id"] for one in page["entries"]}
        _, page = await house.rest("anna", "GET", "/journal?limit=5&private=1")
        assert private["id"] in {one["id"] for one in page["entries"]}
        _, page = await house.rest("ben", "GET", "/journal?of=dept&private=1")
        assert private["id"] not in {one["id"] for one in page["entries"]}
        found = await everything(house)
        for number in (HIDDEN, PRIVATE, SHY):
            assert number[3:].encode() not in found, number
            assert number[3:] not in str(receiver.requests)
        assert HIDDEN[3:] not in str(anna.heard) + str(ben.heard)


async def test_a_missed_call_reaches_the_chat_although_the_daemon_was_killed(house: House, stage: Stage) -> None:
    """The receiver is away, the daemon dies without a word, both come back."""
    assert stage.anna
    async with a_receiver() as receiver, another_agreement(house, more=hook(receiver)):
        await receiver.close()
        async with house.listen("anna", topics=TOPICS) as anna:
            for number in (ANNA, GROUP):
                mark = len(anna.heard)
                call = await call_from_trunk(house.pbx, STRANGER, number, cancel_after=0.5)
                await call.ended()
                await told(anna, after=mark, topic="journal.self", result="missed")
        await house.daemon.kill()
        await receiver.open()
        await house.start()
        await receiver.until(2)
        assert {one["number"] for one in receiver.got.values()} == {STRANGER}
        assert {one["department"] for one in receiver.got.values()} == {"Bürgerbüro"}
        receiver.status = 503
        async with house.listen("anna", topics=TOPICS) as anna:
            call = await call_from_trunk(house.pbx, STRANGER, ANNA, cancel_after=0.5)
            await call.ended()
            await told(anna, topic="journal.self", result="missed")
        asked = len(receiver.asked)
        await receiver.asked_times(asked + 1)
        await house.daemon.kill()
        receiver.status = 200
        await house.start()
        await receiver.until(3)
        assert receiver.asked[-1] == receiver.asked[asked], "the same id again"


async def test_after_a_month_no_byte_of_a_call_is_in_any_file(house: House) -> None:
    """The daemon's calendar jumps 31 days ahead; calls, numbers and notes of today are in no file any more."""
    async with PlayedPhone(house.pbx, "101", ring_seconds=0.1), house.listen("anna", topics=TOPICS) as anna:
        call = await call_from_trunk(house.pbx, STRANGER, ANNA, hold_seconds=0.2)
        kept = await told(anna, topic="journal.self", result="answered")
        await call.ended()
    await house.rest("anna", "PATCH", f"/journal/{kept['id']}", {"note": "Zaunkönigsnest"})
    assert any(STRANGER.encode() in file for file in database(house))
    await house.daemon.stop()
    ahead = {"LD_PRELOAD": LIBRARY, "FAKETIME": "+31d", "DONT_FAKE_MONOTONIC": "1"}
    house.daemon = await Process.start(
        [sys.executable, "-m", "ami_bridge", "run", "--config", str(house.folder / "config.toml")],
        name="daemon",
        account=caller(),
        output=house.folder / "log",
        env={**os.environ, **ahead},
    )
    try:
        await house.until_ready()
        async with asyncio.timeout(10):
            while house.journal():
                await asyncio.sleep(0.1)
            while any(STRANGER.encode() in file for file in database(house)):
                await asyncio.sleep(0.1)
        assert not any("Zaunkönigsnest".encode() in file for file in database(house))
        assert not any(kept["id"].encode() in file for file in database(house))
        assert (await house.rest("anna", "GET", "/journal?private=1"))[1] == {"entries": [], "next": None}
    finally:
        await house.daemon.stop()
        await house.start()


def database(house: House) -> list[bytes]:
    """Every file of the database: itself, its log, copies."""
    files = list(house.folder.glob("bridge.sqlite*"))
    assert files
    return [file.read_bytes() for file in files]


async def test_it_is_written_down_who_looked_and_nobody_can_change_it(house: House, stage: Stage) -> None:
    assert stage.ben
    config = ("--config", str(house.folder / "config.toml"))
    await house.rest("ben", "GET", "/journal?of=dept")
    async with house.listen("anna", topics=TOPICS):
        pass
    code, said = await house.command("audit", "--user", "anna", *config)
    assert (code, "role auditor" in said) == (1, True)
    code, said = await house.command("audit", "--user", "carla", "--json", *config)
    assert code == 0, said
    found: list[dict[str, Any]] = json.loads(said)
    looks = {(one["who"], one["did"], one["whose"], one["how"]) for one in found}
    assert ("ben", "read", "Bürgerbüro", "rest") in looks
    assert ("anna", "follow", "Bürgerbüro", "websocket") in looks

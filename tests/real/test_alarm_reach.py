"""A test alarm to twenty telephones with the real daemon and a real Asterisk: the report is exact."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest_asyncio

from ami_bridge.demo import alarms
from ami_bridge.demo.pbx import Pbx
from ami_bridge.demo.phones import Phone
from ami_bridge.demo.town import PEOPLE
from tests.fakes.smtp import MailServer, mail_server
from tests.real.crew import LISTENS, Kind, a_crew
from tests.real.crowd import hired
from tests.real.house import House, a_house

SECONDS = 18
"""Shorter than who is busy is tried again: what is counted is certain."""
ANSWERS: Kind = "person"
KINDS: tuple[Kind, ...] = (*[ANSWERS] * 9, "off", "off", "gone", "busy", "busy", "mailbox")
CREW = {f"p{n:02}": (f"2{n:02}", kind) for n, kind in enumerate(KINDS, 1)}
"""By login: number, and what happens there. With the five people of the town, who have real telephones: twenty."""
MORE = """
[alarms.numbers]
{numbers}
[mail]
smtp = "smtp+insecure://127.0.0.1:{mails}"
from = "Telefon <telefon@musterhausen.example>"
"""


@pytest_asyncio.fixture(loop_scope="session")
async def mails() -> AsyncIterator[MailServer]:
    async with mail_server() as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def phones(pbx: Pbx) -> AsyncIterator[list[Phone]]:
    """Those of the town, switched on before the daemon starts: else it raises that nobody on duty can be rung."""
    async with AsyncExitStack() as stack:
        on = [Phone(pbx, person.extension) for person in PEOPLE]
        await asyncio.gather(*map(stack.enter_async_context, on))
        yield on
    await pbx.quiet()


@pytest_asyncio.fixture(loop_scope="session")
async def plant(pbx: Pbx, phones: list[Phone], tmp_path: Path, mails: MailServer) -> AsyncIterator[House]:
    """A town hall with a sewage plant, where fifteen more people may be rung."""
    assert len(phones) == len(PEOPLE)
    numbers = "\n".join(f'{login} = ["{number}"]' for login, (number, _) in CREW.items())
    mine = 'code_digits = 3\nring_seconds = 5\nmail_to = ["leitung@musterhausen.example"]'
    config = alarms.CONFIG.format(media=pbx.alarms_folder).replace("code_digits = 3", mine)
    async with a_house(pbx, tmp_path, alarms=config + MORE.format(numbers=numbers, mails=mails.port)) as running:
        yield running
    await pbx.cli("database deltree cidname")  # others have this Asterisk without a daemon, and no names


async def keys_for(house: House, number: str) -> str:
    """What the person hears; a person listens, the test reads it where it is kept."""
    with sqlite3.connect(f"file:{house.folder}/bridge.sqlite?mode=ro", uri=True) as rows:
        found = rows.execute(
            "SELECT code FROM attempts WHERE destination = ? ORDER BY claimed_at DESC LIMIT 1", (number,)
        ).fetchone()
    rows.close()
    return f"{found[0]}#"


def ends(house: House) -> list[tuple[str, ...]]:
    """How each call ended, as it is kept: tells why, when one ended otherwise than it should."""
    with sqlite3.connect(f"file:{house.folder}/bridge.sqlite?mode=ro", uri=True) as rows:
        found = rows.execute("SELECT destination, outcome, cause, tech FROM attempts ORDER BY destination").fetchall()
    rows.close()
    return found


async def confirms(house: House, phone: Phone) -> None:
    """Be one of the town's people."""
    await phone.ringing(within=30)
    await phone.accept()
    await phone.talking()
    await asyncio.sleep(LISTENS)
    await phone.press(await keys_for(house, phone.extension))
    await phone.idle(within=20)


async def test_twenty_are_called_and_the_report_is_exact(plant: House, phones: list[Phone], mails: MailServer) -> None:
    kinds: dict[str, Kind] = dict(CREW.values())
    who = [*(person.user for person in PEOPLE), *CREW]
    wish = {"to": who, "text": "Bitte melden.", "seconds": SECONDS}
    async with AsyncExitStack() as stack:
        crew = await stack.enter_async_context(a_crew(plant.pbx, kinds, lambda number: keys_for(plant, number)))
        await stack.enter_async_context(hired(plant, list(CREW), "030 23125000"))
        people = await stack.enter_async_context(asyncio.TaskGroup())
        for phone in phones:
            people.create_task(confirms(plant, phone))
        assert (await plant.rest("dieter", "POST", "/alarms/tests", wish))[0] == 403, "he does not manage alarms"
        async with plant.listen("eva", topics=["alarms"]) as page:
            begun = await page.ask("alarm.test", key="once", **wish)
            assert begun["ok"], begun
            test = begun["result"]["id"]
            again = await page.ask("alarm.test", key="once", **wish)
            assert again["result"]["id"] == test, "the same key is the same wish"
        status, said = await plant.rest("eva", "POST", "/alarms/tests", wish)
        assert (status, said["code"]) == (409, "busy")
        async with asyncio.timeout(SECONDS + 20):
            while True:
                status, report = await plant.rest("eva", "GET", f"/alarms/tests/{test}")
                assert status == 200
                if report["ended_at"] is not None:
                    break
                await asyncio.sleep(0.2)
        rung = dict(crew.rung)
    print(json.dumps({one["login"]: (one["why"], one["seconds"]) for one in report["rows"]}))
    told = {
        "person": "acked",
        "off": "unreachable",
        "gone": "unreachable",
        "busy": "busy",
        "mailbox": "voicemail_suspected",
    }
    expected = {person.user: "acked" for person in PEOPLE} | {login: told[kind] for login, (_, kind) in CREW.items()}
    assert {one["login"]: one["why"] for one in report["rows"]} == expected, ends(plant)
    assert {one["login"] for one in report["rows"] if one["reached"]} == {
        login for login, why in expected.items() if why == "acked"
    }
    assert (report["people"], report["confirmed"], report["headline"]) == (20, 14, "14 von 20 haben bestätigt (70 %)")
    reachable = {number: 1 for number, kind in kinds.items() if kind not in {"off", "gone"}}
    assert rung == reachable, "each telephone was called once"
    ways = {one["login"]: way for one in report["rows"] for way in one["ways"]}
    mailbox = next(login for login, (_, kind) in CREW.items() if kind == "mailbox")
    assert ways[mailbox]["connected_at"], "something has answered"
    assert ways[mailbox]["heard_at"] is None, "but nobody has heard it"
    assert all(way["tried_at"] for way in ways.values())
    assert {login for login, way in ways.items() if way["confirmed_at"]} == {
        login for login, why in expected.items() if why == "acked"
    }
    (mail,) = [one for one in mails.mails if "Probealarm" in str(one)]
    assert "leitung@musterhausen.example" in str(mail)
    (_, lines) = await plant.rest("eva", "GET", "/alarms?state=open")
    assert [one["text"] for one in lines["alarms"]] == [], "nothing is left of it"

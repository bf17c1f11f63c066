"""Alarms told elsewhere: mails over real SMTP, a receiver over real HTTP, and somebody who watches us."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from msgspec import structs

from ami_bridge import wire
from ami_bridge.alarms.desk import AlarmDesk
from ami_bridge.alarms.model import Told
from ami_bridge.alarms.outputs.mail import MailOutput
from ami_bridge.alarms.outputs.sentences import letter, line
from ami_bridge.alarms.outputs.watcher import Watcher
from ami_bridge.alarms.outputs.webhook import WebhookOutput
from ami_bridge.compose.alarms import _for_outputs as for_outputs
from ami_bridge.config import Mail
from ami_bridge.config_alarms import Alarms
from ami_bridge.errors import NotReachableError, RefusedError
from ami_bridge.journal.post import Post
from ami_bridge.mail import Post as Letters
from ami_bridge.people.model import People
from ami_bridge.web.hub import Hub
from tests.alarms.world import STAFF, World
from tests.empty import empty_database
from tests.fakes.smtp import mail_server

NIGHT = datetime(2026, 11, 28, 3, 17, 9, tzinfo=UTC)
LOCAL = [ip_network("127.0.0.0/8")]
ALARM = wire.Alarm(
    id="01ALARM",
    rev=1,
    source="sewage-plant",
    plant="Kläranlage",
    point="gas-engine",
    text="Kläranlage: Gasmotor steht",
    priority=1,
    alarm_class="machine",
    state="unacknowledged",
    active=True,
    raised_at=NIGHT,
    values={"rpm": "0"},
)
TOLD = Told(id="01TOLD", alarm=ALARM, what="raised", at=NIGHT)
TAKEN = structs.replace(
    TOLD,
    what="taken-over",
    alarm=structs.replace(ALARM, taken_over=wire.AlarmBy(login="dieter", name="Dieter Dachs", at=NIGHT, how="phone")),
)


def test_one_line_says_what_happened_and_who_did_it() -> None:
    assert line(TOLD, "de") == "Alarm: Kläranlage: Gasmotor steht"
    assert line(TAKEN, "de") == "Alarm übernommen (von Dieter Dachs): Kläranlage: Gasmotor steht"
    assert line(TAKEN, "en").startswith("Alarm taken over (by Dieter Dachs)")
    test = structs.replace(TOLD, alarm=structs.replace(ALARM, test=True, bundled=14))
    assert line(test, "de") == "PROBEALARM: Alarm: Kläranlage: Gasmotor steht (+14)"
    trouble = structs.replace(TOLD, what="trouble", text="Bereitschaftskalender nicht erreichbar")
    assert line(trouble, "de") == "Störung der Alarmierung: Bereitschaftskalender nicht erreichbar"


def test_a_letter_has_the_rest() -> None:
    text = letter(TOLD, "de", UTC)
    assert "Priorität: 1\nGekommen: 28.11.2026 03:17:09 Uhr\nrpm: 0\n" in text
    assert "quittiert nichts" in text


async def test_mails_reach_all_and_only_who_was_missed_is_written_to_again() -> None:
    async with mail_server() as server:
        post = Letters(Mail(smtp=f"smtp+insecure://127.0.0.1:{server.port}", sender="telefon@musterhausen.example"))
        output = MailOutput(post, to=["a@x.example", "b@x.example"], language="de")
        server.refuses = 451
        with pytest.raises(NotReachableError):
            await output.tell(TOLD)
        server.refuses = 550
        with pytest.raises(RefusedError):
            await output.tell(structs.replace(TOLD, id="02"))
        server.refuses = 0
        await output.tell(TOLD)
        await output.tell(TOLD)
        assert sorted(mail["To"] for mail in server.mails) == ["a@x.example", "b@x.example"]
        assert server.mails[0]["Subject"] == "Alarm: Kläranlage: Gasmotor steht"
        await MailOutput(post, to=["a@x.example"], language="de").tell(TOLD)  # after a start: rather twice than never
        assert len(server.mails) == 3


@asynccontextmanager
async def receiver(status: list[int]) -> AsyncIterator[tuple[str, list[web.Request], list[bytes]]]:
    asked: list[web.Request] = []
    bodies: list[bytes] = []

    async def take(request: web.Request) -> web.Response:
        asked.append(request)
        bodies.append(await request.read())
        return web.Response(status=status[0])

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", take)
    async with TestServer(app) as server:
        yield f"http+insecure://127.0.0.1:{server.port}/room", asked, bodies


async def test_a_chat_gets_one_line_without_anything_it_would_act_upon() -> None:
    status = [200]
    async with receiver(status) as (url, asked, bodies):
        hostile = structs.replace(TOLD, alarm=structs.replace(ALARM, text="@all [x](http://x) `rm` Gasmotor"))
        await WebhookOutput(Post(LOCAL), kind="mattermost", url=url, secret="s", language="de").tell(hostile)
        assert json.loads(bodies[0]) == {"text": "Alarm: all x (http://x) rm Gasmotor"}
        assert asked[0].headers["X-AMI-Bridge-Signature"].startswith("sha256=")
        await WebhookOutput(Post(LOCAL), kind="json", url=url, secret="", language="de").tell(TOLD)
        told = json.loads(bodies[1])
        assert (told["id"], told["event"], told["alarm"]["class"]) == ("01TOLD", "alarm.raised", "machine")
        await WebhookOutput(Post(LOCAL), kind="matrix", url=url, secret="token", language="de").tell(TOLD)
        assert (asked[2].method, asked[2].path) == ("PUT", "/room/01TOLD")
        status[0] = 503
        with pytest.raises(NotReachableError):
            await WebhookOutput(Post(LOCAL), kind="json", url=url, secret="", language="de").tell(TOLD)
        with pytest.raises(NotReachableError):  # an address inside that nobody has named
            await WebhookOutput(Post([]), kind="json", url=url, secret="", language="de").tell(TOLD)
        assert len(asked) == 4


async def test_the_watcher_hears_of_us_only_while_alarms_are_looked_after() -> None:
    status, time, audited = [200], [NIGHT], [NIGHT]
    async with receiver(status) as (url, asked, _):
        watcher = Watcher(Post(LOCAL), url=url, audited=lambda: audited[0], now=lambda: time[0])
        assert await watcher.beat()
        time[0] += timedelta(minutes=4)
        assert not await watcher.beat()
        assert len(asked) == 1
        audited[0] = time[0]
        status[0] = 500
        assert not await watcher.beat()
        status[0] = 200
        assert await watcher.beat()
        assert len(asked) == 3


async def test_no_chat_is_told_the_private_number_of_who_was_called(tmp_path: Path) -> None:
    async with empty_database(tmp_path / "bridge.sqlite") as db:
        town = World(db, Alarms(numbers={"dieter": ["+4917139200001"]}, paths=("trunk1",)))
        town.rota.ranks = {1: town.rules.people(["dieter"])}
        await town.engine.adopt(())
        alarm = await town.come()
        await town.tick()
        assert town.phones.rung == ["+4917139200001"]
        desk = AlarmDesk(
            store=town.store,
            people=People(STAFF),
            hub=Hub(epoch="x", now=town.clock),
            on_call=town.rota,
            now=town.clock,
        )
        shown = await for_outputs(town.store, desk, alarm)
        assert shown is not None
        assert [attempt.number for attempt in shown.attempts] == ["…001"]

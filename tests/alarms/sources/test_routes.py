"""A source raises alarms over HTTP: 202 when they are on the disk, 503 when not, 401 for a stranger, nothing else."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from ami_bridge.alarms.sources.credentials import Credentials, signature
from ami_bridge.alarms.sources.routes import SourceRoutes
from ami_bridge.alarms.sources.webhook import LARGEST
from ami_bridge.config_alarms import Source
from ami_bridge.web.problem import problems
from tests.alarms.sources.world import NIGHT, PLANT, TOKEN, World, world

OTHER = Source(name="other", token="the-other-secret-token")
BEARER = {"Authorization": f"Bearer {TOKEN}"}
Client = TestClient[web.Request, web.Application]


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[tuple[World, Client]]:
    async with world(folder, PLANT, OTHER) as town:
        app = web.Application(middlewares=[problems], client_max_size=65536)
        SourceRoutes(gate=town.gate, credentials=Credentials(town.sources, town.now)).add_to(app.router)
        async with TestClient(TestServer(app)) as client:
            yield town, client


async def raise_(client: Client, body: bytes = b"Gasmotor steht", **more: Any) -> ClientResponse:  # noqa: ANN401
    return await client.post("/api/v1/alarms", data=BytesIO(body), **{"headers": BEARER, **more})


async def test_a_text_is_an_alarm_and_its_id_comes_back(tmp_path: Path) -> None:
    async with served(tmp_path) as (town, client):
        answer = await raise_(client)
        assert (answer.status, await answer.json()) == (202, {"id": "ALARM1", "ids": ["ALARM1"]})
        assert town.kept.reports_[0].text == "Gasmotor steht"
        answer = await client.post("/api/v1/alarms", json=[{"point": "a"}, {"point": "b"}], headers=BEARER)
        assert (await answer.json())["ids"] == ["ALARM2", "ALARM3"]
        answer = await client.post("/api/v1/alarms?point=gas&state=off", headers=BEARER)
        assert answer.status == 202
        assert town.kept.told()[-1] == ("plant", "gas", "go")


async def test_nothing_is_confirmed_before_it_is_kept(tmp_path: Path) -> None:
    async with served(tmp_path) as (town, client):
        town.kept.slow = asyncio.Event()
        asked = asyncio.get_running_loop().create_task(raise_(client))
        await town.kept.asked.wait()
        assert not asked.done()
        town.kept.slow.set()
        assert (await asked).status == 202


async def test_what_cannot_be_kept_is_to_come_again_and_no_4xx_loses_it(tmp_path: Path) -> None:
    async with served(tmp_path) as (town, client):
        town.kept.full = True
        answer = await raise_(client)
        assert (answer.status, (await answer.json())["code"]) == (503, "unavailable")
        town.kept.full = False
        for body in (b"", b"{", b"\x00", b'{"pump": 1}', b"x" * (LARGEST + 9), b"[" * 200_000):
            answer = await raise_(client, body, headers=BEARER | {"Content-Type": "application/json"})
            assert answer.status == 202, body[:20]
            assert town.kept.reports_[-1].unreadable


async def test_a_password_will_do_where_devices_know_no_better(tmp_path: Path) -> None:
    async with served(tmp_path) as (town, client):
        for user, status in (("plant", 202), ("", 202), ("other", 401)):
            basic = b64encode(f"{user}:{TOKEN}".encode()).decode()
            assert (await raise_(client, headers={"Authorization": f"Basic {basic}"})).status == status
        assert len(town.kept.reports_) == 2


async def test_a_stranger_is_refused_whatever_is_shown(tmp_path: Path) -> None:
    async with served(tmp_path) as (town, client):
        for header in (
            "",
            "Bearer",
            "Bearer ",
            "Bearer wrong",
            f"Bearer {TOKEN}x",
            "Basic !",
            "Digest x",
            f"Bearer {'x' * 9000}",
        ):
            answer = await raise_(client, headers={"Authorization": header} if header else {})
            assert answer.status in ({401} if len(header) < 8000 else {400, 401}), header[:20]
        assert town.kept.reports_ == []


def signed(
    town: World, body: bytes, *, nonce: str = "nonce-0001", path: str = "/api/v1/alarms", age: int = 0
) -> dict[str, str]:
    at = str(int(town.time.timestamp()) - age)
    return {
        "X-AMI-Bridge-Source": "plant",
        "X-AMI-Bridge-Timestamp": at,
        "X-AMI-Bridge-Nonce": nonce,
        "X-AMI-Bridge-Signature": signature(TOKEN, at=at, nonce=nonce, method="POST", path=path, body=body),
    }


async def test_a_signature_counts_once_and_for_its_own_body(tmp_path: Path) -> None:
    async with served(tmp_path) as (town, client):
        headers = signed(town, b"Gasmotor")
        assert (await raise_(client, b"Gasmotor", headers=headers)).status == 202
        assert (await raise_(client, b"Gasmotor", headers=headers)).status == 401
        other = signed(town, b"Gasmotor", nonce="nonce-0002")
        assert (await raise_(client, b"Pumpe", headers=other)).status == 401
        assert (await client.post("/api/v1/alarms?state=off", data=b"Gasmotor", headers=other)).status == 401
        assert (await raise_(client, b"Gasmotor", headers={**other, "X-AMI-Bridge-Source": "other"})).status == 401
        assert (await raise_(client, b"Gasmotor", headers=other)).status == 202
        assert (await raise_(client, b"a", headers=signed(town, b"a", nonce="nonce-0003", age=301))).status == 401
        assert (await raise_(client, b"a", headers=signed(town, b"a", nonce="short"))).status == 401
        assert len(town.kept.reports_) == 2


async def test_a_signature_that_could_not_be_kept_may_be_sent_again(tmp_path: Path) -> None:
    async with served(tmp_path) as (town, client):
        headers = signed(town, b"Gasmotor")
        town.kept.full = True
        assert (await raise_(client, b"Gasmotor", headers=headers)).status == 503
        town.kept.full = False
        assert (await raise_(client, b"Gasmotor", headers=headers)).status == 202
        town.later(601)
        assert (await raise_(client, b"Gasmotor", headers=headers)).status == 401


async def test_a_source_lives_by_its_own_token(tmp_path: Path) -> None:
    async with served(tmp_path) as (town, client):
        town.later(10)
        assert (await client.put("/api/v1/sources/plant/heartbeat", headers=BEARER)).status == 204
        assert (await town.rows.heartbeats())[0].beat_at is not None
        assert (await client.put("/api/v1/sources/other/heartbeat", headers=BEARER)).status == 403
        assert (await client.put("/api/v1/sources/plant/heartbeat")).status == 401
        assert town.kept.reports_ == []
        assert town.time > NIGHT

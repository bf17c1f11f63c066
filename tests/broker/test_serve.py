"""A real socket, real accounts of this machine, and the daemon's side behind it: who asks is who the kernel says."""

import asyncio
import json
import os
import pwd
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer
from msgspec import structs

from ami_bridge.broker import serve as ours
from ami_bridge.broker.config import BrokerConfig, Known
from ami_bridge.broker.serve import serve_broker
from ami_bridge.people.model import Person
from tests.people.conftest import House

SOON = 10.0
ASKS = """
import os, sys
sys.path[:0] = [sys.argv[3]]
os.environ["AMI_BRIDGE_BROKER"] = sys.argv[4]
os.environ["AMI_BRIDGE_HOST"] = "thin-17"
from ami_bridge.desktop.signin import NoTokenError, ask_broker
os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[1]))
try:
    granted = ask_broker("desktop")
except NoTokenError as error:
    print("no:", error)
else:
    print(granted.token, granted.url)
"""
"""A program at a desk: becomes another account before it asks, for good."""
NOBODY = 4_000_123
"""An account that nobody has."""
ROOT = Path(__file__).parents[2]


@pytest.fixture
def known() -> Iterator[Known]:
    """The broker's configuration, without its key and the daemon; its folder is everybody's to enter."""
    with TemporaryDirectory(prefix="broker-") as folder:
        Path(folder).chmod(0o755)
        config = BrokerConfig(url="", key_file="", socket=f"{folder}/broker.sock", least_uid=1)
        yield Known(config=config, key="", base="")


@asynccontextmanager
async def opened(house: House, known: Known, **changes: Any) -> AsyncIterator[Known]:  # noqa: ANN401 - fields of the config
    """A broker that the daemon knows."""
    _, key = await house.brokers.add("ts1", "127.0.0.0/8")
    config = structs.replace(known.config, **changes)
    full = structs.replace(known, config=config, key=key, base=house.origin)
    async with serve_broker(full, now=house.clock):
        yield full


async def as_account(uid: int, gid: int, known: Known) -> str:
    """Ask from a process of this account; return what it was told."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ASKS, str(uid), str(gid), str(ROOT), known.config.socket,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    async with asyncio.timeout(3 * SOON):
        said, _ = await process.communicate()
    return said.decode().strip()


def accounts() -> list[pwd.struct_passwd]:
    """Two accounts that every Debian has."""
    return [pwd.getpwnam(name) for name in ("daemon", "nobody")]


async def test_two_accounts_get_a_token_each_of_their_own(house: House, known: Known) -> None:
    assert os.getuid() == 0, "make test runs as root"
    first, second = accounts()
    house.people.replace([Person(login=one.pw_name, name=one.pw_name, extensions=("1",)) for one in (first, second)])
    async with opened(house, known) as broker:
        told = await asyncio.gather(*(as_account(one.pw_uid, one.pw_gid, broker) for one in (first, second)))
    for account, line in zip((first, second), told, strict=True):
        token, url = line.split()
        assert url == house.origin
        async with house.session() as session:
            response = await session.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
            assert (await response.json())["login"] == account.pw_name
        (kept,) = await house.access.tokens_of(account.pw_name)
        assert (kept.host, kept.name, kept.scopes) == ("thin-17", "desktop", ("events", "dial"))


async def test_who_does_not_work_here_or_is_nobody_gets_none(house: House, known: Known) -> None:
    account = accounts()[0]
    async with opened(house, known) as broker:
        assert "no card with this login" in await as_account(account.pw_uid, account.pw_gid, broker)
        assert "Nobody on this machine has this account" in await as_account(NOBODY, NOBODY, broker)
    house.people.replace([Person(login=account.pw_name, name="A service")])
    async with opened_again(house, known, least_uid=1000) as broker:
        assert "belongs to a service" in await as_account(account.pw_uid, account.pw_gid, broker)


@asynccontextmanager
async def opened_again(house: House, known: Known, **changes: Any) -> AsyncIterator[Known]:  # noqa: ANN401 - as above
    await house.brokers.revoke("ts1")
    async with opened(house, known, **changes) as broker:
        yield broker


# ---- From here on as this test's own account


@pytest.fixture
def me(house: House) -> str:
    """The account that runs the tests works here too."""
    login = pwd.getpwuid(os.getuid()).pw_name
    house.people.replace([Person(login=login, name="Tester", extensions=("1",))])
    return login


async def said(known: Known, question: bytes, *, end: bool = True) -> dict[str, str]:
    reader, writer = await asyncio.open_unix_connection(known.config.socket)
    writer.write(question)
    if end:
        writer.write_eof()
    async with asyncio.timeout(SOON):
        answer = await reader.read()
    writer.close()
    told: dict[str, str] = json.loads(answer)
    return told


@pytest.mark.usefixtures("me")
async def test_the_account_is_not_the_programs_to_say(house: House, known: Known, me: str) -> None:
    async with opened(house, known, least_uid=0) as broker:
        told = await said(broker, b'{"name": "x", "host": "h", "login": "anna", "uid": 0, "user": "anna"}\n')
    async with house.session() as session:
        response = await session.get("/api/v1/me", headers={"Authorization": f"Bearer {told['token']}"})
        assert (await response.json())["login"] == me


@pytest.mark.parametrize(
    "question", [b"", b"\n", b"{}", b"[]\n", b'{"name": 1}\n', b"\xff\xfe\n", b"x" * 5000, b'{"name": "' + b"x" * 2000]
)
@pytest.mark.usefixtures("me")
async def test_whatever_is_said_is_answered_with_a_sentence(house: House, known: Known, question: bytes) -> None:
    async with opened(house, known, least_uid=0) as broker:
        told = await said(broker, question)
        assert set(told) == ({"token", "expires", "url"} if question == b"{}" else {"code", "message"})
        assert "token" in await said(broker, b"{}\n"), "the next one is served"


@pytest.mark.usefixtures("me")
async def test_who_says_nothing_keeps_nobody_waiting(
    house: House, known: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ours, "ASKS_WITHIN", 0.2)
    async with opened(house, known, least_uid=0) as broker:
        silent = [said(broker, b"", end=False) for _ in range(5)]
        told = await asyncio.gather(said(broker, b"{}\n"), *silent)
    assert "token" in told[0]
    assert [one["code"] for one in told[1:]] == ["bad_request"] * 5


@pytest.mark.usefixtures("me")
async def test_one_account_cannot_ask_without_end(house: House, known: Known) -> None:
    async with opened(house, known, least_uid=0) as broker:
        told = [await said(broker, b"{}\n") for _ in range(ours.MOST + 2)]
        assert ["token" in one for one in told] == [True] * ours.MOST + [False] * 2
        assert told[-1]["code"] == "rate_limited"
        house.clock.forward(minutes=15)
        assert "token" in await said(broker, b"{}\n")


@pytest.mark.usefixtures("me")
async def test_a_daemon_that_is_away_or_does_not_know_us_is_told_as_that(house: House, known: Known) -> None:
    async with opened(house, known, least_uid=0) as broker:
        await house.brokers.revoke("ts1")
        with structlog.testing.capture_logs() as logs:
            assert (await said(broker, b"{}\n"))["code"] == "refused"
    assert [one["event"] for one in logs if one["event"].startswith("broker.")] == ["broker.key_refused"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        away = structs.replace(broker, base=f"http://127.0.0.1:{free.getsockname()[1]}")
        async with serve_broker(away, now=house.clock):
            with structlog.testing.capture_logs() as logs:
                told = [(await said(away, b"{}\n"))["code"] for _ in range(ours.MOST + 2)]
    assert set(told) == {"unavailable"}, "and not that they asked too often"
    assert {one["event"] for one in logs} == {"broker.daemon_away"}


@pytest.mark.usefixtures("me")
async def test_an_answer_that_comes_in_pieces_is_a_token_all_the_same(house: House, known: Known) -> None:
    async def in_pieces(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=201)
        await response.prepare(request)
        for piece in (b'{"token": "amib_', b'x", "expires": "2026-11-22T00:00:00Z"}'):
            await response.write(piece)
            await asyncio.sleep(0.05)
        return response

    app = web.Application()
    app.router.add_post("/api/v1/broker/token", in_pieces)
    async with TestServer(app) as proxy:
        behind = structs.replace(
            known, key="k", base=str(proxy.make_url("")).rstrip("/"), config=structs.replace(known.config, least_uid=0)
        )
        async with serve_broker(behind, now=house.clock):
            assert (await said(behind, b"{}\n"))["token"] == "amib_x"


@pytest.mark.usefixtures("me")
async def test_nobody_keeps_the_others_waiting(house: House, known: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    """One account opens more connections than are answered at once, and says nothing; another is told all the same."""
    account = accounts()[0]
    house.people.replace([Person(login=account.pw_name, name="Somebody else", extensions=("1",))])
    monkeypatch.setattr(ours, "AT_ONCE", 10)
    async with opened(house, known) as broker:
        silent = [await asyncio.open_unix_connection(broker.config.socket) for _ in range(30)]
        began = asyncio.get_running_loop().time()
        token = await as_account(account.pw_uid, account.pw_gid, broker)
        assert token.startswith("amib_")
        assert asyncio.get_running_loop().time() - began < ours.ASKS_WITHIN
        for _, writer in silent:
            writer.close()


async def test_the_socket_is_everybodys_and_gone_at_the_end(house: House, known: Known) -> None:
    path = known.config.socket
    async with opened(house, known):
        assert os.stat(path).st_mode & 0o777 == 0o666  # noqa: PTH116 - a local socket does not make us wait
    assert not os.path.lexists(path)  # noqa: ASYNC240 - as above


async def test_the_program_runs_until_it_is_told_to_stop(house: House, tmp_path: Path, me: str) -> None:
    _, key = await house.brokers.add("ts1", "127.0.0.1")
    (tmp_path / "broker.key").write_text(key + "\n")
    (tmp_path / "broker.toml").write_text(
        f'url = "{house.origin}"\nkey_file = "broker.key"\nsocket = "{tmp_path}/b.sock"\nleast_uid = 0\n'
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ami_bridge", "broker", "--config", str(tmp_path / "broker.toml"), cwd=ROOT,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        async with asyncio.timeout(3 * SOON):
            assert json.loads(await process.stderr.readline())["event"] == "broker.ready"
        known = Known(config=BrokerConfig(url="", key_file="", socket=f"{tmp_path}/b.sock"), key="", base="")
        assert "token" in await said(known, b"{}\n")
        assert len(await house.access.tokens_of(me)) == 1
    finally:
        process.terminate()
        async with asyncio.timeout(SOON):
            assert await process.wait() == 0
    assert not (tmp_path / "b.sock").exists()

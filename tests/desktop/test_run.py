"""The program as a session starts it: one per screen, gone with the session, nothing left behind."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from ami_bridge.desktop import display, run
from ami_bridge.desktop.settings import Settings
from tests.desktop.processes import CLIENT, a_client, write_settings
from tests.desktop.world import World, a_world, call

SOON = 10.0


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with a_world() as here:
        yield here


def home(world: World, **settings: object) -> dict[str, str]:
    env = write_settings(world.folder, url=world.daemon.url, token="anna", **settings)
    return {
        "PATH": os.environ["PATH"],
        "DBUS_SESSION_BUS_ADDRESS": world.bus,
        "XDG_RUNTIME_DIR": str(world.folder),
        "HOME": str(world.folder),
        **env,
    }


async def said(env: Mapping[str, str], *words: str) -> tuple[int, str]:
    """Run it to its end; return its exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        *CLIENT, *words, env=dict(env), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(SOON):
        text, _ = await process.communicate()
    return process.returncode or 0, text.decode()


async def test_it_takes_its_bubbles_away_when_it_is_told_to_end(world: World) -> None:
    env = home(world)
    for word in (signal.SIGTERM, signal.SIGHUP, "--quit"):
        async with a_client(env) as client:
            await world.daemon.until_followed()
            world.daemon.tells(call())
            await world.desktop.shows("Anruf")
            if isinstance(word, str):
                assert await said(env, word) == (0, "")
            else:
                client.signal(word)
            async with asyncio.timeout(SOON):
                assert await client.wait() == 0
            assert world.desktop.on_screen == {}
        await world.daemon.until_followed(0)


async def test_there_is_one_per_screen_and_it_says_how_it_is(world: World) -> None:
    env = home(world)
    assert (await said(env, "--status"))[0] == 1
    async with a_client(env):
        await world.daemon.until_followed()
        code, text = await said(env)
        assert (code, "already" in text) == (0, True)
        async with asyncio.timeout(SOON):
            while not (state := await said(env, "--status"))[1].startswith("connected"):
                pass
        assert state == (0, f"connected: Anna, {world.daemon.url}, 0 live calls\n")
        async with a_client({**env, "DISPLAY": ":4711.0"}):
            await world.daemon.until_followed(2)


async def test_it_ends_with_the_session(world: World) -> None:
    async with a_client(home(world)) as client:
        await world.daemon.until_followed()
        await world.end_session()
        async with asyncio.timeout(SOON):
            assert await client.wait() == 0


async def test_what_is_missing_is_said_in_a_sentence(world: World) -> None:
    env = home(world)
    code, text = await said({**env, "XDG_CONFIG_HOME": "/nonexistent", "XDG_CONFIG_DIRS": "/nonexistent"})
    assert (code, "url =" in text, "Traceback" in text) == (1, True, False)
    code, text = await said({**env, "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"})
    assert (code, "no D-Bus session" in text, "Traceback" in text) == (0, True, False)


def test_a_bug_costs_seconds_and_not_the_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(run, "session", broken)
    assert run._once(Settings(url="https://x.example"), tmp_path / "x.sock") is False
    assert "ZeroDivisionError" in capsys.readouterr().err


async def test_it_ends_with_the_screen_even_where_the_bus_lives_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(display, "LOOK_EVERY", 0.02)
    where = str(tmp_path / "X7")
    monkeypatch.setattr(display, "_address", lambda name: where if name == ":7" else None)
    over = asyncio.Event()
    server = await asyncio.start_unix_server(lambda _reader, writer: writer.close(), where)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(display.until_gone({"DISPLAY": ":7"}, over))
        await asyncio.sleep(0.1)
        assert not over.is_set()
        server.close()
        async with asyncio.timeout(SOON):
            await over.wait()


@pytest.mark.parametrize(
    ("name", "where"),
    [(":10.0", "X10"), (":0", "X0"), ("host:10", None), ("", None), (":../x", None)],
)
def test_where_an_x_server_listens(name: str, where: str | None) -> None:
    found = display._address(name)
    assert (found and Path(found).name) == where


def test_it_can_be_started_by_name() -> None:
    assert (Path(sys.executable).parent / "ami-bridge-desktop").exists()

"""The control socket: for the daemon's own account alone, and clear words when it does not work."""

import asyncio
import os
import socket
import stat
from pathlib import Path

import pytest
from aiohttp import web

from ami_bridge.errors import BadRequestError, ConfigError, NotFoundError, NotReachableError
from ami_bridge.web.body import answer
from ami_bridge.web.control import ask, serve_control


def routes(router: web.UrlDispatcher) -> None:
    async def echo(request: web.Request) -> web.Response:
        return answer({"told": await request.json()})

    async def refuse(_request: web.Request) -> web.Response:
        raise NotFoundError("Nobody of that name works here.")

    async def break_(_request: web.Request) -> web.Response:
        raise ZeroDivisionError("a secret")

    async def nothing(_request: web.Request) -> web.Response:
        return web.Response(status=204)

    async def babble(_request: web.Request) -> web.Response:
        return web.Response(text="this is no JSON")

    router.add_post("/echo", echo)
    router.add_get("/refuse", refuse)
    router.add_get("/break", break_)
    router.add_delete("/nothing", nothing)
    router.add_get("/babble", babble)


async def test_only_the_own_account_may_open_it_whatever_the_umask_says(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    before = os.umask(0)
    try:
        async with serve_control(path, add_routes=[routes]):
            found = path.stat()
            assert stat.S_ISSOCK(found.st_mode)
            assert stat.S_IMODE(found.st_mode) == 0o600
            assert os.umask(0) == 0  # put back as it was
    finally:
        os.umask(before)
    assert not path.exists()


async def test_what_is_asked_is_answered(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    async with serve_control(path, add_routes=[routes]):
        assert await ask(path, "POST", "/echo", {"name": "Jürgen"}) == {"told": {"name": "Jürgen"}}
        assert await ask(path, "DELETE", "/nothing") == {}


@pytest.mark.parametrize(
    ("route", "words"),
    [
        ("/refuse", "Nobody of that name works here."),
        ("/break", "the log knows more"),
        ("/elsewhere", "There is nothing at this address."),
    ],
)
async def test_a_refusal_comes_with_its_words(tmp_path: Path, route: str, words: str) -> None:
    path = tmp_path / "control.sock"
    async with serve_control(path, add_routes=[routes]):
        with pytest.raises(BadRequestError, match=words):
            await ask(path, "GET", route)


async def test_an_answer_that_is_not_json_is_said_to_be_no_daemon_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    async with serve_control(path, add_routes=[routes]):
        with pytest.raises(NotReachableError):
            await ask(path, "GET", "/babble")


async def test_no_daemon_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(NotReachableError, match="no daemon"):
        await ask(tmp_path / "control.sock", "GET", "/echo")


async def test_a_daemon_that_hangs_is_not_waited_for_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ami_bridge.web.control.ANSWER_WITHIN", 0.1)
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(path))
        mute.listen()
        with pytest.raises(NotReachableError):
            await ask(path, "GET", "/echo")


async def test_what_a_killed_daemon_left_behind_is_no_hindrance(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(path))
    assert path.exists()
    async with serve_control(path, add_routes=[routes]):
        assert await ask(path, "DELETE", "/nothing") == {}


async def test_somebodys_file_is_not_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    path.write_text("precious")
    with pytest.raises(ConfigError, match=r"\[control\.socket\]"):
        async with serve_control(path, add_routes=[routes]):
            pass
    assert path.read_text() == "precious"


@pytest.mark.parametrize("name", ["no/such/folder/control.sock", "x" * 120])
async def test_a_place_where_it_cannot_be_is_one_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=r"\[control\.socket\]"):
        async with serve_control(tmp_path / name, add_routes=[routes]):
            pass


async def test_it_ends_with_its_block_even_while_somebody_is_connected(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    async with asyncio.timeout(5):
        async with serve_control(path, add_routes=[routes]):
            reader, writer = await asyncio.open_unix_connection(str(path))
            writer.write(b"DELETE /nothing HTTP/1.1\r\nHost: daemon\r\n\r\n")
            assert b"204" in await reader.readline()
        await reader.read()  # until the daemon hangs up
        writer.close()
        await writer.wait_closed()
    assert not path.exists()

"""The listener that the dialplan asks."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import aiohttp
import pytest

from ami_bridge.errors import ConfigError
from ami_bridge.web.pbx import serve_pbx

SECRET = "geheim, ü"


class Asker:
    """Asks as Asterisk's CURL does."""

    def __init__(self, port: int, session: aiohttp.ClientSession) -> None:
        self.url = f"http://127.0.0.1:{port}/pbx/"
        self.session = session

    async def ask(
        self,
        question: str = "name",
        data: object = "n=1&to=2",
        *,
        secret: str = SECRET,
        method: str = "POST",
        **headers: str,
    ) -> tuple[int, str, str]:
        sent = {"Content-Type": "application/x-www-form-urlencoded", "X-Bridge": secret, **headers}
        async with self.session.request(method, self.url + question, data=data, headers=sent) as response:
            return response.status, response.headers.get("Content-Type", ""), await response.text()


def name(form: Mapping[str, str]) -> str:
    return "=" + ",".join(f"{key}:{value}" for key, value in form.items())


def broken(form: Mapping[str, str]) -> str:
    raise KeyError(form["n"])


@pytest.fixture
async def asker() -> AsyncIterator[Asker]:
    answers = {"name": name, "broken": broken, "lines": lambda _form: "=Anna\r\nEvent: x\u2028y"}
    async with serve_pbx("http://127.0.0.1:0", SECRET, answers) as port, aiohttp.ClientSession() as session:
        yield Asker(port, session)


async def test_a_question_gets_one_line(asker: Asker) -> None:
    assert await asker.ask() == (200, "text/plain; charset=utf-8", "=n:1,to:2")
    assert await asker.ask(data="n=%2B49%2089&to=J%C3%BCrgen%22%2C") == (
        200,
        "text/plain; charset=utf-8",
        '=n:+49 89,to:Jürgen",',
    )
    assert (await asker.ask("lines"))[2] == "=Anna Event: x y"
    assert (await asker.ask(data=""))[2] == "="


@pytest.mark.parametrize("secret", ["", "wrong", SECRET + "x", SECRET[:-1], "gehéim"])
async def test_without_the_secret_nothing_is_told(asker: Asker, secret: str) -> None:
    assert await asker.ask(secret=secret) == (403, "text/plain; charset=utf-8", "")
    assert (await asker.ask("unknown", secret=secret))[0] == 403
    async with asker.session.post(asker.url + "name", data={"n": "1"}) as response:
        assert response.status == 403


async def test_asterisk_may_send_the_header_twice(asker: Asker) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(asker.url.split(":")[2].split("/")[0]))
    header = f"X-Bridge: {SECRET}\r\n".encode()
    for headers, status in ((header * 2, b"200"), (header + b"X-Bridge: other\r\n", b"403")):
        writer.write(b"POST /pbx/name HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n" + headers)
        writer.write(b"Content-Type: application/x-www-form-urlencoded\r\n\r\nn=1")
        assert (await reader.readline()).split()[1] == status
        await reader.readuntil(b"\r\n\r\n")
        if status == b"200":
            assert await reader.readexactly(4) == b"=n:1"
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_only_post(asker: Asker, method: str) -> None:
    assert (await asker.ask(method=method))[::2] == (405, "")


async def test_bad_questions_are_failures_and_never_names(asker: Asker) -> None:
    assert (await asker.ask(data="n=" + "1" * 5_000))[::2] == (413, "")
    assert (await asker.ask("unknown"))[::2] == (404, "")
    assert (await asker.ask("../metrics"))[::2] == (404, "")
    assert (await asker.ask(data='{"n": 1}', **{"Content-Type": "application/json"}))[::2] == (400, "")
    assert (await asker.ask(data=b"n=\xff\xfe"))[0] in {200, 400}
    assert (await asker.ask(**{"Content-Type": "application/x-www-form-urlencoded; charset=klingon"}))[::2] == (400, "")
    assert (await asker.ask("broken"))[::2] == (500, "")
    assert (await asker.ask())[0] == 200  # and it goes on


async def test_who_never_ends_the_question_is_left(asker: Asker) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(asker.url.split(":")[2].split("/")[0]))
    writer.write(b"POST /pbx/name HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n")
    writer.write(f"X-Bridge: {SECRET}\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\nn=1".encode())
    async with asyncio.timeout(5):
        assert (await reader.readline()).split()[1] == b"408"
    writer.close()
    await writer.wait_closed()


async def test_a_port_in_use_and_a_missing_secret_are_named(asker: Asker) -> None:
    taken = asker.url.removesuffix("/pbx/")
    for listen, secret in ((taken, "x"), ("http://127.0.0.1:0", "")):
        with pytest.raises(ConfigError, match=r"pbx\.questions"):
            async with serve_pbx(listen, secret, {}):
                pass

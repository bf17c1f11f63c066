import asyncio
import gzip

import aiohttp
import pytest
from structlog.testing import capture_logs

from tests.web.conftest import House

JSON = {"Content-Type": "application/json"}


async def test_a_good_body_arrives(house: House) -> None:
    async with house.session.post("/api/v1/wish", json={"to": "Jürgen"}) as got:
        assert (got.status, await got.json()) == (201, {"to": "Jürgen", "times": 1})


@pytest.mark.parametrize(
    ("charset", "field", "status"),
    [
        ("utf-8", b"to=J%C3%BCrgen", 201),
        ("utf-8", b"to=\xff", 400),
        ("no-such", b"to=a", 400),
        ("utf-7", b"to=+AG-", 400),
    ],
)
async def test_a_form_that_is_not_in_its_own_charset_is_a_bad_request_in_one_sentence(
    house: House, charset: str, field: bytes, status: int
) -> None:
    said = {"Content-Type": f"application/x-www-form-urlencoded; charset={charset}"}
    async with house.session.post("/api/v1/form", data=field, headers=said) as got:
        assert got.status == status
        if status == 400:
            assert (await got.json(content_type=None))["code"] == "bad_request"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'{"to":1}',
        b'{"to":"a","more":1}',
        b'{"to":"a","times":1e999}',
        b'{"to":"a","times":' + b"9" * 60_000 + b"}",
        b'{"to":"\xff"}',
        b'{"to":"\\ud800"}',
        b"[" * 60_000,
        b'{"to":' + b"[" * 60_000,
        b"\x1f\x8b\x08junk",
    ],
)
async def test_a_bad_body_is_a_bad_request_in_one_sentence(house: House, body: bytes) -> None:
    async with house.session.post("/api/v1/wish", data=body, headers=JSON) as got:
        assert got.status == 400
        problem = await got.json(content_type=None)
    assert problem["code"] == "bad_request"
    assert "\n" not in problem["detail"]


async def test_a_form_is_refused_because_any_page_can_send_one(house: House) -> None:
    for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"):
        async with house.session.post("/api/v1/wish", data=b'{"to":"a"}', headers={"Content-Type": kind}) as got:
            assert got.status == 400


@pytest.mark.parametrize("packed", [False, True])
async def test_a_body_that_is_too_large_is_refused_even_if_it_was_small_on_the_wire(house: House, packed: bool) -> None:  # noqa: FBT001
    body = b'{"to":"' + b"a" * 900_000 + b'"}'
    headers = dict(JSON)
    if packed:
        body = gzip.compress(body)
        headers["Content-Encoding"] = "gzip"
    try:
        async with house.session.post("/api/v1/wish", data=body, headers=headers) as got:
            assert got.status == 413
            assert (await got.json(content_type=None))["code"] == "too_large"
    except aiohttp.ClientConnectionError:
        assert not packed  # cut off while it was still sending
    async with house.session.get("/livez") as got:
        assert got.status == 200


async def test_a_body_that_never_ends_is_given_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ami_bridge.web.body.ARRIVES_WITHIN", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(
        b"POST /api/v1/wish HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    )
    async with asyncio.timeout(5):
        assert b" 400 " in await reader.readline()
    writer.close()
    await writer.wait_closed()


async def test_who_hangs_up_in_the_middle_of_a_body_costs_nothing(house: House) -> None:
    with capture_logs() as logs:
        for _ in range(20):
            _, writer = await asyncio.open_connection("127.0.0.1", house.port)
            writer.write(
                b"POST /api/v1/wish HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
            )
            await writer.drain()
            writer.transport.abort()
        async with house.session.get("/livez") as got:
            assert got.status == 200
    assert logs == []

"""Telephones are asked as their makers say, at their own address, within limits, without giving the password away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from ami_bridge.config import Phone
from ami_bridge.drivers import driver as module
from ami_bridge.drivers.driver import Drivers, drivers
from ami_bridge.errors import NotReachableError, RefusedError
from tests.drivers.fakes import PASSWORD, USER, FakePhone, never, on_the_net


@asynccontextmanager
async def steered(phone: FakePhone, maker: str, *, password: str = PASSWORD) -> AsyncIterator[Drivers]:
    async with (
        on_the_net(phone) as address,
        drivers(
            [
                Phone(device="PJSIP/101", driver=maker, address=address, user=USER, password=password),  # type: ignore[arg-type]
                Phone(device="PJSIP/102", label="not steered"),
            ]
        ) as made,
    ):
        yield made


@pytest.mark.parametrize(
    ("maker", "keys"),
    [
        ("snom", {"answer": "ENTER", "hold": "F_HOLD", "resume": "F_HOLD"}),
        ("yealink", {"answer": "ASW", "hold": "HOLD", "resume": "UNHOLD"}),
        ("grandstream", {"answer": "acceptcall", "hold": "holdcall"}),
    ],
)
async def test_each_maker_is_asked_as_the_manual_says(maker: str, keys: dict[str, str]) -> None:
    phone = FakePhone()
    async with steered(phone, maker) as made:
        assert set(made.can("PJSIP/101")) == set(keys)
        for what in keys:
            await made.do("PJSIP/101", what)  # type: ignore[arg-type]
    assert phone.pressed == list(keys.values())


async def test_a_password_is_shown_by_digest_and_only_when_asked_for() -> None:
    phone = FakePhone()
    async with steered(phone, "snom") as made:
        await made.do("PJSIP/101", "answer")
    assert phone.seen == ["GET /command.htm?key=ENTER", "GET /command.htm?key=ENTER digest"]
    open_one = FakePhone(auth="none")
    async with steered(open_one, "snom") as made:
        await made.do("PJSIP/101", "answer")
    assert open_one.seen == ["GET /command.htm?key=ENTER"]


async def test_in_clear_a_password_is_shown_to_nobody() -> None:
    phone = FakePhone(auth="basic")
    async with steered(phone, "yealink") as made:
        with pytest.raises(RefusedError, match="401"):
            await made.do("PJSIP/101", "answer")
    assert phone.pressed == []
    assert not any("basic" in one for one in phone.seen)


@pytest.mark.parametrize("maker", ["snom", "yealink", "grandstream"])
async def test_a_wrong_password_is_a_refusal_that_the_log_tells_without_it(maker: str) -> None:
    phone = FakePhone()
    with capture_logs() as logs:
        async with steered(phone, maker, password="falsch") as made:
            with pytest.raises(RefusedError):
                await made.do("PJSIP/101", "answer")
    assert phone.pressed == []
    assert [one["event"] for one in logs] == ["phone.refused"]
    assert "falsch" not in str(logs)


async def test_nobody_is_sent_elsewhere() -> None:
    """A telephone that answers with a redirect to another machine is not followed there."""
    other = FakePhone(auth="none")
    async with on_the_net(other) as elsewhere:

        async def away(_request: web.Request) -> web.StreamResponse:
            return web.Response(status=302, headers={"Location": f"{elsewhere}/command.htm?key=ENTER"})

        async with steered(FakePhone(answers=away), "snom") as made:
            with pytest.raises(RefusedError, match="302"):
                await made.do("PJSIP/101", "answer")
    assert other.seen == []


async def test_a_telephone_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DONE_WITHIN", 0.1)
    with capture_logs() as logs:
        async with steered(FakePhone(answers=never), "snom") as made:
            with pytest.raises(NotReachableError):
                await made.do("PJSIP/101", "hold")
    assert [(one["event"], one["device"]) for one in logs] == [("phone.not_reached", "PJSIP/101")]


async def test_a_telephone_that_is_off_is_not_reachable() -> None:
    async with on_the_net(FakePhone()) as address:
        pass
    async with drivers([Phone(device="PJSIP/101", driver="snom", address=address)]) as made:
        with pytest.raises(NotReachableError):
            await made.do("PJSIP/101", "answer")


async def test_an_endless_answer_is_read_no_further() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            await response.write(b"x" * 65_536)
        return response

    async with steered(FakePhone(answers=endless), "snom") as made:
        await made.do("PJSIP/101", "answer")


@pytest.mark.parametrize("body", [b"", b"not JSON", b"[]", b'{"response": "error"}', b'{"response": 5}'])
async def test_only_success_in_the_telephones_own_words_is_success(body: bytes) -> None:
    async def says(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=body)

    async with steered(FakePhone(answers=says), "grandstream") as made:
        with pytest.raises(RefusedError):
            await made.do("PJSIP/101", "answer")


async def test_a_telephone_that_answers_in_pieces_is_heard_out() -> None:
    async def in_pieces(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for piece in (b'{"respon', b'se": "succ', b'ess"}'):
            await response.write(piece)
            await asyncio.sleep(0.05)
        return response

    async with steered(FakePhone(answers=in_pieces), "grandstream") as made:
        await made.do("PJSIP/101", "answer")


async def test_what_is_not_configured_is_not_asked() -> None:
    phone = FakePhone()
    async with steered(phone, "grandstream") as made:
        for device in ("PJSIP/102", "PJSIP/999"):
            assert list(made.can(device)) == []
            with pytest.raises(RefusedError):
                await made.do(device, "answer")
        with pytest.raises(RefusedError):
            await made.do("PJSIP/101", "resume")
    assert phone.seen == []

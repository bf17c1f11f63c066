"""Dialling over HTTP and the websocket: the same wish, with a key."""

from typing import Any

import pytest
from aiohttp import ClientSession, web

from ami_bridge.calls.dial import Wanted
from ami_bridge.calls.dial_routes import OPS, DialRoutes
from ami_bridge.config import Web
from ami_bridge.errors import BadRequestError, NotAllowedError, UnconfirmedError
from ami_bridge.web.asyncapi import REQUESTS
from ami_bridge.web.identity import Identity
from ami_bridge.web.ops import Asked, Ops
from ami_bridge.web.server import serve
from tests.calls.test_routes import NOON


class Guard:
    def __init__(self, *scopes: str) -> None:
        self.scopes = frozenset(scopes)

    async def identify(self, request: web.Request) -> Identity:  # noqa: ARG002
        return Identity(login="anna", credential="token:1", scopes=self.scopes, expires=NOON)


class Dial:
    def __init__(self) -> None:
        self.asked: list[tuple[str, Wanted, str, str]] = []

    async def call(self, login: str, wanted: Wanted, *, key: str, credential: str) -> str:
        if wanted.to == "112" and not wanted.confirmed:
            raise UnconfirmedError("Must be confirmed.")
        self.asked.append((login, wanted, key, credential))
        return "CALL1"


async def post(
    dial: Dial, body: object, *, key: str | None = "k", scopes: tuple[str, ...] = ("dial",)
) -> tuple[int, dict[str, Any]]:
    routes = DialRoutes(guard=Guard(*scopes), dial=dial)
    headers = {} if key is None else {"Idempotency-Key": key}
    async with (
        serve(Web(listen="http://127.0.0.1:0"), add_routes=[routes.add_to]) as port,
        ClientSession() as session,
        session.post(f"http://127.0.0.1:{port}/api/v1/calls", json=body, headers=headers) as got,
    ):
        return got.status, await got.json()


async def test_a_wish_is_answered_with_the_id_of_the_call() -> None:
    dial = Dial()
    assert await post(dial, {"to": "102"}) == (201, {"call": "CALL1"})
    assert await post(dial, {"to": "112", "device": "PJSIP/101", "confirmed": True}) == (201, {"call": "CALL1"})
    assert dial.asked == [
        ("anna", Wanted(to="102"), "k", "token:1"),
        ("anna", Wanted(to="112", device="PJSIP/101", confirmed=True), "k", "token:1"),
    ]


@pytest.mark.parametrize(
    ("body", "key", "scopes", "status", "code"),
    [
        ({"to": "102"}, "k", ("events", "rooms", "alarms"), 403, "not_allowed"),
        ({"to": "102"}, None, ("dial",), 400, "bad_request"),
        ({"to": "102"}, "", ("dial",), 400, "bad_request"),
        ({"to": "102"}, "k" * 101, ("dial",), 400, "bad_request"),
        ({}, "k", ("dial",), 400, "bad_request"),
        ({"to": 102}, "k", ("dial",), 400, "bad_request"),
        (["102"], "k", ("dial",), 400, "bad_request"),
        ({"to": "102", "channel": "PJSIP/103"}, "k", ("dial",), 400, "bad_request"),
        ({"to": "102", "context": "from-trunk"}, "k", ("dial",), 400, "bad_request"),
        ({"to": "102", "variable": {"X": "1"}}, "k", ("dial",), 400, "bad_request"),
        ({"to": "102", "confirmed": "yes"}, "k", ("dial",), 400, "bad_request"),
        ({"to": "112"}, "k", ("dial",), 428, "unconfirmed"),
    ],
)
async def test_what_is_refused_has_its_code_and_rings_nothing(
    body: object, key: str | None, scopes: tuple[str, ...], status: int, code: str
) -> None:
    dial = Dial()
    got = await post(dial, body, key=key, scopes=scopes)
    assert (got[0], got[1]["code"], dial.asked) == (status, code, [])


def asked(key: str | None = "k", *scopes: str, **params: Any) -> Asked:  # noqa: ANN401 - any JSON
    return Asked(login="anna", credential="token:1", scopes=frozenset(scopes or {"dial"}), params=params, key=key)


async def test_the_websocket_takes_the_same_wish() -> None:
    dial = Dial()
    ops = Ops(DialRoutes(guard=Guard(), dial=dial).ops())
    assert (await ops.do("call.originate", asked(to="102"))).call == "CALL1"  # type: ignore[attr-defined]
    for wrong in (asked(None, to="102"), asked(to=5), asked(to="102", exten="s")):
        with pytest.raises(BadRequestError):
            await ops.do("call.originate", wrong)
    with pytest.raises(NotAllowedError):
        await ops.do("call.originate", asked("k", "events", to="102"))
    assert dial.asked == [("anna", Wanted(to="102"), "k", "token:1")]
    assert OPS.items() <= REQUESTS.items()

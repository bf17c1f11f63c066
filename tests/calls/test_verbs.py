"""Call control over HTTP and the websocket: the same wishes, and nothing beside them."""

from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import ClientSession, web

from ami_bridge.calls.control import Wish
from ami_bridge.calls.verbs import OPS, CallVerbs
from ami_bridge.config import Web
from ami_bridge.errors import BadRequestError, GoneError, NotAllowedError
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


class Control:
    def __init__(self) -> None:
        self.wishes: list[tuple[str, Wish]] = []
        self.keys: list[str] = []

    async def do(self, login: str, wish: Wish, *, credential: str, key: Callable[[], str]) -> None:
        assert credential == "token:1"
        if wish.call == "GONE":
            raise GoneError("The call has just ended.")
        if wish.to is not None:
            self.keys.append(key())
        self.wishes.append((login, wish))


async def asked(
    control: Control,
    method: str,
    path: str,
    body: object = None,
    *,
    scopes: tuple[str, ...] = ("dial",),
    key: str | None = None,
) -> tuple[int, dict[str, Any]]:
    verbs = CallVerbs(guard=Guard(*scopes), control=control)
    async with (
        serve(Web(listen="http://127.0.0.1:0"), add_routes=[verbs.add_to]) as port,
        ClientSession() as session,
        session.request(
            method,
            f"http://127.0.0.1:{port}/api/v1/calls/{path}",
            json=body,
            headers={} if key is None else {"Idempotency-Key": key},
        ) as got,
    ):
        return got.status, await got.json()


async def test_a_verb_is_a_wish_of_the_person_who_asks() -> None:
    control = Control()
    assert await asked(control, "POST", "C1/reject", {}) == (200, {"call": "C1"})
    assert await asked(control, "POST", "C1/hangup", {"extension": "101"}) == (200, {"call": "C1"})
    assert control.wishes == [
        ("anna", Wish(verb="reject", call="C1")),
        ("anna", Wish(verb="hangup", call="C1", extension="101")),
    ]


async def test_what_is_said_with_a_verb_is_passed_on_with_its_key() -> None:
    control = Control()
    body = {"to": "102", "add": ["103"], "text": "t", "confirmed": True}
    assert (await asked(control, "POST", "C1/transfer", body, key="k1"))[0] == 200
    assert control.wishes == [
        ("anna", Wish(verb="transfer", call="C1", to="102", add=("103",), text="t", confirmed=True))
    ]
    assert control.keys == ["k1"]
    status, problem = await asked(control, "POST", "C1/transfer", {"to": "102"})
    assert (status, problem["code"]) == (400, "bad_request")


async def test_to_delete_a_call_is_to_end_ones_part_in_it() -> None:
    control = Control()
    assert await asked(control, "DELETE", "C1?extension=102") == (200, {"call": "C1"})
    assert control.wishes == [("anna", Wish(verb="end", call="C1", extension="102"))]


@pytest.mark.parametrize(
    ("method", "path", "body", "scopes", "status", "code"),
    [
        ("POST", "C1/reject", {}, ("events", "rooms", "alarms"), 403, "not_allowed"),
        ("DELETE", "C1", None, ("events",), 403, "not_allowed"),
        ("POST", "GONE/reject", {}, ("dial",), 409, "gone"),
        ("POST", "C1/reject", {"channel": "PJSIP/102-01"}, ("dial",), 400, "bad_request"),
        ("POST", "C1/reject", None, ("dial",), 400, "bad_request"),
        ("POST", "C1/reject", {"extension": 101}, ("dial",), 400, "bad_request"),
    ],
)
async def test_what_is_refused_has_its_code_and_does_nothing(
    method: str, path: str, body: object, scopes: tuple[str, ...], status: int, code: str
) -> None:
    control = Control()
    got = await asked(control, method, path, body, scopes=scopes)
    assert (got[0], got[1]["code"], control.wishes) == (status, code, [])


def wish(*, scopes: frozenset[str] = frozenset({"dial"}), **params: Any) -> Asked:  # noqa: ANN401 - any JSON
    return Asked(login="anna", credential="token:1", scopes=scopes, params=params)


async def test_the_websocket_takes_the_same_wishes() -> None:
    control = Control()
    ops = Ops(CallVerbs(guard=Guard(), control=control).ops())
    for name in OPS:
        await ops.do(name, wish(call="C1", extension="101"))
    verbs = [name.removeprefix("call.") for name in OPS]
    assert control.wishes == [("anna", Wish(verb=verb, call="C1", extension="101")) for verb in verbs]
    with pytest.raises(BadRequestError):
        await ops.do("call.reject", wish())
    with pytest.raises(BadRequestError):
        await ops.do("call.reject", wish(call="C1", channel="PJSIP/102-01"))
    with pytest.raises(NotAllowedError):
        await ops.do("call.reject", wish(call="C1", scopes=frozenset({"events"})))


def test_every_operation_is_in_the_contract() -> None:
    assert set(OPS) <= set(REQUESTS)

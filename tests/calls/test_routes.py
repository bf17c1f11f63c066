"""Live calls over HTTP: one's own, and whether they are live."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from aiohttp import ClientSession, web

from ami_bridge import wire
from ami_bridge.calls.routes import CallRoutes
from ami_bridge.config import Web
from ami_bridge.web.identity import Identity
from ami_bridge.web.server import serve

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
CALL = wire.Call(
    id="C1", pbx="town", rev=1, state="ringing", direction="in", role="callee", since=NOON,
    peer=wire.Peer(number="+493023125001"), extension="101",
)  # fmt: skip


class Guard:
    def __init__(self, *scopes: str) -> None:
        self.scopes = frozenset(scopes)

    async def identify(self, request: web.Request) -> Identity:  # noqa: ARG002
        return Identity(login="anna", credential="token:1", scopes=self.scopes, expires=NOON)


class Desk:
    def __init__(self) -> None:
        self.bridge = wire.Bridge(pbx="town", ami="down", since=NOON)

    def calls(self, login: str) -> Sequence[wire.Call]:
        return (CALL,) if login == "anna" else ()


@pytest.mark.parametrize(("scopes", "status"), [(("events",), 200), (("dial",), 403)])
async def test_calls_come_with_whether_they_are_live(scopes: tuple[str, ...], status: int) -> None:
    routes = CallRoutes(guard=Guard(*scopes), desk=Desk())
    async with (
        serve(Web(listen="http://127.0.0.1:0"), add_routes=[routes.add_to]) as port,
        ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/api/v1/calls") as got,
    ):
        assert got.status == status
        told = await got.json()
    if status == 200:
        assert [one["id"] for one in told["calls"]] == ["C1"]
        assert [(one["pbx"], one["ami"]) for one in told["bridges"]] == [("town", "down")]

"""EGroupware's own search, by its documented answers, and by those that nobody should give."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from ami_bridge.dav.rest import RestSearch, people_of
from ami_bridge.dav.transport import basic

NUMBER = "+493023125001"
ANSWER = {
    "responses": {
        "/anna/addressbook/1": {
            "fullName": {"value": "Erika Muster"},
            "organizations": {"org": {"name": "Muster GmbH"}},
        },
        "/anna/addressbook/2": {"fullName": "Ben Biber"},
        "/anna/addressbook/3": {"name": {"full": "Carla Chamäleon"}},
        "/anna/addressbook/4": {"organizations": {"org": {"name": "Stadtwerke"}}},
        "/anna/addressbook/5": None,
    },
    "sync-token": "x",
}


@asynccontextmanager
async def egroupware(handler: Callable[[web.Request], Awaitable[web.Response]]) -> AsyncIterator[RestSearch]:
    app = web.Application()
    app.router.add_get("/egroupware/groupdav.php/addressbook/", handler)
    async with TestServer(app) as server:
        yield RestSearch(str(server.make_url("/egroupware/groupdav.php/addressbook/")), "ami-bridge", "secret")


async def test_it_is_asked_as_its_documents_say() -> None:
    asked = []

    async def search(request: web.Request) -> web.Response:
        asked.append(
            (request.query.get("filters[search]"), request.headers["Accept"], request.headers["Authorization"])
        )
        return web.json_response(ANSWER)

    async with egroupware(search) as rest:
        assert await rest.who(NUMBER) == [
            ("Erika Muster", "Muster GmbH"), ("Ben Biber", ""), ("Carla Chamäleon", ""), ("", "Stadtwerke"),
        ]  # fmt: skip
    assert asked == [(NUMBER, "application/json", basic("ami-bridge", "secret"))]


@pytest.mark.parametrize(
    ("status", "body"),
    [(401, "{}"), (500, "{}"), (302, "{}"), (200, "<html>"), (200, ""), (200, "[" * 100_000), (200, " " * 1_000_001)],
)
async def test_no_good_answer_is_no_answer(status: int, body: str) -> None:
    async def search(_request: web.Request) -> web.Response:
        return web.Response(status=status, text=body, headers={"Location": "/elsewhere"})

    async with egroupware(search) as rest:
        assert await rest.who(NUMBER) is None


async def test_where_nobody_listens_there_is_no_answer() -> None:
    assert await RestSearch("http://127.0.0.1:1/", "a", "b").who(NUMBER) is None


@pytest.mark.parametrize(
    "found", [[], "x", None, {}, {"responses": []}, {"responses": {"a": [], "b": {"fullName": 7}}}]
)
def test_nobody_is_found_in_nonsense(found: object) -> None:
    assert people_of(found) == []

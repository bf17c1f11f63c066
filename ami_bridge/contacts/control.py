"""For the administrator, over the control socket: why a number has its name, and a look at the address books now."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Protocol

from aiohttp import web
from msgspec import Struct

from ami_bridge.contacts.explain import Explained
from ami_bridge.contacts.progress import Progress
from ami_bridge.errors import NotFoundError
from ami_bridge.people.model import People
from ami_bridge.web.body import answer
from ami_bridge.wire import encode

SIGN_OF_LIFE = 5.0
"""Seconds after which whoever waits is told that it goes on."""


class Explain(Protocol):
    """Explains names."""

    async def number(self, raw: str, login: str | None, *, online: bool = False) -> Explained:
        """Say whose number this is to somebody, and why."""


class News(Protocol):
    """What happens in a look at the address books."""

    def listen(self) -> AbstractContextManager[asyncio.Queue[Progress | None]]:
        """Be told, until the end of the block."""


class Waiting(Struct, frozen=True, tag_field="state", tag="waiting"):
    """It goes on."""


class Done(Struct, frozen=True, kw_only=True, tag_field="state", tag="done"):
    """It is over."""

    failed: int
    """How many books could not be read."""
    names: int
    """How many numbers have a name now."""


class Turns:
    """Lets the looks at the address books follow one another, whoever wants one."""

    def __init__(self, run: Callable[[], Awaitable[object]]) -> None:
        self._run = run
        self._lock = asyncio.Lock()

    async def __call__(self) -> None:
        """Have a look, after one that is under way."""
        async with self._lock:
            await self._run()


class ContactDesk:
    """The routes `GET /lookup` and `POST /sync` of the control socket."""

    def __init__(
        self,
        *,
        explain: Explain,
        people: People,
        sync: Callable[[], Awaitable[None]],
        news: News,
        names: Callable[[], int],
    ) -> None:
        self._explain = explain
        self._people = people
        self._sync = sync
        self._news = news
        self._names = names

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes of the control socket."""
        router.add_get("/lookup", self._lookup)
        router.add_post("/sync", self._look)

    async def _lookup(self, request: web.Request) -> web.Response:
        login = request.query.get("user")
        if login and self._people.by_login(login) is None:
            raise NotFoundError(f"Nobody in the staff book has the login {login!r}.")
        return answer(await self._explain.number(request.query.get("number", ""), login, online=True))

    async def _look(self, request: web.Request) -> web.StreamResponse:
        """Have a look at the address books now, and tell how it goes, one line of JSON each."""
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        failed: set[str] = set()
        with self._news.listen() as news:

            async def turn() -> None:
                await self._sync()
                await news.put(None)

            async with asyncio.TaskGroup() as tasks:  # who goes away ends the look; the next one is as usual
                tasks.create_task(turn(), name="sync wanted")
                while True:
                    try:
                        async with asyncio.timeout(SIGN_OF_LIFE):
                            progress = await news.get()
                    except TimeoutError:
                        await response.write(encode(Waiting()) + b"\n")
                        continue
                    if progress is None:
                        break
                    if progress.state == "failed":
                        failed.add(progress.book)
                    await response.write(encode(progress) + b"\n")
        await response.write(encode(Done(failed=len(failed), names=self._names())) + b"\n")
        return response

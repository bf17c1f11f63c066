"""A receiver of missed calls: a real HTTP server that can be away, out of order, slow, or send one elsewhere."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import web

from ami_bridge.demo.ports import free_tcp

SOON = 10.0


class Receiver:
    """What came in, by the id of each message."""

    def __init__(self) -> None:
        self.port = free_tcp()
        self.status = 200
        self.slow = False
        self.asked: list[str] = []
        """Every request, also those that were answered with an error."""
        self.requests: list[dict[str, Any]] = []
        self.got: dict[str, Any] = {}
        self._news = asyncio.Event()
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks/secret"

    async def open(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._take)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def asked_times(self, times: int, within: float = SOON) -> None:
        """Wait until so many requests have come."""
        async with asyncio.timeout(within):
            while len(self.asked) < times:
                self._news.clear()
                await self._news.wait()

    async def until(self, count: int, within: float = SOON) -> None:
        """Wait until so many different messages were taken."""
        async with asyncio.timeout(within):
            while len(self.got) < count:
                self._news.clear()
                await self._news.wait()

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if self.slow:
            await asyncio.sleep(1)
        self.asked.append(request.headers.get("X-AMI-Bridge-Id", ""))
        self._news.set()
        if self.status in {301, 302, 307, 308}:
            return web.Response(status=self.status, headers={"Location": self.url})
        if self.status == 200:
            self.requests.append(
                {"method": request.method, "path": request.path, "headers": dict(request.headers), "body": body}
            )
            self.got[self.asked[-1]] = msgspec.json.decode(body)
        return web.Response(status=self.status)


@asynccontextmanager
async def a_receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    await receiver.open()
    try:
        yield receiver
    finally:
        await receiver.close()

"""The HTTP server: what stands before and behind every route, the page, and the signs of life."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from ami_bridge.config import Web, host_and_port
from ami_bridge.errors import BridgeError, ConfigError
from ami_bridge.web.assets import STATIC, add_assets, read_assets
from ami_bridge.web.body import answer
from ami_bridge.web.identity import is_local
from ami_bridge.web.problem import STARTED, problems

AddRoutes: TypeAlias = Callable[[web.UrlDispatcher], None]
Check: TypeAlias = Callable[[], bool | Awaitable[bool]]

LARGEST_BODY = 65536
LONGEST_HEADER = 8190
"""Bytes of one header; tickets of a domain may be longer."""
ANSWER_WITHIN = 2.0
"""Seconds for one check of /readyz."""
LEAVES_WITHIN = 1.0
"""Seconds that requests under way get when the server stops."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
        "media-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Server": "ami-bridge",
}


@asynccontextmanager
async def serve(
    config: Web,
    *,
    add_routes: Iterable[AddRoutes] = (),
    checks: Mapping[str, Check] | None = None,
    static: Path = STATIC,
    registry: CollectorRegistry | None = None,
    longest_header: int = LONGEST_HEADER,
) -> AsyncIterator[int]:
    """Serve until the end of the block; yields the port, which matters where port 0 asked for any."""
    app = build(config, add_routes=add_routes, checks=checks or {}, static=static, registry=registry)
    runner = web.AppRunner(
        app,
        access_log=None,  # addresses may hold numbers
        shutdown_timeout=LEAVES_WITHIN,
        max_field_size=longest_header,
    )
    await runner.setup()
    try:
        host, port = host_and_port(config.listen)
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise ConfigError(f"[web.listen]: {config.listen} cannot be opened: {error.strerror}") from error
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


def build(
    config: Web,
    *,
    add_routes: Iterable[AddRoutes],
    checks: Mapping[str, Check],
    static: Path = STATIC,
    registry: CollectorRegistry | None = None,
) -> web.Application:
    """Put the application together, without a socket."""
    app = web.Application(middlewares=[problems], client_max_size=LARGEST_BODY)
    app.on_response_prepare.append(_secure(config))
    add_assets(app.router, read_assets(static))
    _add_signs_of_life(app.router, checks, registry or CollectorRegistry())
    for add in add_routes:
        add(app.router)
    return app


def _secure(config: Web) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    headers = dict(HEADERS)
    if urlsplit(config.origin).scheme == "https":
        headers["Strict-Transport-Security"] = "max-age=31536000"

    async def add(request: web.Request, response: web.StreamResponse) -> None:
        request[STARTED] = True
        own = response.headers.get("Referrer-Policy", headers["Referrer-Policy"])
        response.headers.update(headers | {"Referrer-Policy": own})
        response.headers.setdefault("Cache-Control", "no-store")

    return add


def _add_signs_of_life(router: web.UrlDispatcher, checks: Mapping[str, Check], registry: CollectorRegistry) -> None:
    async def alive(_request: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def ready(request: web.Request) -> web.Response:
        """Answer for one check or all; which of them failed is told on this machine only."""
        name = request.match_info.get("check")
        if name is not None and name not in checks:
            raise web.HTTPNotFound
        asked = checks if name is None else {name: checks[name]}
        found = dict(zip(asked, await asyncio.gather(*map(_passes, asked.values())), strict=True))
        fine = all(found.values())
        body: dict[str, object] = {"ready": fine}
        if is_local(request):
            body["checks"] = found
        return answer(body, 200 if fine else 503)

    async def metrics(request: web.Request) -> web.Response:
        if not is_local(request):
            raise web.HTTPNotFound
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    router.add_get("/livez", alive)
    router.add_get("/readyz", ready)
    router.add_get("/readyz/{check}", ready)
    router.add_get("/metrics", metrics)


async def _passes(check: Check) -> bool:
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            result = check()
            return bool(await result) if inspect.isawaitable(result) else bool(result)
    except (BridgeError, TimeoutError):
        return False

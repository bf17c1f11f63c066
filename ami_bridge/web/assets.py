"""The page's files: read and compressed once at start, served from memory."""

import gzip
import hashlib
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler
from msgspec import Struct

STATIC = Path(__file__).with_name("static")
KINDS = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".md": "text/plain; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wav": "audio/wav",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""Written out, since what the machine's own table says differs from machine to machine."""
COMPRESSED_ALREADY = frozenset({".png", ".woff2", ".ico"})


class Asset(Struct, frozen=True):
    """One file, as it is and compressed where that makes it smaller."""

    kind: str
    plain: bytes
    packed: bytes | None
    etag: str


def read_assets(root: Path = STATIC) -> dict[str, Asset]:
    """Read all files below `root`, by their path; hidden ones are nobody's business."""
    found = {}
    for file in sorted(root.rglob("*")):
        name = file.relative_to(root)
        if file.is_file() and not any(part.startswith(".") for part in name.parts):
            found[name.as_posix()] = _asset(file)
    return found


def _asset(file: Path) -> Asset:
    plain = file.read_bytes()
    suffix = file.suffix.lower()
    packed = None if suffix in COMPRESSED_ALREADY else gzip.compress(plain, 9, mtime=0)
    if packed is not None and len(packed) >= len(plain):
        packed = None
    kind = KINDS.get(suffix, "application/octet-stream")
    return Asset(kind, plain, packed, hashlib.sha256(plain).hexdigest()[:32])


def add_assets(router: web.UrlDispatcher, assets: dict[str, Asset]) -> None:
    """Serve the files below /static/, and index.html at the top."""

    async def file(request: web.Request) -> web.Response:
        asset = assets.get(request.match_info["name"])
        if asset is None:
            raise web.HTTPNotFound
        return _served(asset, request)

    router.add_get("/static/{name:.+}", file)
    router.add_get("/", _always(assets.get("index.html")))


def _always(asset: Asset | None) -> Handler:
    async def page(request: web.Request) -> web.Response:
        if asset is None:
            raise web.HTTPNotFound
        return _served(asset, request)

    return page


def _served(asset: Asset, request: web.Request) -> web.Response:
    """Names carry no version, so a browser asks each time and mostly hears "as before"."""
    packed = asset.packed if asset.packed is not None and _takes_gzip(request) else None
    etag = asset.etag if packed is None else f"{asset.etag}-gz"
    headers = {"ETag": f'"{etag}"', "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    known = {tag.value for tag in request.if_none_match or ()}
    if known & {etag, "*"}:
        return web.Response(status=304, headers=headers)
    headers["Content-Type"] = asset.kind
    if packed is not None:
        headers["Content-Encoding"] = "gzip"
    return web.Response(body=asset.plain if packed is None else packed, headers=headers)


def _takes_gzip(request: web.Request) -> bool:
    for offer in request.headers.get("Accept-Encoding", "").lower().split(","):
        name, _, rest = offer.partition(";")
        if name.strip() == "gzip":
            return rest.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False

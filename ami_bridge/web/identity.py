"""Who sends a request: what counts as a credential, and when a browser's cookie may be believed."""

from collections.abc import Set as AbstractSet
from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Protocol
from urllib.parse import urlsplit

from aiohttp import web
from msgspec import Struct

from ami_bridge.config import Web
from ami_bridge.errors import NotAllowedError, UnauthorisedError

SCOPES = ("events", "dial", "rooms", "alarms")
"""What an app token may be good for; a browser session is good for all of it."""
READING = frozenset({"GET", "HEAD", "OPTIONS"})
LONGEST = 200
"""Characters; nothing longer is one of our credentials."""


class Identity(Struct, frozen=True, kw_only=True):
    """A person, by one of their credentials."""

    login: str
    credential: str
    """`token:<ulid>` or `session:<ulid>`: what is revoked, never the secret."""
    scopes: AbstractSet[str]
    expires: datetime
    """When the credential ends unless it is used before."""
    host: str | None = None
    """The machine that a token was made for."""
    lent: bool = False
    """By a token that a terminal server's broker had made: it ends with the day, so it makes nothing that does not."""

    def must_have(self, scope: str) -> None:
        """Raise NotAllowedError unless the credential is good for this."""
        if scope not in self.scopes:
            raise NotAllowedError(f"This token is not good for {scope}; make one with that scope.")

    def must_be_own(self) -> None:
        """Raise NotAllowedError where the credential is only lent by a broker."""
        if self.lent:
            raise NotAllowedError("A terminal server's token makes no others: sign in on the page.")


class Guard(Protocol):
    """Knows people by their requests."""

    async def identify(self, request: web.Request) -> Identity:
        """Return whose request it is; raises UnauthorisedError when it is nobody's."""
        ...


class Bearer(Struct, frozen=True):
    """An app token, sent by a program."""

    secret: str


class Cookie(Struct, frozen=True):
    """A session, sent by a browser from our own page."""

    secret: str


class Doorway:
    """The rules for requests that come in: our origin, the cookie, what a request shows."""

    def __init__(self, config: Web) -> None:
        listen = urlsplit(config.listen)
        self._host = listen.hostname or ""
        self._origin = normal_origin(config.origin) if config.origin else None
        shown = urlsplit(self._origin or config.listen)
        plain = is_loopback(self._host) and shown.scheme == "http" and is_loopback(shown.hostname or "")
        self.secure = not plain
        self.cookie = "__Host-amib" if self.secure else "amib"

    def credential(self, request: web.Request) -> Bearer | Cookie:
        """Return what the request shows; raises UnauthorisedError when that is nothing to go by."""
        kind, _, secret = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return Bearer(_short(secret.strip()))
        cookie = request.cookies.get(self.cookie)
        if not cookie:
            raise UnauthorisedError("Nobody is signed in.")
        if request.method not in READING or request.headers.get("Upgrade", "").lower() == "websocket":
            self.must_be_our_page(request)
        return Cookie(_short(cookie))

    def must_be_our_page(self, request: web.Request) -> None:
        """Raise UnauthorisedError unless the browser says that our own page sends this."""
        if request.headers.getall("Origin", []) != [self.origin(request)]:
            raise UnauthorisedError("This request does not come from our own page.")

    def origin(self, request: web.Request) -> str:
        """Our own origin; where none is configured, the listener itself, never what the request calls us."""
        if self._origin is not None:
            return self._origin
        socket = request.transport and request.transport.get_extra_info("sockname")
        host = f"[{self._host}]" if ":" in self._host else self._host
        return normal_origin(f"http://{host}:{socket[1]}") if socket else ""

    def let_in(self, response: web.StreamResponse, secret: str) -> None:
        """Give the browser its session; how long it holds is decided here, not there."""
        response.set_cookie(self.cookie, secret, path="/", secure=self.secure, httponly=True, samesite="Strict")

    def let_out(self, response: web.StreamResponse) -> None:
        """Take the session from the browser."""
        response.del_cookie(self.cookie, path="/", secure=self.secure, httponly=True, samesite="Strict")


def normal_origin(url: str) -> str:
    """Scheme, host and port as browsers write them."""
    parts = urlsplit(url.lower())
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" if parts.port in {None, usual} else f"{parts.scheme}://{host}:{parts.port}"


def is_loopback(host: str) -> bool:
    """Whether this names the local host."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def source_of(request: web.Request) -> str:
    """Return the address a request comes from; a proxy on this machine is believed about the last step."""
    peer = request.remote or ""
    if is_loopback(peer) and (forwarded := request.headers.getall("X-Forwarded-For", [])):
        last = forwarded[-1].rpartition(",")[2].strip()
        try:
            return str(ip_address(last))
        except ValueError:
            return peer
    return peer


def network_of(source: str) -> str:
    """Return the address as it is counted: of IPv6 the network, since one customer has all of it."""
    try:
        address = ip_address(source)
    except ValueError:
        return source
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(ip_network((address, 64), strict=False))
    return str(address)


def is_local(request: web.Request) -> bool:
    """Whether somebody on this machine asks, and no proxy or foreign page asks through them."""
    host = request.headers.get("Host", "")
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    passed_on = any(header in request.headers for header in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "Via"))
    return is_loopback(request.remote or "") and is_loopback(name) and not passed_on


def _short(secret: str) -> str:
    if not secret.isascii() or len(secret) > LONGEST:
        raise UnauthorisedError("The token or session is not known, or is over.")
    return secret

"""Which source a request comes from: its token, or a signature with time and nonce, compared in constant time."""

import hashlib
import hmac
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from ami_bridge.config_alarms import Source
from ami_bridge.errors import NotReachableError, UnauthorisedError

SOURCE = "X-AMI-Bridge-Source"
TIMESTAMP = "X-AMI-Bridge-Timestamp"
NONCE = "X-AMI-Bridge-Nonce"
SIGNATURE = "X-AMI-Bridge-Signature"
FRESH = timedelta(minutes=5)
"""How far a signature's time may be off."""
MOST_NONCES = 20_000
LONGEST = 200
REFUSED = "No source has this token or signature."


class Shown(Struct, frozen=True, kw_only=True):
    """Who a request says that it is."""

    source: Source
    nonce: str = ""
    """With a signature: used up once the request has done what it asked for."""


class Credentials:
    """Knows the sources by what they show."""

    def __init__(self, sources: Iterable[Source], now: Callable[[], datetime]) -> None:
        self._now = now
        self._sources = [source for source in sources if source.token]
        self._digests = [(_digest(source.token), source) for source in self._sources]
        self._nonces: dict[str, datetime] = {}

    @staticmethod
    def is_signed(headers: Mapping[str, str]) -> bool:
        """Whether the body is needed to know who sent it."""
        return SIGNATURE in headers

    def by_token(self, headers: Mapping[str, str]) -> Shown:
        """Return who has the token, which many devices can send as a password only; raises UnauthorisedError."""
        kind, _, given = headers.get("Authorization", "").partition(" ")
        user, secret = "", ""
        match kind.lower():
            case "bearer":
                secret = given.strip()
            case "basic":
                user, secret = _user_and_password(given.strip())
        found = None
        digest = _digest(secret[:LONGEST])
        for known, source in self._digests:  # all of them: how long it takes tells nothing
            if hmac.compare_digest(known, digest):
                found = source
        if found is None or not secret or (user and user != found.name):
            raise UnauthorisedError(REFUSED)
        return Shown(source=found)

    def by_signature(self, headers: Mapping[str, str], *, method: str, path: str, body: bytes) -> Shown:
        """Return who signed it, lately and for the first time; raises UnauthorisedError."""
        name, at, nonce = headers.get(SOURCE, ""), headers.get(TIMESTAMP, ""), headers.get(NONCE, "")
        source = next((one for one in self._sources if one.name == name), None)
        right = signature(source.token if source else "", at=at, nonce=nonce, method=method, path=path, body=body)
        same = hmac.compare_digest(right.encode(), headers[SIGNATURE].encode("utf-8", "surrogateescape"))
        if source is None or not same:
            raise UnauthorisedError(REFUSED)
        if not at.isascii() or not at.isdigit() or abs(self._now().timestamp() - int(at)) > FRESH.total_seconds():
            raise UnauthorisedError(f"The signature's time is more than {FRESH.seconds // 60} minutes off.")
        if not 8 <= len(nonce) <= LONGEST:  # noqa: PLR2004
            raise UnauthorisedError("The nonce must have 8 to 200 characters.")
        key = f"{name}/{nonce}"
        self._forget()
        if key in self._nonces:
            raise UnauthorisedError("This nonce was used before.")
        if len(self._nonces) >= MOST_NONCES:
            raise NotReachableError("too many signed requests at once")
        self._nonces[key] = self._now() + 2 * FRESH
        return Shown(source=source, nonce=key)

    def give_back(self, shown: Shown) -> None:
        """Let a request be sent once more that could not be carried out."""
        self._nonces.pop(shown.nonce, None)

    def _forget(self) -> None:
        now = self._now()
        for key in [key for key, until in self._nonces.items() if until < now]:
            del self._nonces[key]


def signature(token: str, *, at: str, nonce: str, method: str, path: str, body: bytes) -> str:
    """Return what stands in the header: an HMAC of everything that must not be changed or sent again."""
    signed = f"{at}\n{nonce}\n{method}\n{path}\n".encode("utf-8", "surrogateescape") + body
    return f"sha256={hmac.new(token.encode(), signed, hashlib.sha256).hexdigest()}"


def _user_and_password(given: str) -> tuple[str, str]:
    try:
        user, _, password = b64decode(given[: 4 * LONGEST], validate=True).decode("utf-8").partition(":")
    except ValueError:
        return "", ""
    return user, password


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()

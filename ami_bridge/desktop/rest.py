"""The daemon over REST, for a program that lives for a moment: where no client runs on the screen."""

import http.client
import ssl
from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

CONNECT_WITHIN = 5.0
ANSWER_WITHIN = 15.0
LARGEST_ANSWER = 1 << 20
API = "/api/v1"
USER_AGENT = "ami-dial"


class Said(Struct, frozen=True, kw_only=True):
    """An answer: the id of a call, or why not."""

    call: str | None = None
    code: str | None = None
    detail: str | None = None


class Peer(Struct, frozen=True):
    """Of the other party what is told here; all of `wire` would take 20 ms to be made ready."""

    name: str | None = None


class Call(Struct, frozen=True):
    """Of a call what matters here."""

    id: str
    peer: Peer = Peer()


class Calls(Struct, frozen=True):
    """The live calls of a person."""

    calls: tuple[Call, ...] = ()


class Daemon:
    """One connection to the daemon, kept for all questions."""

    def __init__(self, url: str, token: str, *, ca: str = "") -> None:
        """Prepare it; `ca` is a file with the certificates that are trusted instead of the system's."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        self._base = parts.path.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}", "User-Agent": USER_AGENT, "Accept": "application/json"}
        self._asked = self._connected = False
        self._line: http.client.HTTPConnection
        if parts.scheme == "https":
            trusted = ssl.create_default_context(cafile=ca or None)
            self._line = http.client.HTTPSConnection(host, parts.port, timeout=CONNECT_WITHIN, context=trusted)
        else:
            self._line = http.client.HTTPConnection(host, parts.port, timeout=CONNECT_WITHIN)

    def close(self) -> None:
        """End the connection."""
        self._line.close()
        self._connected = False

    def dial(self, to: str, *, key: str, device: str | None = None, confirmed: bool = False) -> Said:
        """Have the person's own telephone ring, then this number called; tried twice, which the key makes one call."""
        wish = {"to": to, "device": device, "confirmed": confirmed}
        said = self._ask("POST", "/calls", wish, {"Idempotency-Key": key})
        if said is None:
            said = self._ask("POST", "/calls", wish, {"Idempotency-Key": key})
        if said is None:
            return Said(code="timeout" if self._asked else "unavailable")
        status, octets = said
        answer = _read(octets, Said) or Said()
        if (status == http.client.CREATED and answer.call) or answer.code:
            return answer
        return Said(code="unavailable", detail=f"HTTP {status}")

    def whom(self, call: str) -> str | None:
        """Return the name of the other party of a call; None where none is known."""
        said = self._ask("GET", "/calls")
        calls = _read(said[1], Calls) if said and said[0] == http.client.OK else None
        return next((one.peer.name for one in calls.calls if one.id == call), None) if calls else None

    def _ask(
        self, method: str, route: str, body: object = None, headers: Mapping[str, str] = MappingProxyType({})
    ) -> tuple[int, bytes] | None:
        """Ask once; None where no answer came."""
        octets = msgspec.json.encode(body) if body is not None else None
        kind = {"Content-Type": "application/json"} if octets is not None else {}
        try:
            if not self._connected:
                self._line.connect()
                self._connected = True
            self._line.sock.settimeout(ANSWER_WITHIN)
            self._asked = True
            self._line.request(method, f"{self._base}{API}{route}", octets, {**self._headers, **kind, **headers})
            answer = self._line.getresponse()
            return answer.status, answer.read(LARGEST_ANSWER)
        except (OSError, http.client.HTTPException):
            self.close()
            return None


T = TypeVar("T")


def _read(octets: bytes, kind: type[T]) -> T | None:
    """Read an answer; None for anything else, such as a proxy's page."""
    try:
        return msgspec.json.decode(octets, type=kind)
    except msgspec.DecodeError:
        return None

"""The phone book by LDAP: OpenLDAP's slapd speaks it, and asks here over a Unix socket (its back end `sock`)."""

import asyncio
import base64
import os
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Protocol

import structlog

from ami_bridge.errors import BadRequestError, BridgeError, ConfigError, UnauthorisedError
from ami_bridge.phonebooks import filter as filters
from ami_bridge.phonebooks.model import Device, Entry, Page

log = structlog.get_logger()

READ_WITHIN = 5.0
LARGEST = 16_384
LONGEST_PATH = 100  # a socket's address has 108 bytes
MOST = 100
"""Entries of one answer; whoever wants to see more types another letter."""

SUCCESS, SIZE_LIMIT, NO_SUCH_OBJECT, WRONG, FORBIDDEN, UNAVAILABLE, UNWILLING, BAD = 0, 4, 32, 49, 50, 52, 53, 2
_ATTRIBUTES = {"mobile": "mobile", "home": "homePhone"}
_SPELLED = {
    "telephonenumber": "telephoneNumber",
    "mobile": "mobile",
    "mobiletelephonenumber": "mobile",
    "homephone": "homePhone",
    "hometelephonenumber": "homePhone",
}
_SAFE = re.compile(r"[!-9;=-~][ -~]*")


class Book(Protocol):
    """The phone book itself."""

    async def page(self, device: Device, query: str, *, offset: int, most: int, per_number: bool = False) -> Page:
        """Return what this telephone may show."""

    async def who(self, device: Device, number: str) -> Page:
        """Return who has exactly this number."""

    def same(self, one: str, other: str) -> bool:
        """Tell whether two spellings are one number."""


class Devices(Protocol):
    """Knows telephones."""

    async def recognise(self, name: str, secret: str) -> Device:
        """Return which telephone this is."""

    def by_name(self, name: str) -> Device | None:
        """Return a telephone that has shown its password."""


class Ldap:
    """Answers slapd: who may bind, and what is found."""

    def __init__(self, *, devices: Devices, book: Book, suffix: str) -> None:
        self._devices = devices
        self._book = book
        self._suffix = suffix

    async def answer(self, asked: Mapping[str, str]) -> str:
        """Answer one operation; `asked` are the lines that slapd sends."""
        try:
            return await self._answered(asked)
        except UnauthorisedError:
            return _result(WRONG)
        except BadRequestError as error:
            return _result(BAD, str(error))
        except BridgeError:
            return _result(UNAVAILABLE)

    async def _answered(self, asked: Mapping[str, str]) -> str:
        match asked.get("op"):
            case "BIND":
                await self._devices.recognise(_device_of(asked.get("dn", "")), asked.get("cred", ""))
                return _result(SUCCESS)
            case "SEARCH":
                return await self._search(asked)
            case "UNBIND":
                return ""
            case _:
                return _result(UNWILLING, "this phone book is read-only")

    async def _search(self, asked: Mapping[str, str]) -> str:
        device = self._devices.by_name(_device_of(asked.get("binddn", "")))
        if device is None:
            return _result(FORBIDDEN, "bind as a device first")
        if asked.get("scope") == "0":
            if _same_dn(asked.get("base", ""), self._suffix):
                return _ldif(self._suffix, [("objectClass", "domain"), *_rdn(self._suffix)]) + _result(SUCCESS)
            return _result(NO_SUCH_OBJECT)
        limit = asked.get("sizelimit", "")
        most = min(int(limit), MOST) if re.fullmatch(r"[1-9][0-9]{0,5}", limit) else MOST
        wanted = filters.read(asked.get("filter", "(cn=*)"))
        found: dict[object, Entry] = {}
        more = False
        for query in wanted.queries:
            whole = any(query == number for _, number in wanted.numbers)
            page = await (
                self._book.who(device, query) if whole else self._book.page(device, query, offset=0, most=most)
            )
            more = more or page.following is not None
            for entry in page.entries:
                found.setdefault((entry.name, entry.numbers), entry)
        more = more or len(found) > most
        shown = [self._shown(at, one, wanted.numbers) for at, one in enumerate([*found.values()][:most], 1)]
        return "".join(shown) + _result(SIZE_LIMIT if more else SUCCESS)

    def _shown(self, at: int, entry: Entry, asked: Iterable[tuple[str, str]]) -> str:
        """Write an entry; a number that was asked for stands in it as it was asked for, or telephones drop it."""
        first, last = entry.first_and_last()
        values = [("objectClass", "inetOrgPerson"), ("uid", str(at)), ("cn", entry.name), ("sn", last)]
        values += [("givenName", first)] if first else []
        values += [("o", entry.org)] if entry.org else []
        for number in entry.numbers:
            own = _ATTRIBUTES.get(number.kind, "telephoneNumber")
            written = {_SPELLED[name]: text for name, text in asked if self._book.same(text, number.number)}
            if not written:
                values.append((own, number.number))
            elif own in written:
                values.append((own, written[own]))
            else:
                values += written.items()
        return _ldif(f"uid={at},{self._suffix}", dict.fromkeys(values))


@asynccontextmanager
async def serve_ldap(where: str, ldap: Ldap) -> AsyncIterator[None]:
    """Listen for slapd until the end of the block, if that is wanted; only the daemon's own account can ask."""
    if not where:
        yield
        return
    path = Path(where)

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(READ_WITHIN):
                asked = read(await reader.readuntil(b"\n\n"))
            writer.write((await ldap.answer(asked)).encode())
            async with asyncio.timeout(READ_WITHIN):
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # slapd tells its client that we are away
        except Exception:  # one broken question must not cost more than itself
            log.exception("phonebook.ldap_failed")
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    if len(os.fsencode(path)) > LONGEST_PATH:
        raise ConfigError(f"[phonebook.ldap]: {path} is longer than {LONGEST_PATH} bytes; name a shorter path")
    _clear(path)
    before = os.umask(0o177)
    try:
        server = await asyncio.start_unix_server(one, str(path), limit=LARGEST)
    except OSError as error:
        raise ConfigError(f"[phonebook.ldap]: {path} cannot be opened: {error.strerror}") from error
    finally:
        os.umask(before)
    try:
        yield
    finally:
        server.close()
        _clear(path)


def _clear(path: Path) -> None:
    with suppress(FileNotFoundError):
        path.unlink()


def read(raw: bytes) -> dict[str, str]:
    """Read one operation as slapd writes it: its name, then lines of `key: value`."""
    op, *lines = raw.decode("utf-8", "replace").rstrip("\n").split("\n")
    asked: dict[str, str] = {}
    for line in lines:
        key, _, value = line.partition(":")
        asked.setdefault(key, value.removeprefix(" "))
    return asked | {"op": op}


def _device_of(dn: str) -> str:
    """Return the device that a DN names: `cn=desk-101,dc=phonebook`."""
    name, _, value = dn.partition(",")[0].partition("=")
    return value.strip() if name.strip().lower() in {"cn", "uid"} else ""


def _same_dn(one: str, other: str) -> bool:
    return one.replace(" ", "").lower() == other.replace(" ", "").lower()


def _rdn(dn: str) -> list[tuple[str, str]]:
    name, _, value = dn.partition(",")[0].partition("=")
    return [(name, value)]


def _ldif(dn: str, values: Iterable[tuple[str, str]]) -> str:
    return "\n".join([f"dn: {dn}", *(_line(name, value) for name, value in values), "", ""])


def _line(name: str, value: str) -> str:
    """Write an attribute; what is not plain ASCII, or could be read as something else, in base64."""
    if _SAFE.fullmatch(value) and not value.endswith(" "):
        return f"{name}: {value}"
    return f"{name}:: {base64.b64encode(value.encode()).decode()}"


def _result(code: int, info: str = "") -> str:
    return f"RESULT\ncode: {code}\n" + (f"info: {info}\n" if info else "")

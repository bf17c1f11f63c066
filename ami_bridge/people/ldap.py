"""People and their passwords in an LDAP directory, asked by OpenLDAP's own programs: one process for each question."""

import asyncio
import contextlib
import secrets
from collections.abc import Sequence
from typing import Protocol
from urllib.parse import urlsplit

import structlog

from ami_bridge.errors import NotReachableError, RefusedError
from ami_bridge.numbers import Numbers
from ami_bridge.people import ldif
from ami_bridge.people.model import Person
from ami_bridge.people.rules import MOST_GROUPS

log = structlog.get_logger()

BIND_WITHIN = 8.0
SEARCH_WITHIN = 60.0
CONNECT_WITHIN = 4
"""Seconds, whole ones."""
LARGEST_ANSWER = 64 << 20
LONGEST_COMPLAINT = 200
PAGE = 500
PROGRAMS = "/usr/local/bin:/usr/bin:/bin"
WRONG = frozenset({19, 48, 49, 50, 53})
"""What servers say to a wrong password: locked, no password at all, wrong, not permitted, unwilling."""
TOO_MANY = 4
NO_SUCH_OBJECT = 32


class Place(Protocol):
    """Where the directory is, and what it calls things, as configured."""

    @property
    def url(self) -> str:
        """Its address."""

    @property
    def user(self) -> str:
        """Distinguished name of the daemon's own account; empty: nobody's."""

    @property
    def password(self) -> str:
        """Its password."""

    @property
    def ca_file(self) -> str:
        """Certificates that are trusted, instead of the system's."""

    @property
    def base(self) -> str:
        """Below which entry people are."""

    @property
    def filter(self) -> str:
        """Which entries are people."""

    @property
    def login(self) -> str:
        """Attribute with the login."""

    @property
    def name(self) -> str:
        """Attribute with the name."""

    @property
    def department(self) -> str:
        """Attribute with the department."""


class Ldap:
    """Reads everybody, and knows whether a password is right."""

    def __init__(self, place: Place, numbers: Numbers) -> None:
        self._place = place
        self._numbers = numbers

    async def persons(self) -> list[Person]:
        """Read everybody, in the order of the directory; raises NotReachableError or RefusedError."""
        place = self._place
        wanted = [place.login, place.name, "mail", "telephoneNumber", place.department, "memberOf"]
        answer = await self._search(place.filter, wanted)
        found: dict[str, Person] = {}
        for entry in ldif.read(answer):
            if (person := self._person(entry)) is not None:
                found.setdefault(person.login, person)
        return list(found.values())

    async def principal(self, user: str, password: str) -> str | None:
        """Return the login that this password opens, as the directory writes it; None where it is wrong.

        Where there is no such entry, one that does not exist is tried, so that it takes as long.
        """
        if not password:  # servers take that for an anonymous visit, and say yes
            return None
        place = self._place
        who = f"(&{place.filter}({place.login}={ldif.escape(user)}))"
        entries = list(ldif.read(await self._search(who, [place.login], most=2)))
        login = entries[0].first(place.login) if len(entries) == 1 else None
        if len(entries) > 1:
            log.warning("people.ldap_ambiguous", why="several entries have one login; it is nobody's")
        dn = entries[0].dn if login is not None else f"{place.login}={secrets.token_hex(8)},{place.base}"
        said = await self._binds(dn, password)
        return login if said else None

    async def _search(self, wanted: str, attributes: Sequence[str], *, most: int = 0) -> str:
        """Return what the directory answers in LDIF; part of an answer is none, but for one that is cut at `most`."""
        words = ["-LLL", "-o", "ldif-wrap=no", "-l", str(int(SEARCH_WITHIN)), "-b", self._place.base, "-s", "sub"]
        words += ["-z", str(most)] if most else ["-E", f"pr={PAGE}/noprompt"]
        account = ["-D", self._place.user, "-y", "/dev/stdin"] if self._place.user else []
        code, said, complaint = await self._run(
            "ldapsearch",
            [*account, *words, wanted, *attributes],
            secret=self._place.password if account else "",
            within=SEARCH_WITHIN if not most else BIND_WITHIN,
        )
        if code in WRONG:
            raise RefusedError(f"the directory refuses our account: {complaint}")
        if code == NO_SUCH_OBJECT:
            raise RefusedError(f"the directory has nothing at {self._place.base}")
        if code and not (most and code == TOO_MANY):
            raise NotReachableError(f"the directory does not answer: {complaint}")
        return said

    async def _binds(self, dn: str, password: str) -> bool:
        """Whether this entry has this password."""
        code, said, complaint = await self._run("ldapwhoami", ["-D", dn, "-y", "/dev/stdin"], secret=password)
        if code in WRONG or code == NO_SUCH_OBJECT:
            return False
        if code:
            raise NotReachableError(f"the directory does not answer: {complaint}")
        return said.strip().lower() not in {"", "anonymous"}  # it took the entry for nobody

    async def _run(
        self, program: str, words: Sequence[str], *, secret: str, within: float = BIND_WITHIN
    ) -> tuple[int, str, str]:
        """Run a program; return its exit code (that of LDAP), what it said, and of what it complained."""
        url, encrypted = _address(self._place.url)
        given = ["-x", "-H", url, *(["-ZZ"] if encrypted else []), "-o", f"nettimeout={CONNECT_WITHIN}", *words]
        # A configuration of somebody's own is not read: neither a home nor a folder of ours is there.
        environment = {"PATH": PROGRAMS, "LC_ALL": "C", "LDAPTLS_REQCERT": "demand"}
        if self._place.ca_file:
            environment["LDAPTLS_CACERT"] = self._place.ca_file
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                program, *given, stdin=pipe, stdout=pipe, stderr=pipe, cwd="/", env=environment
            )
        except FileNotFoundError as error:
            raise NotReachableError(f"there is no {program} on this machine: install the package ldap-utils") from error
        except OSError as error:
            raise NotReachableError(f"{program} cannot be started: {error.strerror}") from error
        try:
            async with asyncio.timeout(within):
                return await _told(process, secret)
        except TimeoutError as error:
            raise NotReachableError("the directory does not answer in time") from error
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()

    def _person(self, entry: ldif.Entry) -> Person | None:
        """Make a person of an entry; None where nothing says who it is."""
        place = self._place
        login = entry.first(place.login)
        if login is None or not login.isprintable():
            return None
        department = " ".join((entry.first(place.department) or "").split()) or None
        groups = [group for dn in entry.all("memberOf") if (group := ldif.group_in(dn))]
        numbers = (one for raw in entry.all("telephoneNumber") for one in self._numbers.from_card(raw))
        extensions = dict.fromkeys(one.exten for one in numbers if one.exten and self._numbers.is_extension(one.exten))
        return Person(
            login=login,
            name=" ".join((entry.first(place.name) or login).split()),
            email=entry.first("mail"),
            department=department,
            extensions=tuple(extensions),
            groups=tuple(dict.fromkeys([*([department] if department else []), *groups]))[:MOST_GROUPS],
        )


async def _told(process: asyncio.subprocess.Process, secret: str) -> tuple[int, str, str]:
    """Give a program its secret, and read what it says; never without end."""
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise NotReachableError("the program has no pipes")
    with contextlib.suppress(ConnectionError):  # it needed none, or has ended already
        process.stdin.write(secret.encode())
        await process.stdin.drain()
        process.stdin.close()

    async def read(stream: asyncio.StreamReader) -> bytes:
        parts: list[bytes] = []
        size = 0
        while part := await stream.read(1 << 16):
            parts.append(part)
            size += len(part)
            if size > LARGEST_ANSWER:
                raise RefusedError("the directory answers more than anybody could work with; narrow base or filter")
        return b"".join(parts)

    said, complaint = await asyncio.gather(read(process.stdout), read(process.stderr))
    code = await process.wait()
    lines = complaint.decode("utf-8", "replace").strip().splitlines()
    return code, said.decode("utf-8", "replace"), "; ".join(lines)[:LONGEST_COMPLAINT] or f"code {code}"


def _address(url: str) -> tuple[str, bool]:
    """Return the address as the programs take it, and whether they must ask for encryption there."""
    scheme, _, rest = url.partition("://")
    if scheme == "ldap+insecure":
        return f"ldap://{rest}", False
    return url, urlsplit(url).scheme == "ldap"

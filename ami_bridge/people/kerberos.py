"""Signing in by a Kerberos ticket that the desk already has: SPNEGO (RFC 4178) as HTTP carries it (RFC 4559).

The work is that of MIT's library, by the package `gssapi`; here is only whom a ticket may let in.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import Any, NamedTuple

from ami_bridge.config_signin import Kerberos as Settings
from ami_bridge.errors import ConfigError, NotReachableError, UnauthorisedError

WITHIN = 5.0
"""Seconds for one ticket; it is read with the keytab alone, no other machine is asked."""
AT_ONCE = 4
LONGEST_TICKET = 48_000
"""Bytes; a ticket of Active Directory lists all groups of a person, and is never longer than this (MaxTokenSize)."""


class Shown(NamedTuple):
    """Whom a ticket belongs to, and what the browser is shown in return, so that it knows whom it talks to."""

    login: str
    answer: bytes


class Kerberos:
    """Reads tickets for this service."""

    def __init__(self, settings: Settings) -> None:
        """Raise ConfigError where what reads tickets is not installed."""
        if find_spec("gssapi") is None:
            raise ConfigError('[kerberos.keytab]: needs more than is installed: pip install "ami-bridge[kerberos]"')
        self._settings = settings
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="kerberos")
        self.label = settings.label

    async def whose(self, ticket: bytes) -> Shown:
        """Say whose a ticket is.

        Raises UnauthorisedError for a ticket that is not for us, not valid, used before, or of another realm, and
        NotReachableError where our own keytab cannot be read.
        """
        if not 0 < len(ticket) <= LONGEST_TICKET:
            raise UnauthorisedError("no ticket, or one longer than tickets are")
        name, answer = await self._in_a_thread(ticket)
        login, _, realm = name.rpartition("@")
        # `anna/admin` is another principal than `anna`; a quoted @ or / in a name is nobody's of an office.
        if realm not in self._settings.realms or not login or set(login) & set("/\\@"):
            raise UnauthorisedError("the ticket is of another realm, or of no person")
        return Shown(login, answer)

    async def check(self) -> None:
        """Raise NotReachableError where the keytab has no key for this service."""
        await asyncio.get_running_loop().run_in_executor(self._threads, self._credentials)

    async def _in_a_thread(self, ticket: bytes) -> tuple[str, bytes]:
        # A thread cannot be stopped: those that hang are all that can, and nobody else waits for longer than this.
        try:
            async with asyncio.timeout(WITHIN):
                return await asyncio.get_running_loop().run_in_executor(self._threads, self._read, ticket)
        except TimeoutError as error:
            raise NotReachableError("the ticket could not be read in time") from error

    def _read(self, ticket: bytes) -> tuple[str, bytes]:
        import gssapi  # noqa: PLC0415 - not everybody has it

        credentials = self._credentials()
        try:
            context = gssapi.SecurityContext(creds=credentials, usage="accept")
            answer = context.step(ticket)
            if not context.complete:
                raise UnauthorisedError("the ticket asks for more than one answer")
            return str(context.initiator_name), answer or b""
        except gssapi.exceptions.GSSError as error:
            raise UnauthorisedError(f"the ticket is not valid ({_codes(error)})") from error

    def _credentials(self) -> Any:  # noqa: ANN401 - the package has no types
        import gssapi  # noqa: PLC0415

        name = (
            gssapi.Name(self._settings.principal, gssapi.NameType.kerberos_principal)
            if self._settings.principal
            else None
        )
        try:
            return gssapi.Credentials(name=name, usage="accept", store={"keytab": f"FILE:{self._settings.keytab}"})
        except gssapi.exceptions.GSSError as error:
            raise NotReachableError(f"the keytab cannot be read, or has no key for us ({_codes(error)})") from error


def _codes(error: Exception) -> str:
    """Tell what went wrong by its numbers; the words may name people."""
    return f"{getattr(error, 'maj_code', 0):#x}, {getattr(error, 'min_code', 0):#x}"

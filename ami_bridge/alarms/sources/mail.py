"""Sources that write mails: the house's mail server hands them in here, and hears `250` when they are on the disk."""

import asyncio
import hmac
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from email.message import EmailMessage
from typing import Protocol
from urllib.parse import urlsplit

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from ami_bridge.alarms.model import Report
from ami_bridge.alarms.sources import letters
from ami_bridge.config_alarms import Source
from ami_bridge.errors import BridgeError, ConfigError

log = structlog.get_logger()

LARGEST = 10 * 1024 * 1024
SILENT_FOR = 60.0
"""Seconds until a client that says nothing is sent away."""
KEPT_WITHIN = 20.0
AT_ONCE = 20
"""Connections; who is on this machine's mail server comes again."""
NOBODY = "550 5.1.1 Nobody has this address"
NOT_FROM_YOU = "550 5.7.1 This address takes no mail from this sender"
LATER = "451 4.3.0 It could not be kept; come again"


class Gate(Protocol):
    """Lets reports in."""

    async def take(self, name: str, reports: Sequence[Report]) -> list[str]:
        """Let in what a source reports; returns after the commit."""


class Mailbox:
    """What aiosmtpd asks."""

    def __init__(self, sources: Iterable[Source], *, gate: Gate) -> None:
        self._sources = [source for source in sources if source.kind == "mail"]
        self._gate = gate
        self.connections = 0

    async def handle_RCPT(  # noqa: N802, D102 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self._source(address) is None:
            log.warning("alarm.mail_refused", why="address")
            return NOBODY
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Good"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802, D102
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        message = letters.parse(content)
        claimed = letters.senders(message, envelope.mail_from or "")
        taken = False
        for source in {one.name: one for to in envelope.rcpt_tos if (one := self._source(to)) is not None}.values():
            listed = {one.casefold() for one in source.mail.senders}
            # Of two senders both must be listed: else the one could be anybody's and the other a name to hide behind.
            if (listed and not (claimed and claimed <= listed)) or not self._is_proven(source, message):
                log.warning("alarm.mail_refused", why="sender", source=source.name)
                continue
            found = letters.report_of(message, content, source=source.name)
            try:
                async with asyncio.timeout(KEPT_WITHIN):
                    await self._gate.take(source.name, found)
            except (BridgeError, TimeoutError) as error:
                log.warning("alarm.mail_not_kept", source=source.name, why=str(error) or type(error).__name__)
                return LATER  # what another source has of it by now counts once more when it comes again
            taken = True
        return "250 2.0.0 It is on the disk" if taken else NOT_FROM_YOU

    async def handle_exception(self, error: Exception) -> str:
        """Let the mail server keep a mail that we stumble over, and come again: it is not lost."""
        log.error("alarm.mail_failed", exc_info=error)
        return LATER

    def _is_proven(self, source: Source, message: EmailMessage) -> bool:
        return not source.mail.checked_by or letters.is_proven(message, source.mail.checked_by)

    def _source(self, address: str) -> Source | None:
        found = None
        given = address.casefold().encode("utf-8", "surrogateescape")
        for source in self._sources:  # all of them: the address is a secret
            if hmac.compare_digest(source.mail.address.casefold().encode(), given):
                found = source
        return found


class _Guarded(SMTP):
    """A connection among not too many."""

    def __init__(self, mailbox: Mailbox) -> None:
        super().__init__(
            mailbox,
            data_size_limit=LARGEST,
            enable_SMTPUTF8=True,
            hostname="ami-bridge",
            ident="ami-bridge",
            timeout=SILENT_FOR,
        )
        self._mailbox = mailbox

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._mailbox.connections += 1
        super().connection_made(transport)
        if self._mailbox.connections > AT_ONCE:
            assert isinstance(transport, asyncio.Transport)  # noqa: S101 - of a TCP server
            transport.write(b"421 4.7.0 Too many at once; come again\r\n")
            transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self._mailbox.connections -= 1
        super().connection_lost(error)


@asynccontextmanager
async def serve_mail(listen: str, mailbox: Mailbox) -> AsyncIterator[int]:
    """Take mails until the end of the block; yields the port, 0 where nothing is listened to."""
    if not listen:
        yield 0
        return
    where, loop = urlsplit(listen), asyncio.get_running_loop()
    try:
        server = await loop.create_server(lambda: _Guarded(mailbox), where.hostname, where.port or 0)
    except OSError as error:
        raise ConfigError(f"[alarms.mail_listen]: {listen} cannot be opened: {error.strerror}") from error
    async with server:
        yield int(server.sockets[0].getsockname()[1])

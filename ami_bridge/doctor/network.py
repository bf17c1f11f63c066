"""What lies around: the page's own address with its TLS, the mail server, and the PBX's copy of names."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit

import aiohttp

from ami_bridge.asterisk import phone
from ami_bridge.asterisk.copies import OURS
from ami_bridge.config import Config
from ami_bridge.doctor.model import Finding, Kind, Words
from ami_bridge.doctor.visit import Visit
from ami_bridge.errors import BridgeError
from ami_bridge.mail import Post
from ami_bridge.web.identity import is_loopback

PLAIN = Kind(
    code="web.plain",
    severity="error",
    what=Words(
        "Die Seite {origin} geht unverschlüsselt durch das Netz.", "The page {origin} goes over the network in clear."
    ),
    do=Words(
        "Einen Webserver mit TLS davorstellen (nginx, Apache, Caddy) und [web.origin] auf https://… setzen.",
        "Put a web server with TLS before it (nginx, Apache, Caddy) and set [web.origin] to https://….",
    ),
)
CERTIFICATE = Kind(
    code="web.certificate",
    severity="error",
    what=Words(
        "Dem Zertifikat von {origin} ist nicht zu trauen ({why}).",
        "The certificate of {origin} cannot be trusted ({why}).",
    ),
    do=Words(
        "Das Zertifikat erneuern; der Name darin muss der aus [web.origin] sein.",
        "Renew it; the name in it must be that of [web.origin].",
    ),
)
EXPIRES = Kind(
    code="web.expires",
    severity="warning",
    what=Words(
        "Das Zertifikat von {origin} läuft in {days} Tagen ab.", "The certificate of {origin} expires in {days} days."
    ),
    do=Words("Es jetzt erneuern.", "Renew it now."),
)
UNREACHABLE = Kind(
    code="web.unreachable",
    severity="warning",
    what=Words(
        "{origin} ist von diesem Rechner aus nicht zu erreichen ({why}).",
        "{origin} cannot be reached from this machine ({why}).",
    ),
    do=Words("Webserver und [web.origin] prüfen.", "Look at the web server and [web.origin]."),
)
NOT_US = Kind(
    code="web.not_us",
    severity="error",
    what=Words(
        "Unter {origin} antwortet etwas anderes (Status {status}).",
        "Something else answers at {origin} (status {status}).",
    ),
    do=Words(
        "Den Webserver alles an {listen} weitergeben lassen, auch Websockets.",
        "Have the web server pass everything on to {listen}, websockets too.",
    ),
)
WEB_FINE = Kind(
    code="web.fine",
    severity="ok",
    what=Words("Die Seite ist unter {origin} zu erreichen.", "The page can be reached at {origin}."),
)
MAIL = Kind(
    code="mail.unusable",
    severity="error",
    what=Words("Über {smtp} lässt sich keine Mail verschicken: {why}.", "No mail can be sent by {smtp}: {why}."),
    do=Words("[mail] prüfen: Adresse, TLS, Konto und Kennwort.", "Look at [mail]: address, TLS, account and password."),
)
MAIL_FINE = Kind(
    code="mail.fine",
    severity="ok",
    what=Words("Der Mailserver {smtp} nimmt Mails an.", "The mail server {smtp} takes mails."),
)
NOT_OURS = Kind(
    code="astdb.not_ours",
    severity="warning",
    what=Words(
        "In AstDB steht unter «cidname» ein anderes Telefonbuch: für Ausfälle gibt es keine Kopie der Namen.",
        "AstDB has another phone book below “cidname”: there is no copy of the names for when we are away.",
    ),
    do=Words(
        "Wird es nicht gebraucht: «asterisk -rx 'database deltree cidname'». Sonst pbx.offline_names = 0 setzen.",
        "If it is not needed: “asterisk -rx 'database deltree cidname'”. Else set pbx.offline_names = 0.",
    ),
)
NO_COPY = Kind(
    code="astdb.empty",
    severity="warning",
    what=Words(
        "Asterisk hat keine Kopie der Namen, {count} wären bekannt.",
        "Asterisk has no copy of the names, {count} are known.",
    ),
    do=Words(
        "store.conf einbinden und dem Konto «write = originate» und «read = user» geben.",
        "Include store.conf, and give the account “write = originate” and “read = user”.",
    ),
)
COPY_FINE = Kind(
    code="astdb.fine",
    severity="ok",
    what=Words("Asterisk hat eine Kopie von {count} Namen.", "Asterisk has a copy of {count} names."),
)
ANSWER_WITHIN = 5.0
SOON = 14
HTTPS = 443
OK = 200


class Around:
    """Looks at what lies around the daemon."""

    def __init__(self, config: Config, *, names: Callable[[], int], now: Callable[[], datetime], daemon: bool) -> None:
        """`names` says how many numbers have a name."""
        self._config = config
        self._names = names
        self._now = now
        self._daemon = daemon

    async def web(self) -> list[Finding]:
        """Look at the page from where people look at it, as far as that goes from here."""
        origin = self._config.web.origin or self._config.web.listen.replace("http+insecure://", "http://")
        parts = urlsplit(origin)
        found = [PLAIN(origin=origin)] if parts.scheme == "http" and not is_loopback(parts.hostname or "") else []
        return [*found, *(await self._answer(origin) if self._daemon else [])]

    async def _answer(self, origin: str) -> list[Finding]:
        timeout = aiohttp.ClientTimeout(total=ANSWER_WITHIN)
        trusted = ssl.create_default_context()
        try:
            ends = [finding async for finding in self._end_of_certificate(origin, trusted)]
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(f"{origin}/livez", allow_redirects=False, ssl=trusted) as answer,
            ):
                if answer.status != OK or (await answer.text()).strip() != "alive":
                    return [*ends, NOT_US(origin=origin, status=answer.status, listen=self._config.web.listen)]
        except (aiohttp.ClientSSLError, ssl.SSLError) as error:
            return [CERTIFICATE(origin=origin, why=type(error).__name__)]
        except (aiohttp.ClientError, OSError, TimeoutError, UnicodeError) as error:
            return [UNREACHABLE(origin=origin, why=type(error).__name__)]
        return ends or [WEB_FINE(origin=origin)]

    async def _end_of_certificate(self, origin: str, trusted: ssl.SSLContext) -> AsyncIterator[Finding]:
        """Look at it on a connection of its own: that of an answer is given back once the last byte is there."""
        parts = urlsplit(origin)
        if parts.scheme != "https":
            return
        async with asyncio.timeout(ANSWER_WITHIN):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port or HTTPS, ssl=trusted)
        shown = writer.get_extra_info("peercert")
        writer.transport.abort()
        until = datetime.fromtimestamp(ssl.cert_time_to_seconds(shown["notAfter"]), UTC)
        if (days := (until - self._now()).days) < SOON:
            yield EXPIRES(origin=origin, days=days)

    async def mail(self) -> list[Finding]:
        """Sign in at the mail server and go again, if there is one."""
        smtp = self._config.mail.smtp
        if not smtp:
            return []
        try:
            await Post(self._config.mail).greet(within=ANSWER_WITHIN)
        except BridgeError as error:
            return [MAIL(smtp=smtp, why=str(error))]
        return [MAIL_FINE(smtp=smtp)]

    async def copy(self, visit: Visit) -> list[Finding]:
        """Look at the PBX's copy of names."""
        wanted = self._names() if self._config.pbx[0].offline_names else 0
        if not self._daemon or not wanted:
            return []
        rows = {m.get("Key", "").rpartition("/")[2] for m in await visit.items(phone.rows("cidname"))}
        if rows and OURS not in rows:
            return [NOT_OURS()]
        return [COPY_FINE(count=len(rows) - 1) if rows else NO_COPY(count=wanted)]

"""Mails to people of the house, by the site's own mail server."""

from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import make_msgid
from urllib.parse import urlsplit

import aiosmtplib

from ami_bridge.config import Mail
from ami_bridge.errors import NotReachableError, RefusedError

ANSWER_WITHIN = 20.0
PORTS = {"smtps": 465, "smtp": 587, "smtp+insecure": 25}
REFUSED = range(500, 600)


class Post:
    """Where mails are handed in."""

    def __init__(self, config: Mail) -> None:
        self._config = config

    async def send(self, to: str, subject: str, text: str) -> None:
        """Send one. Raises NotReachableError to try again, RefusedError where that would not help."""
        where = urlsplit(self._config.smtp)
        message = EmailMessage()
        message["From"] = self._config.sender
        message["To"] = " ".join(to.split())
        message["Subject"] = " ".join(subject.split())
        message["Message-ID"] = make_msgid(domain=self._config.sender.rpartition("@")[2].rstrip("> ") or None)
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        with _in_our_words():
            await aiosmtplib.send(
                message,
                hostname=where.hostname,
                port=where.port or PORTS[where.scheme],
                username=self._config.user or None,
                password=self._config.password or None,
                use_tls=where.scheme == "smtps",
                start_tls=where.scheme == "smtp",
                timeout=ANSWER_WITHIN,
            )

    async def greet(self, *, within: float) -> None:
        """Sign in and go again, without a mail. Raises as `send` does."""
        where = urlsplit(self._config.smtp)
        with _in_our_words():
            async with aiosmtplib.SMTP(
                hostname=where.hostname,
                port=where.port or PORTS[where.scheme],
                username=self._config.user or None,
                password=self._config.password or None,
                use_tls=where.scheme == "smtps",
                start_tls=where.scheme == "smtp",
                timeout=within,
            ) as server:
                await server.noop()


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except aiosmtplib.SMTPRecipientsRefused as error:
        raise RefusedError("the mail server does not take mail for this address") from error
    except aiosmtplib.SMTPResponseException as error:
        if error.code in REFUSED:
            raise RefusedError(f"the mail server refuses (code {error.code})") from error
        raise NotReachableError(f"the mail server does not take it now (code {error.code})") from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise NotReachableError(f"the mail server cannot be reached: {type(error).__name__}") from error

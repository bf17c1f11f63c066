"""A mail server that takes mails, or refuses them, as the standard has it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from email.message import EmailMessage


class MailServer:
    """What was handed in."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refuses = 0
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk to one client."""

        async def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())
            await writer.drain()

        await say("220 mail.example.org ready")
        while line := await reader.readline():
            match line.split()[0].upper() if line.strip() else b"":
                case b"EHLO" | b"HELO":
                    await say("250 mail.example.org")
                case b"MAIL" if self.refuses:
                    await say(f"{self.refuses} not now")
                case b"MAIL" | b"RCPT" | b"RSET":
                    await say("250 good")
                case b"DATA":
                    await say("354 go on")
                    lines = []
                    while (one := await reader.readline()) not in {b".\r\n", b""}:
                        lines.append(one.removeprefix(b".") if one.startswith(b"..") else one)
                    found = message_from_bytes(b"".join(lines), policy=policy.default)
                    self.mails.append(found)
                    await say("250 taken")
                case b"QUIT":
                    await say("221 bye")
                    break
                case _:
                    await say("502 what?")
        writer.close()


@asynccontextmanager
async def mail_server() -> AsyncIterator[MailServer]:
    """Run one on a free port."""
    found = MailServer()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    async with server:
        yield found

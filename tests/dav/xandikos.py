"""Xandikos as a process of its own: the other free CardDAV server in Python. It asks for no password by itself."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from ami_bridge.demo.ports import free_tcp

READY_WITHIN = 30.0
HOME = "/bridge/contacts"


class Xandikos:
    """A running Xandikos, and what people do in it."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/"
        self.user = "bridge"
        self.password = "secret"

    async def make_book(self, name: str, label: str) -> None:
        """Make an address book."""
        body = (
            '<?xml version="1.0"?><mkcol xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><set><prop>'
            "<resourcetype><collection/><C:addressbook/></resourcetype>"
            f"<displayname>{label}</displayname></prop></set></mkcol>"
        )
        await self._send("MKCOL", f"{HOME}/{name}/", body, "application/xml")

    async def write(self, name: str, text: str) -> None:
        """Write a card into the book `stadt`."""
        await self._send("PUT", f"{HOME}/stadt/{name}.vcf", text, "text/vcard")

    async def erase(self, name: str) -> None:
        """Delete a card."""
        await self._send("DELETE", f"{HOME}/stadt/{name}.vcf", "", "text/vcard")

    async def _send(self, method: str, path: str, body: str, kind: str) -> None:
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                method, self.url.rstrip("/") + path, data=body.encode(), headers={"Content-Type": kind}
            ) as response,
        ):
            assert response.status in {200, 201, 204}, await response.text()


@asynccontextmanager
async def xandikos(folder: Path) -> AsyncIterator[Xandikos]:
    """Start one on a free port, with its files in `folder`, and end it."""
    port = free_tcp()
    command = [
        sys.executable,
        "-m",
        "xandikos",
        "serve",
        "-d",
        str(folder / "data"),
        "--state-dir",
        str(folder / "state"),
    ]
    command += ["-l", "127.0.0.1", "-p", str(port), "--current-user-principal", "/bridge/", "--defaults"]
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log)
    try:
        await _answers(port)
        yield Xandikos(port)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _answers(port: int) -> None:
    async with asyncio.timeout(READY_WITHIN):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            await writer.wait_closed()
            return

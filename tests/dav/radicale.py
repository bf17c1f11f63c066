"""Radicale as a process of its own: a groupware with one account for the bridge and some for people."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from ami_bridge.demo.ports import free_tcp

READY_WITHIN = 30.0


def vcard(name: str, *tels: str, uid: str = "", more: str = "") -> str:
    """Write a plain card."""
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"UID:{uid or name}", f"FN:{name}", f"N:{name};;;;"]
    lines += [f"TEL;TYPE=WORK:{tel}" for tel in tels]
    return "\r\n".join([*lines, *more.splitlines(), "END:VCARD", ""])


@dataclass
class Radicale:
    """A running Radicale, and what people do in it."""

    port: int
    process: asyncio.subprocess.Process
    user: str = "bridge"
    password: str = "secret"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    async def make_book(self, name: str, label: str) -> str:
        """Make an address book; returns its path."""
        body = (
            '<?xml version="1.0"?><mkcol xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><set><prop>'
            "<resourcetype><collection/><C:addressbook/></resourcetype>"
            f"<displayname>{label}</displayname></prop></set></mkcol>"
        )
        await self._send("MKCOL", f"/{self.user}/{name}/", body)
        return f"/{self.user}/{name}/"

    async def put(self, path: str, text: str) -> None:
        """Write a card."""
        await self._send("PUT", path, text)

    async def delete(self, path: str) -> None:
        """Delete a card or a book."""
        await self._send("DELETE", path, "")

    async def stop(self) -> None:
        """End it, as a machine that is switched off."""
        await _end(self.process)

    async def _send(self, method: str, path: str, body: str) -> None:
        auth = aiohttp.encode_basic_auth(self.user, self.password)
        headers = {"Authorization": auth, "Content-Type": "text/vcard" if method == "PUT" else "application/xml"}
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self.url.rstrip("/") + path, data=body.encode(), headers=headers) as response,
        ):
            assert response.status in {200, 201, 204}, await response.text()


@asynccontextmanager
async def radicale(folder: Path) -> AsyncIterator[Radicale]:
    """Start one on a free port, with its files in `folder`, and end it."""
    port = free_tcp()
    config = _write_files(folder, port)
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "radicale", "--config", str(config), stdout=log, stderr=log
        )
    try:
        await _answers(port)
        yield Radicale(port, process)
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()


def _write_files(folder: Path, port: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "users").write_text("bridge:secret\nanna:annas password\n", encoding="utf-8")
    config = folder / "config"
    config.write_text(
        f"[server]\nhosts = 127.0.0.1:{port}\n"
        f"[auth]\ntype = htpasswd\nhtpasswd_filename = {folder / 'users'}\nhtpasswd_encryption = plain\ndelay = 0\n"
        f"[storage]\nfilesystem_folder = {folder / 'collections'}\n"
        "[rights]\ntype = owner_only\n[logging]\nlevel = error\n",
        encoding="utf-8",
    )
    return config


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

"""Many people at one telephone, each with a token and a session of their own, in front of the real daemon."""

import asyncio
import base64
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
from msgspec import Struct

from ami_bridge.demo.addresses import card
from ami_bridge.demo.pbx import Pbx
from ami_bridge.demo.processes import Process
from ami_bridge.desktop import local
from ami_bridge.desktop.client import Token
from ami_bridge.desktop.session import session
from ami_bridge.desktop.settings import Settings
from tests.desktop.processes import CLIENT, a_client, write_settings
from tests.fakes.notifications import Desktop, Shown, a_bus, a_desktop
from tests.real.house import SOON, House

AT_ONCE = 10


class Crowd(Struct):
    """Who sits there, and what is on their screens."""

    house: House
    people: int
    desktops: Sequence[Desktop]
    """The first is that of all the sessions in this process, the others are of a process each."""
    last: str
    """Whose session the last process is."""

    def screens(self) -> list[Shown]:
        """Return everything that is on any screen."""
        return [shown for desktop in self.desktops for shown in desktop.on_screen.values()]

    async def everybody_sees(self, summary: str, within: float = 2 * SOON) -> list[Shown]:
        """Wait until each has one bubble, and all say this."""
        try:
            async with asyncio.timeout(within):
                while len(found := [one for one in self.screens() if summary in one.summary]) < self.people:
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"{len(found)} of {self.people} see {summary!r}") from None
        assert len(self.screens()) == len(found) == self.people, "nobody has two"
        return found

    async def nobody_sees(self, beginning: str) -> None:
        """Wait until no bubble says this."""
        async with asyncio.timeout(SOON):
            while any(one.summary.startswith(beginning) for one in self.screens()):
                await asyncio.sleep(0.02)

    async def all_connected(self, within: float = 3 * SOON) -> None:
        """Wait until the daemon has said hello to everybody."""
        async with asyncio.timeout(within):
            while await self.clients() < self.people:
                await asyncio.sleep(0.05)

    async def connected(self, people: int, within: float) -> None:
        """Wait until just so many are left."""
        async with asyncio.timeout(within):
            while await self.clients() != people:
                await asyncio.sleep(0.01)

    async def clients(self) -> float:
        """Return how many the daemon has."""
        try:
            async with self.house.session.get(f"{self.house.web}/metrics") as answer:
                text = await answer.text()
        except aiohttp.ClientError:
            return 0
        return next((float(line.split()[1]) for line in text.splitlines() if line.startswith("ami_bridge_ws_cl")), 0)


@asynccontextmanager
async def a_crowd(house: House, number: str, *, inside: int, processes: int) -> AsyncIterator[Crowd]:
    """Have so many people sit at the telephone with this number, in sessions of this process and in processes."""
    logins = [f"crowd{place:03}" for place in range(inside + processes)]
    async with hired(house, logins, number), AsyncExitStack() as stack:
        tokens = await made_tokens(house, logins)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="amib-")))
        bus = await stack.enter_async_context(a_bus())
        desktops = [await stack.enter_async_context(a_desktop(bus))]
        over = asyncio.Event()
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        stack.callback(over.set)
        for login in logins[:inside]:
            at = folder / "ami-bridge" / f"{login}.sock"
            stack.enter_context(local.only_one(at))
            settings = Settings(url=house.web, language="de")
            tasks.create_task(
                session(
                    settings, token=giving(tokens[login]), at=at, over=over, bus_address=bus, alone=False, say=quiet
                )
            )
        for login in logins[inside:]:
            desktop, _ = await stack.enter_async_context(a_process(folder / login, house.web, tokens[login]))
            desktops.append(desktop)
        crowd = Crowd(house, len(logins), desktops, logins[-1])
        await crowd.all_connected()
        yield crowd


@asynccontextmanager
async def a_process(
    home: Path, url: str, token: str, argv: Sequence[str] = CLIENT
) -> AsyncIterator[tuple[Desktop, Process]]:
    """Have a client as a process with a desktop of its own."""
    env = write_settings(home, url=url, token=token)
    async with a_bus() as bus, a_desktop(bus) as desktop:
        env |= {"DBUS_SESSION_BUS_ADDRESS": bus, "XDG_RUNTIME_DIR": str(home), "HOME": str(home)}
        async with a_client(env, home / "log", argv) as client:
            yield desktop, client


def quiet(_text: str) -> None:
    """Say nothing: that the daemon is away is what is wanted."""


def giving(token: str) -> Token:
    async def give(_refused: str | None) -> str | None:
        return token

    return give


@asynccontextmanager
async def rings_long(pbx: Pbx, extension: str) -> AsyncIterator[None]:
    """Let a telephone ring for two minutes, where the tests' Asterisk gives up after seconds."""
    said = await pbx.cli(f"dialplan add extension {extension},1,Dial(PJSIP/{extension},120) into ring-phone")
    assert "added" in said, said
    try:
        yield
    finally:
        await pbx.cli("channel request hangup all")
        await pbx.cli(f"dialplan remove extension {extension}@ring-phone")


@asynccontextmanager
async def hired(house: House, logins: Sequence[str], number: str) -> AsyncIterator[None]:
    """Have people in the staff book while the block lasts, and known to the daemon."""
    secret = base64.b64encode(f"{house.groupware.user}:{house.groupware.password}".encode()).decode()

    async def each(method: str, login: str) -> None:
        text = card(f"staff-{login}", login, [("WORK,VOICE", number)], more=(f"X-AMI-BRIDGE-USER:{login}",)).text
        async with house.session.request(
            method,
            f"{house.groupware.staff_book}staff-{login}.vcf",
            data=text if method == "PUT" else None,
            headers={"Content-Type": "text/vcard", "Authorization": f"Basic {secret}"},
        ) as answer:
            assert answer.ok, await answer.text()

    async def all_(method: str) -> None:
        for login in logins:
            await each(method, login)
        code, said = await house.command("sync", "--config", str(house.folder / "config.toml"))
        assert code == 0, said

    await all_("PUT")
    try:
        yield
    finally:
        await all_("DELETE")


async def made_tokens(house: House, logins: Sequence[str]) -> dict[str, str]:
    """Make everybody's token, as an administrator would, over the control socket."""
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(login: str) -> str:
        async with limit:
            wish = {"login": login, "name": "desktop", "scopes": ["events", "dial"]}
            return str((await house.ask("POST", "/tokens", wish))["token"])

    return dict(zip(logins, await asyncio.gather(*map(one, logins)), strict=True))

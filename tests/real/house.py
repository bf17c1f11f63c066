"""The whole product as one runs it: Asterisk, groupware and the daemon as a process; clients of the tests."""

import asyncio
import json
import os
import secrets
import sqlite3
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
from playwright.async_api import Browser, async_playwright

from ami_bridge import wire
from ami_bridge.config import control_socket
from ami_bridge.config_file import load
from ami_bridge.demo.alarms import secret_files
from ami_bridge.demo.groupware import Radicale
from ami_bridge.demo.hall import CONFIG
from ami_bridge.demo.pbx import Pbx
from ami_bridge.demo.ports import LOCAL
from ami_bridge.demo.processes import Process, caller
from ami_bridge.demo.town import BRIDGE_USER, PEOPLE, PREFIX
from ami_bridge.errors import BridgeError
from ami_bridge.web.control import ask
from tests.page.conftest import FLAGS
from tests.real.schema import must_fit

SOON = 10.0
SOAK = bool(os.environ.get("AMI_BRIDGE_SOAK"))
"""Whether the long forms of the tests are wanted (`make soak`)."""


DIALLING = """
[dialling]
per_person = { minute = 1000, day = 10000 }
in_total = { minute = 1000, day = 10000 }
ring_seconds = 5
auto_answer = { "PJSIP/105" = "snom" }
pages = ["http://localhost:1"]
"""
"""More than anybody should do, for tests dial all day."""


class House:
    """One town hall; the daemon can be killed, frozen and started again."""

    def __init__(self, pbx: Pbx, groupware: Radicale, folder: Path) -> None:
        self.pbx = pbx
        self.groupware = groupware
        self.folder = folder
        self.daemon: Process
        self.tokens: dict[str, str] = {}
        self.session: aiohttp.ClientSession
        self.env: dict[str, str] = {}
        """What the daemon's environment has besides ours."""
        self._browsers = AsyncExitStack()
        self._browser: Browser | None = None

    @property
    def web(self) -> str:
        return f"http://{LOCAL}:{self.pbx.ports.web}"

    async def browser(self) -> Browser:
        """The house's own, started when first asked for: each start costs a test some seconds."""
        if self._browser is None:
            playwright = await self._browsers.enter_async_context(async_playwright())
            self._browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
            self._browsers.push_async_callback(self._browser.close)
        return self._browser

    async def close(self) -> None:
        await self._browsers.aclose()

    def write(self, *, secret: str | None = None, dialling: str = DIALLING, alarms: str = "") -> None:
        """Write the daemon's configuration."""
        self.folder.mkdir(parents=True, exist_ok=True)
        texts = {
            "ami.secret": secret or self.pbx.secrets.ami,
            "pbx.secret": self.pbx.secrets.questions,
            "groupware.password": self.pbx.secrets.groupware,
            "vault.key": self.pbx.secrets.vault,
            **secret_files(self.pbx.secrets),
            "config.toml": CONFIG.format(
                prefix=PREFIX,
                local=LOCAL,
                ports=self.pbx.ports,
                data=self.folder,
                names=self.pbx.names_folder,
                recordings=self.pbx.recordings_folder,
                groupware=self.groupware.url,
                user=BRIDGE_USER,
                roles="\n".join(f"{one.user} = {json.dumps([*one.roles])}" for one in PEOPLE),
                alarms=alarms,
            )
            + dialling,
        }
        for name, text in texts.items():
            (self.folder / name).write_text(text, encoding="utf-8")
        caller().give(self.folder)

    async def start(self) -> None:
        """Start the daemon and wait until it can work."""
        await self.start_only()
        await self.until_ready()

    async def start_only(self) -> None:
        self.daemon = await Process.start(
            [sys.executable, "-m", "ami_bridge", "run", "--config", str(self.folder / "config.toml")],
            name="daemon",
            account=caller(),
            output=self.folder / "log",
            env={**os.environ, **self.env},
        )

    async def until_ready(self, within: float = 6 * SOON) -> None:
        """Wait for all checks; `names` needs the first look at the address books."""
        async with asyncio.timeout(within):
            while self.daemon.running:
                try:
                    async with self.session.get(f"{self.web}/readyz") as answer:
                        if answer.ok:
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.02)
        raise AssertionError((self.folder / "log").read_text()[-3000:])

    async def command(self, *words: str, stdin: str = "") -> tuple[int, str]:
        """Run `ami-bridge …`; return its exit code and all it said."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "ami_bridge", *words,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        async with asyncio.timeout(30):
            said, _ = await process.communicate(stdin.encode())
        return process.returncode or 0, said.decode()

    async def ask(
        self, method: str, route: str, body: object = None, *, query: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """Ask the daemon over its control socket, as the command line does."""
        return await ask(control_socket(load(self.folder / "config.toml")), method, route, body, query=query)

    async def make_tokens(self) -> None:
        """Give each person a token, as `ami-bridge token new` does."""
        async with asyncio.timeout(6 * SOON):  # the staff book may not be read yet
            for person in PEOPLE:
                wish = {"login": person.user, "name": "token", "scopes": ["events", "dial", "rooms", "alarms"]}
                while person.user not in self.tokens:
                    try:
                        self.tokens[person.user] = (await self.ask("POST", "/tokens", wish))["token"]
                    except BridgeError:
                        await asyncio.sleep(0.1)

    async def add_book(self, user: str) -> None:
        """Have somebody's own address books read, as an administrator would, and wait until they are."""
        config = str(self.folder / "config.toml")
        code, said = await self.command(
            "book", "add", user, "--config", config, stdin=f"{self.pbx.secrets.passwords[user]}\n"
        )
        assert code == 0, said
        async with asyncio.timeout(SOON):
            while (await self.rest(user, "GET", "/books/private"))[1]["books"] is None:
                await asyncio.sleep(0.1)

    async def rest(
        self, user: str, method: str, path: str, body: object = None, *, key: str = ""
    ) -> tuple[int, dict[str, Any]]:
        """Ask over HTTP as this person."""
        headers = {"Authorization": f"Bearer {self.tokens[user]}"} | ({"Idempotency-Key": key} if key else {})
        async with self.session.request(method, f"{self.web}/api/v1{path}", headers=headers, json=body) as response:
            text = await response.text()
            return response.status, json.loads(text) if text else {}

    @asynccontextmanager
    async def listen(self, user: str, **hello: Any) -> AsyncIterator["Listener"]:  # noqa: ANN401 - any JSON
        """Be a client of this person."""
        socket = await self.session.ws_connect(
            f"{self.web}/api/v1/ws",
            protocols=(wire.PROTOCOL,),
            headers={"Authorization": f"Bearer {self.tokens[user]}"},
        )
        async with socket, Listener(socket) as listener:
            await socket.send_str(json.dumps({"type": "hello", **hello}))
            await listener.until(lambda one: one["type"] == "welcome")
            yield listener

    async def dial(self, user: str, to: str, *, key: str = "", **more: Any) -> tuple[int, dict[str, Any]]:  # noqa: ANN401 - any JSON
        """Dial over HTTP as this person."""
        return await self.rest(user, "POST", "/calls", {"to": to, **more}, key=key or secrets.token_hex(8))

    async def calls(self, user: str) -> list[dict[str, Any]]:
        """The person's live calls by REST."""
        headers = {"Authorization": f"Bearer {self.tokens[user]}"}
        async with self.session.get(f"{self.web}/api/v1/calls", headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            found: list[dict[str, Any]] = (await answer.json())["calls"]
            return found

    def journal(self) -> list[dict[str, Any]]:
        """All finished calls that were kept, oldest first; read beside the daemon."""
        with sqlite3.connect(f"file:{self.folder}/bridge.sqlite?mode=ro", uri=True) as database:
            database.row_factory = sqlite3.Row
            rows = [dict(row) for row in database.execute("SELECT * FROM journal ORDER BY started_at, id")]
        database.close()
        for row in rows:
            for name in ("started_at", "answered_at", "ended_at"):
                row[name] = datetime.fromisoformat(row[name]).timestamp() if row[name] else None
        return rows


class Listener:
    """A websocket client that remembers everything it got, each with the time, each fitting the contract."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.heard: list[dict[str, Any]] = []
        self.times: list[float] = []
        self._news = asyncio.Condition()
        self._asked = 0

    async def __aenter__(self) -> Self:
        self._task = asyncio.get_running_loop().create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _read(self) -> None:
        import time  # noqa: PLC0415

        async for message in self.socket:
            heard = json.loads(message.data)
            must_fit(heard)
            self.times.append(time.time())
            self.heard.append(heard)
            async with self._news:
                self._news.notify_all()

    async def until(self, fits: Any, *, after: int = 0, within: float = SOON) -> int:  # noqa: ANN401 - a predicate
        """Wait for a message; return its place in `heard`."""
        async with asyncio.timeout(within), self._news:
            place = after
            while True:
                while place < len(self.heard):
                    if fits(self.heard[place]):
                        return place
                    place += 1
                await self._news.wait()

    async def closed(self, within: float = SOON) -> int:
        """Wait until the daemon has sent this client away; return the close code."""
        async with asyncio.timeout(within):
            await self._task
        return self.socket.close_code or 0

    async def call(self, state: str, *, after: int = 0, within: float = SOON) -> dict[str, Any]:
        """Wait for a call in this state."""
        place = await self.until(
            lambda one: one["type"] == "event" and one.get("call", {}).get("state") == state, after=after, within=within
        )
        found: dict[str, Any] = self.heard[place]["call"]
        return found

    async def ask(self, op: str, key: str | None = None, **params: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        """Ask for an operation; return the answer."""
        self._asked += 1
        id_, start = f"ask-{self._asked}", len(self.heard)
        await self.socket.send_str(
            json.dumps({"type": "request", "id": id_, "op": op, "params": params, **({"key": key} if key else {})})
        )
        place = await self.until(
            lambda one: one["type"] == "response" and one["id"] == id_, after=start, within=3 * SOON
        )
        return self.heard[place]

    def calls(self) -> list[dict[str, Any]]:
        """All calls told so far."""
        return [one["call"] for one in self.heard if one["type"] == "event" and "call" in one]


@asynccontextmanager
async def a_house(
    pbx: Pbx,
    folder: Path,
    *,
    alarms: str = "",
    changed: Callable[[str], str] = lambda text: text,
    prepare: Callable[[House], Awaitable[None]] | None = None,
) -> AsyncIterator[House]:
    """Open the town hall in front of this Asterisk; `changed` is asked for another configuration.

    `prepare` is called before the daemon starts, when the groupware is there.
    """
    groupware = Radicale(folder=folder / "groupware", port=pbx.ports.groupware, secrets=pbx.secrets)
    async with groupware, aiohttp.ClientSession() as session:
        house = House(pbx, groupware, folder / "daemon")
        house.session = session
        house.write(alarms=alarms)
        config = house.folder / "config.toml"
        config.write_text(changed(config.read_text(encoding="utf-8")), encoding="utf-8")
        if prepare is not None:
            await prepare(house)
        await house.start_only()
        try:
            await house.until_ready()
            await house.make_tokens()
            yield house
        finally:
            await house.close()
            await house.daemon.stop()

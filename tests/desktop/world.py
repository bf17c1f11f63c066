"""A daemon whose calls the test makes up: the real websocket and hub, without a PBX; and sessions in front of it."""

import asyncio
import ssl
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from aiohttp import web

from ami_bridge import wire
from ami_bridge.desktop import local
from ami_bridge.desktop.session import session
from ami_bridge.desktop.settings import Settings
from ami_bridge.errors import BridgeError, UnauthorisedError
from ami_bridge.web.hub import Hub
from ami_bridge.web.identity import Identity
from ami_bridge.web.ops import Asked, Op, Ops
from ami_bridge.web.problem import problems
from ami_bridge.web.socket import Sockets
from tests.fakes.notifications import XFCE, Desktop, Personality, a_bus_process, a_desktop

VERBS = ("answer", "reject", "redirect", "hangup", "fetch", "originate")
ERIKA = wire.Peer(
    number="+493023125001",
    display="030 23125001",
    name="Erika Mustermann",
    org="Stadtwerke Musterhausen",
    link="https://gruppe.example.org/kontakt/7",
)


def utc() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the client runs on real time


def call(number: int = 1, **different: object) -> wire.Call:
    """One call; what is not said is a citizen ringing at the office."""
    said: dict[str, Any] = {
        "id": f"CALL{number}",
        "pbx": "rathaus",
        "rev": 1,
        "state": "ringing",
        "direction": "in",
        "role": "callee",
        "since": utc(),
        "peer": ERIKA,
        "line": wire.Line(exten="000", label="Bürgerbüro"),
        "extension": "101",
        "actions": ("reject",),
    }
    return wire.Call(**(said | different))


def alarm(number: int = 1, **different: object) -> wire.Alarm:
    """One alarm; what is not said is a gas engine that stands still."""
    said: dict[str, Any] = {
        "id": f"ALARM{number}",
        "rev": 1,
        "source": "sewage-plant",
        "plant": "Kläranlage",
        "point": "BHKW 1",
        "text": "Gasmotor steht",
        "priority": 1,
        "alarm_class": "machine",
        "state": "unacknowledged",
        "active": True,
        "raised_at": utc(),
        "actions": ("take-over", "acknowledge"),
    }
    return wire.Alarm(**(said | different))


class Daemon:
    """The daemon as its clients meet it; it can be stopped and started again on the same port."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.port = 0
        self._tls = tls
        self.calls: dict[str, list[wire.Call]] = {}
        self.alarms: dict[str, wire.Alarm] | None = None
        """None: nobody here looks after plants."""
        self.may: tuple[str, ...] = ("originate", "reject")
        self.done: list[tuple[str, str, dict[str, Any], str | None]] = []
        """Who had what done, with what, and with which key."""
        self.refuses: BridgeError | None = None
        self.tokens = {"anna": "anna"}
        self.connections = 0
        self.hub: Hub
        self._starts = 0
        self._stack = AsyncExitStack()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._starts += 1
        self.hub = Hub(epoch=f"EPOCH{self._starts}", now=utc)
        ops = {f"call.{verb}": Op("events", self._doing(f"call.{verb}")) for verb in VERBS}
        ops["alarm.take-over"] = Op("events", self._doing("alarm.take-over"))
        sockets = Sockets(hub=self.hub, guard=self, desk=self, topics=self, ops=Ops(ops), now=utc)
        app = web.Application(middlewares=[problems])
        app.router.add_get("/api/v1/ws", sockets.handle)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self.port, reuse_address=True, ssl_context=self._tls)
        await site.start()
        self.port = runner.addresses[0][1]
        handing = asyncio.get_running_loop().create_task(self.hub.run())
        self._stack.push_async_callback(runner.cleanup)
        self._stack.callback(handing.cancel)

    async def stop(self) -> None:
        self.hub.close(code=1001, reason="going away")
        await self._stack.aclose()

    # What happens

    def tells(self, one: wire.Call, login: str = "anna") -> None:
        """Let a call be as said, and tell."""
        others = [call for call in self.calls.get(login, []) if (call.id, call.extension) != (one.id, one.extension)]
        self.calls[login] = others if one.state == "ended" else [*others, one]
        key = f"{one.id} {one.extension}"
        self.hub.publish("calls.self", "call.changed", "call", one, key=key, login=login)

    def tells_of_alarm(self, one: wire.Alarm) -> None:
        """Let an alarm be as said, and tell."""
        assert self.alarms is not None
        self.alarms[one.id] = one
        self.hub.publish("alarms", "alarm.changed", "alarm", one, key=f"alarm {one.id}", login="anna")

    def bridge_is(self, ami: Literal["up", "down"]) -> None:
        """Tell that the PBX can be reached or not."""
        bridge = wire.Bridge(pbx="rathaus", ami=ami, since=utc())
        self.hub.publish("bridge", "bridge.changed", "bridge", bridge, key="bridge")

    def cut(self) -> None:
        """Cut all connections without a word."""
        for link in self.hub.links():
            link._request.transport.abort()  # type: ignore[attr-defined]

    async def until_followed(self, clients: int = 1) -> None:
        async with asyncio.timeout(10):
            while len(self.hub.links()) != clients:
                await asyncio.sleep(0.005)

    # What it is asked

    async def identify(self, request: web.Request) -> Identity:
        word = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if word not in self.tokens:
            raise UnauthorisedError("Nobody is signed in.")
        self.connections += 1
        login = self.tokens[word]
        return Identity(
            login=login, credential=f"token:{word}", scopes=frozenset({"events"}), expires=utc() + timedelta(days=9)
        )

    def user(self, login: str) -> wire.User | None:
        return wire.User(login=login, name=login.title(), extensions=("101", "102"))

    def may_follow(self, login: str, topic: str) -> bool:  # noqa: ARG002
        return topic == "calls.self" or (topic == "alarms" and self.alarms is not None)

    def capabilities(self, login: str) -> Sequence[str]:  # noqa: ARG002
        return self.may

    def snapshot(self, login: str, topic: str, *, seq: int) -> wire.Snapshot:
        if topic == "bridge":
            bridge = wire.Bridge(pbx="rathaus", ami="up", since=utc())
            return wire.Snapshot(topic=topic, seq=seq, prev=seq, bridges=(bridge,))
        if topic == "alarms":
            return wire.Snapshot(topic=topic, seq=seq, prev=seq, alarms=tuple((self.alarms or {}).values()))
        return wire.Snapshot(topic=topic, seq=seq, prev=seq, calls=tuple(self.calls.get(login, ())))

    def _doing(self, op: str) -> Any:  # noqa: ANN401 - a coroutine function
        async def do(asked: Asked) -> dict[str, object]:
            self.done.append((asked.login, op, dict(asked.params), asked.key))
            if self.refuses is not None:
                raise self.refuses
            return {"call": asked.params.get("call", "NEW")}

        return do


class World:
    """A daemon, a desktop and one person's session."""

    def __init__(
        self, daemon: Daemon, desktop: Desktop, bus: str, folder: Path, process: asyncio.subprocess.Process
    ) -> None:
        self.daemon = daemon
        self.desktop = desktop
        self.bus = bus
        self.folder = folder
        self._process = process
        self.said: list[str] = []
        self.token: str | None = "anna"
        self.over = asyncio.Event()

    @property
    def at(self) -> Path:
        return self.folder / "ami-bridge" / ":7.sock"

    async def end_session(self) -> None:
        """End the D-Bus, as logging out does."""
        self._process.terminate()
        await self._process.wait()

    @asynccontextmanager
    async def session(self, *, name: str = ":7", alone: bool = True, **set_: Any) -> AsyncIterator[asyncio.Event]:  # noqa: ANN401
        """Sit at a screen while the block lasts."""
        over = asyncio.Event()
        settings = Settings(url=self.daemon.url, **({"language": "de"} | set_))
        at = self.at.with_name(f"{name}.sock")
        with local.only_one(at):
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(
                    session(
                        settings,
                        token=self._token,
                        at=at,
                        over=over,
                        say=self.said.append,
                        bus_address=self.bus,
                        alone=alone,
                    )
                )
                yield over
                over.set()

    async def _token(self, _refused: str | None) -> str | None:
        return self.token


@asynccontextmanager
async def a_world(personality: Personality = XFCE) -> AsyncIterator[World]:
    daemon = Daemon()
    await daemon.start()
    with tempfile.TemporaryDirectory(prefix="amib-") as folder:
        async with a_bus_process() as (bus, process), a_desktop(bus, personality) as desktop:
            yield World(daemon, desktop, bus, Path(folder), process)
    await daemon.stop()

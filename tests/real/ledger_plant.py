"""A plant whose daemon, Asterisk, broker, database and networks fail at random, for the test with the ledger."""

import asyncio
import json
import random
import re
import shutil
import signal
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg

from ami_bridge.db.database import migrate
from ami_bridge.demo.pbx import Pbx
from ami_bridge.demo.ports import free, free_tcp
from tests.alarms.sources.broker import Broker, broker
from tests.contract.postgres import Postgres
from tests.real.conftest import HOME, RING_SECONDS, _say
from tests.real.crew import Kind, a_crew
from tests.real.crowd import hired
from tests.real.house import House, a_house
from tests.real.ledger import SUSPECT, Ledger, Publisher, Rows, Webhook
from tests.real.ledger_staff import Staff
from tests.real.wires import Wire, a_wire

PEOPLE = {f"p{n:02}": str(200 + n) for n in range(1, 19)}
FLOODED = ("p17", "p18")
"""Who takes over what the floods are about; all others what calls for itself."""
AWAY = {"away": "291", "gone": "292"}
KINDS: Mapping[str, Kind] = {**dict.fromkeys(PEOPLE.values(), "person"), "291": "gone", "292": "off"}
CONFIG = """
[alarms]
media_dir = "{media}"
everyone = ["away"]
last_resort = ["gone"]
ring_seconds = 5
max_interval = 60
[alarms.numbers]
{numbers}
{ladders}
[[source]]
name = "each"
label = "Kläranlage"
token = "{token}-each"
class = "p01"
classes = {classes}
limit.count = 1000000
[[source]]
name = "flood"
label = "Leitwarte"
token = "{token}-flood"
class = "{flooded[0]}"
[[source]]
name = "tank"
label = "Regenbecken"
kind = "mqtt"
class = "{flooded[1]}"
mqtt = {{ url = "mqtt://127.0.0.1:{mqtt}", topic = "plant/#" }}
"""
LADDER = """
[[alarm_class]]
name = "{first}"
ladder = "{first}"
sound = "pump"
[[ladder]]
name = "{first}"
repeat = 15
[[ladder.steps]]
who = ["{first}"]
[[ladder.steps]]
who = ["{second}"]
after = 25
"""


@dataclass
class Plant:
    """Everything that is there, with what can be done to it."""

    house: House
    staff: Staff
    broker: Broker
    ledger: Ledger
    rows: Rows
    wires: dict[str, Wire]
    chance: random.Random
    postgres: Postgres | None
    publisher: Publisher
    webhooks: dict[str, Webhook]
    done: Counter[str] = field(default_factory=Counter)
    own_ends: int = 0
    """How often the daemon has ended by itself, which it never does."""

    def deeds(self) -> dict[str, Callable[[], Awaitable[None]]]:
        found: dict[str, Callable[[], Awaitable[None]]] = {
            "daemon killed": self._daemon,
            "daemon frozen": self._frozen,
            "Asterisk killed": self._asterisk,
            "broker killed": self._broker,
        }
        if self.postgres is not None:
            found["database killed"] = self._database
        for name, wire in self.wires.items():
            found[f"{name} cut"] = partial(self._for_a_while, wire.cut, 3)
            found[f"{name} silent"] = partial(self._for_a_while, wire.silent, 8)
        return found

    async def torment(self, seconds: float, pause: float) -> None:
        """Do one thing after the other, at times two at once; each kind, before one comes again, and at least once."""
        end = time.monotonic() + seconds
        deeds, bag = self.deeds(), list[str]()
        while time.monotonic() < end or len(self.done) < len(deeds):
            at_once = 2 if self.chance.random() < 0.3 else 1
            bag += self.chance.sample(sorted(deeds), len(deeds)) if len(bag) < at_once else []
            now = [bag.pop(0) for _ in range(at_once)]
            self.done.update(now)
            await asyncio.gather(*(deeds[name]() for name in dict.fromkeys(now)))
            await asyncio.sleep(self._moment(pause))

    async def watch(self) -> None:
        """Start the daemon again if it ends by itself, and count that."""
        while True:
            await asyncio.sleep(0.5)
            if not self.house.daemon.running and not self._killing:
                self.own_ends += 1
                await self.house.start_only()

    _killing = False

    async def _for_a_while(self, fail: Callable[[float], Awaitable[None]], most: float) -> None:
        await fail(self._moment(most))

    async def _daemon(self) -> None:
        self._killing = True
        await self.house.daemon.kill()
        await asyncio.sleep(self._moment(1))
        await self.house.start_only()
        self._killing = False

    async def _frozen(self) -> None:
        daemon = self.house.daemon
        daemon.signal(signal.SIGSTOP)
        await asyncio.sleep(self._moment(6))
        daemon.signal(signal.SIGCONT)

    async def _asterisk(self) -> None:
        await self.house.pbx.kill()
        self.staff.cut_off()
        await asyncio.sleep(self._moment(1))
        await self.house.pbx.start()

    async def _broker(self) -> None:
        await self.broker.kill()
        for line, state in self.ledger.doubt(time.monotonic() - SUSPECT, self.publisher.name):
            self.publisher.report(line, state)
        await asyncio.sleep(self._moment(2))
        await self.broker.start()

    async def _database(self) -> None:
        assert self.postgres is not None
        await asyncio.to_thread(self.postgres.kill)
        await asyncio.sleep(self._moment(2))
        await asyncio.to_thread(self.postgres.run)

    def _moment(self, most: float) -> float:
        return self.chance.uniform(0.1, most)


@asynccontextmanager
async def a_database(kind: str, folder: Path) -> AsyncIterator[tuple[Rows, Postgres | None, str]]:
    """Have one, the way to ask it past the daemon, and what to write into the configuration; empty: as it stands."""
    if kind == "sqlite":
        yield lambda query: _sqlite(folder / "house/daemon/bridge.sqlite", query), None, ""
        return
    with tempfile.TemporaryDirectory(prefix="amib-") as place:
        postgres = Postgres(Path(place))
        await asyncio.to_thread(postgres.start)
        try:
            url = postgres.new_database("ledger")
            await migrate(url)
            yield lambda query: _postgres(url, query), postgres, url
        finally:
            postgres.stop()


async def _sqlite(path: Path, query: str) -> list[tuple[Any, ...]]:
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return database.execute(query).fetchall()
    finally:
        database.close()


async def _postgres(url: str, query: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(url, timeout=5)
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()


@asynccontextmanager
async def a_plant(kind: str, folder: Path, seed: int) -> AsyncIterator[Plant]:
    """Have all of it, with networks between the parts."""
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    async with AsyncExitStack() as stack:
        own = await stack.enter_async_context(
            Pbx(home=HOME, instance=f"ledger-{free_tcp()}", ports=free(), ring_seconds=RING_SECONDS, say=_say)
        )
        rows, postgres, url = await stack.enter_async_context(a_database(kind, folder))
        (folder / "broker").mkdir()
        mosquitto = await stack.enter_async_context(broker(folder / "broker"))
        ends = {"AMI": own.ports.ami, "HTTP": own.ports.web, "MQTT": mosquitto.port}
        ends |= {"SQL": postgres.port} if postgres is not None else {}
        wires = {name: await stack.enter_async_context(a_wire(port)) for name, port in ends.items()}

        mark(own)
        through = url.replace(f":{postgres.port}/", f":{wires['SQL'].port}/") if postgres is not None else ""

        def changed(config: str) -> str:
            config = config.replace(f"port = {own.ports.ami}\n", f"port = {wires['AMI'].port}\n")
            return re.sub(r'url = "sqlite:[^"]*"', f'url = "{through}"', config) if through else config

        token = f"{seed}-not-guessed-by-anybody"
        config = configured(own, token, wires["MQTT"].port)
        house = await stack.enter_async_context(a_house(own, folder / "house", alarms=config, changed=changed))
        await stack.enter_async_context(hired(house, [*PEOPLE, *AWAY], "030 23125000"))
        staff = Staff(KINDS, rows, chance)
        await stack.enter_async_context(a_crew(own, KINDS, staff.typing, staff))
        ledger = Ledger(folder / "ledger")
        publisher = Publisher(ledger, "tank", mosquitto.port)
        stack.push_async_callback(publisher.close)
        at = f"http://127.0.0.1:{wires['HTTP'].port}/api/v1/alarms"
        session = await stack.enter_async_context(aiohttp.ClientSession())
        hooks = {name: Webhook(ledger, name, at, f"{token}-{name}", session) for name in ("each", "flood")}
        yield Plant(house, staff, mosquitto, ledger, rows, wires, chance, postgres, publisher, hooks)
    shutil.rmtree(own.folder)


def mark(pbx: Pbx) -> None:
    """Have Asterisk show telephones for which attempt they ring."""
    dialplan = pbx.folder / "etc/alarms.conf"
    marks = "[alarm-header]\nexten => s,1,Set(PJSIP_HEADER(add,X-Attempt)=${AMIB_ATT})\n same => n,"
    text = dialplan.read_text(encoding="utf-8")
    dialplan.write_text(text.replace("[alarm-header]\nexten => s,1,", marks), encoding="utf-8")


def configured(pbx: Pbx, token: str, mqtt: int) -> str:
    """Each of the people has a class of alarms; who takes over where they decline is the next one."""
    logins = list(PEOPLE)
    ladders = [*zip(logins, [*logins[1:], logins[0]], strict=True), ("away", "gone")]
    return CONFIG.format(
        media=pbx.alarms_folder,
        numbers="\n".join(f'{login} = ["{number}"]' for login, number in {**PEOPLE, **AWAY}.items()),
        ladders="".join(LADDER.format(first=first, second=second) for first, second in ladders),
        classes=json.dumps([*logins, "away"]),
        token=token,
        flooded=FLOODED,
        mqtt=mqtt,
    )

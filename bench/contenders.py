"""Who reads the manager interface in the comparison; each in a process of its own: `python -m bench.contenders`."""

import argparse
import asyncio
import gc
import json
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from panoramisk import Manager
from panoramisk.message import Message as StockMessage

from ami_bridge.asterisk import translate
from ami_bridge.asterisk.link import AmiLink
from ami_bridge.asterisk.message import Message
from ami_bridge.asterisk.resync import Resync
from ami_bridge.asterisk.snapshot import Picture
from ami_bridge.calls.board import Board
from ami_bridge.calls.bubble import Bubbles
from ami_bridge.calls.desk import BRIDGE, OWN_CALLS, Desk
from ami_bridge.config import Pbx, Site
from ami_bridge.contacts.directory import Directory
from ami_bridge.demo.town import PEOPLE
from ami_bridge.dispatch import Dispatch
from ami_bridge.ids import new_id
from ami_bridge.journal.model import JournalRow
from ami_bridge.numbers import Numbers
from ami_bridge.people.model import People, Person
from ami_bridge.web.hub import Hub, News

END = b"\r\n\r\n"
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
FIELDS = ("Event", "Uniqueid", "Linkedid", "Channel")
"""What every reader reads of each wanted event, as an application would."""
PAGE = 4096


@dataclass(kw_only=True)
class Result:
    """What one contender did."""

    handled: int = 0
    """Wanted events that reached the end of the way."""
    read: int = 0
    """Characters in the fields that were read of them."""
    shown: int = 0
    """Messages in the outboxes of websockets."""
    left: int = 0
    """Calls and legs that are still in memory at the end."""
    cpu: float = 0.0
    look_every: int = 0
    """Wanted events between two looks at the memory; 0 looks never."""
    resident: list[int] = field(default_factory=list)
    """Bytes that this process had at each look."""
    blocks: list[int] = field(default_factory=list)
    """Pieces of memory that Python's objects had."""


Contender = Callable[[Pbx, Result, Callable[[], None]], Awaitable[None]]


async def plain_one_callback(pbx: Pbx, result: Result, ready: Callable[[], None]) -> None:
    """Run panoramisk 1.4 as it is, with one synchronous callback that gets all events and looks at their names."""

    def callback(_manager: Manager, event: StockMessage) -> None:
        name = event.event
        if name in translate.WANTED:
            result.read += len(name) + len(event.uniqueid) + len(event.linkedid) + len(event.channel)
            result.handled += 1

    await _plain(pbx, {"*": callback}, ready)


async def plain_by_name(pbx: Pbx, result: Result, ready: Callable[[], None]) -> None:
    """Run panoramisk 1.4 as its documentation shows, with a synchronous callback for each wanted name."""

    def callback(_manager: Manager, event: StockMessage) -> None:
        result.read += len(event.event) + len(event.uniqueid) + len(event.linkedid) + len(event.channel)
        result.handled += 1

    await _plain(pbx, dict.fromkeys(sorted(translate.WANTED), callback), ready)


async def _plain(
    pbx: Pbx, callbacks: dict[str, Callable[[Manager, StockMessage], None]], ready: Callable[[], None]
) -> None:
    over = asyncio.Event()
    manager = Manager(
        loop=asyncio.get_running_loop(),
        host=pbx.host,
        port=pbx.port,
        username=pbx.user,
        secret=pbx.secret,
        on_login=lambda _manager: ready(),
        on_disconnect=lambda _manager, _error: over.set(),
    )
    for pattern, callback in callbacks.items():
        manager.register_event(pattern, callback)
    await manager.connect()
    await over.wait()
    manager.close()


async def our_link(pbx: Pbx, result: Result, ready: Callable[[], None]) -> None:
    """Run our link, with the events that the daemon wants."""

    def receive(message: Message) -> None:
        get = message.get
        result.read += len(get("Event", "")) + len(get("Uniqueid", "")) + len(get("Linkedid", ""))
        result.read += len(get("Channel", ""))
        result.handled += 1

    async def connected() -> None:
        ready()

    await _until_lost(AmiLink(pbx, wanted=translate.WANTED), receive, connected)


class Outbox:
    """A client that reads: what a websocket would write is encoded and counted."""

    def __init__(self, login: str, result: Result) -> None:
        self.login = login
        self.credential = login
        self.topics = {OWN_CALLS: 0, BRIDGE: 0}
        self._result = result
        self._prev = 0
        self._frames: deque[str] = deque(maxlen=256)

    async def hand_on(self, news: News) -> None:
        """Take one piece of news."""
        self._frames.append(news.frame(self._prev))
        self._prev = news.seq
        self._result.shown += 1

    def close_soon(self, code: int, reason: str) -> None:
        """Never asked for here."""


class _NoDisk:
    """A journal that keeps nothing: the disk is not measured here."""

    def notice(self, row: JournalRow) -> None:
        """Take a finished call."""

    def reached(self, row: JournalRow) -> None:
        """Be told that somebody was reached."""

    def take_back(self, row: JournalRow) -> None:
        """Forget one."""


class _TellingDispatch(Dispatch):
    """Says when it is live."""

    live: Callable[[], None]

    def go_live(self, picture: Picture) -> int:
        """Take the snapshot."""
        changed = super().go_live(picture)
        self.live()
        return changed


@asynccontextmanager
async def make_daemon(
    pbx: Pbx, result: Result, *, live: Callable[[], None]
) -> AsyncIterator[tuple[AmiLink, Dispatch, Resync]]:
    """Put the daemon together as `app` does, from the link to the outboxes of five people's clients."""

    def now() -> datetime:
        # Recorded at some 20 events a second and played in no time: what is remembered for a minute is to be forgotten.
        return BEGAN + timedelta(milliseconds=50 * result.handled)

    numbers = Numbers(Site())
    people = People(
        Person(login=one.user, name=one.name, extensions=(one.extension,), department=one.department) for one in PEOPLE
    )
    directory = Directory(pbx.lines)
    directory.replace_people(people.all())
    hub = Hub(epoch=new_id(now()), now=now)
    board = Board(pbx.id, hints_context=pbx.hints, new_id=new_id)
    bubbles = Bubbles(numbers=numbers, names=directory, lines=pbx.lines)
    desk = Desk(board=board, bubbles=bubbles, people=people, hub=hub, journal=_NoDisk(), now=now)
    dispatch = _TellingDispatch(board=board, desk=desk, now=now)
    dispatch.live = live
    link = AmiLink(pbx, wanted=translate.WANTED)
    resync = Resync(pbx=pbx.id, hints_context=pbx.hints, link=link, listener=dispatch)
    handing_on = asyncio.get_running_loop().create_task(hub.run())
    for one in PEOPLE:
        hub._by_login[one.user] = {Outbox(one.user, result)}  # noqa: SLF001 - for good, without a `with` for each
    try:
        yield link, dispatch, resync
        await asyncio.sleep(0)  # the hub hands on the last news
    finally:
        handing_on.cancel()
        result.left = sum(board.counts())


async def whole_daemon(pbx: Pbx, result: Result, ready: Callable[[], None]) -> None:
    """Run everything from the socket to the outboxes of the websockets."""
    async with make_daemon(pbx, result, live=ready) as (link, dispatch, resync):
        handle, look_every = dispatch.handle, result.look_every
        loop = asyncio.get_running_loop()

        def receive(message: Message) -> None:
            handle(message)
            result.handled += 1
            if look_every and not result.handled % look_every:
                loop.call_soon(look, result)  # when nothing is half read

        await _until_lost(link, receive, resync.run)


async def splitter(pbx: Pbx, result: Result, ready: Callable[[], None]) -> None:
    """Cut at blank lines and count, no more: nobody in Python can read faster."""
    over = asyncio.Event()

    class Splitter(asyncio.Protocol):
        rest = b""
        logged_in = False

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.WriteTransport)
            transport.write(f"Action: Login\r\nUsername: {pbx.user}\r\nSecret: {pbx.secret}\r\n\r\n".encode())

        def data_received(self, data: bytes) -> None:
            *blocks, self.rest = (self.rest + data).split(END)
            if self.logged_in:
                result.handled += len(blocks)
            elif any(b"Authentication accepted" in block for block in blocks):
                self.logged_in = True
                ready()

        def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
            over.set()

    await asyncio.get_running_loop().create_connection(Splitter, pbx.host, pbx.port)
    await over.wait()


CONTENDERS: dict[str, Contender] = {
    "panoramisk, one callback": plain_one_callback,
    "panoramisk, by name": plain_by_name,
    "our link": our_link,
    "whole daemon": whole_daemon,
    "splitter (limit)": splitter,
}


async def _until_lost(
    link: AmiLink, receive: Callable[[Message], None], connected: Callable[[], Awaitable[None]]
) -> None:
    """Let the link run through one connection."""
    over = asyncio.Event()
    running = asyncio.get_running_loop().create_task(link.run(receive, connected=connected, lost=over.set))
    await over.wait()
    running.cancel()
    await asyncio.wait({running})


def look(result: Result) -> None:
    """Write down how much memory there is, without what only waits to be collected."""
    gc.collect()
    result.blocks.append(sys.getallocatedblocks())
    result.resident.append(int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE)


async def run(contender: Contender, pbx: Pbx, look_every: int) -> Result:
    """Let a contender read until the other side ends; its time counts from the login on."""
    result = Result(look_every=look_every)
    began = 0.0

    def ready() -> None:
        nonlocal began
        print("ready", flush=True)
        began = time.process_time()

    await contender(pbx, result, ready)
    result.cpu = time.process_time() - began
    return result


def main() -> None:
    """Run one contender and print what it did."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("contender", choices=CONTENDERS)
    parser.add_argument("port", type=int)
    parser.add_argument("secret")
    parser.add_argument("look_every", type=int)
    arguments = parser.parse_args()
    pbx = Pbx(id="bench", port=arguments.port, secret=arguments.secret)
    result = asyncio.run(run(CONTENDERS[arguments.contender], pbx, arguments.look_every))
    print(json.dumps(result.__dict__), flush=True)


if __name__ == "__main__":
    main()

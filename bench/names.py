"""How fast and small the address books are: import, reading back, questions, side by side with vobject and limits.

`python -m bench.names [contacts]` (or `make bench`) prints the figures and fails when a target is missed.
"""

import asyncio
import gc
import json
import random
import selectors
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
import vobject

from ami_bridge import config
from ami_bridge.contacts import vcard
from ami_bridge.contacts.directory import Directory
from ami_bridge.contacts.model import Card, Tel
from ami_bridge.contacts.pbx import NameQuestion
from ami_bridge.contacts.store import ContactStore
from ami_bridge.contacts.sync import Sync
from ami_bridge.dav import client as dav
from ami_bridge.dav.plan import Listing
from ami_bridge.db.database import open_database
from ami_bridge.numbers import Number, Numbers
from ami_bridge.people.model import People, Person
from ami_bridge.web.pbx import serve_pbx

CONTACTS = 100_000
JUDGED_BY_VOBJECT = 20
"""vobject reads one card of so many: all of them would take a minute."""
BATCH = 100
ROUNDS = 5
QUESTIONS = 3_000
ASKED_AT_ONCE = 10_000
PAGE_BYTES = 4096
LIMIT = 900.0
SITE = config.Site(area_code="9142", outside_line="0")
STREETS = ("Hauptstraße", "Bahnhofstraße", "Am Anger", "Gartenweg")
TEXT = (
    "BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:-//Bench//DE\r\nUID:{n}-addressbook-0a1b2c3d4e5f\r\nFN:{first} {last}\r\n"
    "N:{last};{first};;;\r\nORG:{org};Abteilung {n}\r\nTITLE:Sachbearbeitung\r\n"
    "ADR;TYPE=WORK:;;{street} {n};Musterstadt;Bayern;91781;Deutschland\r\n"
    "ADR;TYPE=HOME:;;{street} 1{n};Musterstadt;Bayern;91781;Deutschland\r\n"
    "EMAIL;TYPE=INTERNET;TYPE=WORK:mail{n}@firma.example\r\n{tels}"
    "NOTE:Ein längerer Text\\, wie ihn viele hinterlassen\\; "
    "er wird umgebroc\r\n hen und hat nichts mit dem Namen zu tun\r\nREV:2026-08-01T12:00:00Z\r\nCATEGORIES:Kunden\r\n"
    "END:VCARD\r\n"
)


def cards(first: int, count: int) -> Iterator[str]:
    """Make cards of about 650 octets with 2.3 numbers each; the same ones each time."""
    for n in range(first, first + count):
        lot = random.Random(n)  # noqa: S311 - nothing secret
        tels = [
            f"TEL;TYPE=WORK:0{3020 + n // 9000} {10_000 + n // 8 % 9000 * 10}-{n % 8 + 10}",
            f"TEL;TYPE=CELL:{lot.choice(['0171 / ', '+49 171 ', '0049171', '0171-'])}{1_000_000 + n * 3}",
        ]
        if n % 10 < 3:
            tels.append(f"TEL;TYPE=HOME:{lot.choice(['+49 (0) 9141 ', '09141/', '(09141) '])}{1_000_000 + n}")
        yield TEXT.format(
            n=n,
            first=lot.choice(("Erika", "Jürgen", "Ayşe", "Max")),
            last=f"Mustermann{n}",
            org=f"Firma {n // 8} GmbH",
            street=lot.choice(STREETS),
            tels="".join(f"{tel}\r\n" for tel in tels),
        )


class Groupware:
    """A server whose own work is not counted."""

    def __init__(self, contacts: int) -> None:
        self._contacts = contacts
        self.cpu = 0.0

    async def book(self, name: str) -> dav.Book:
        """Describe the book."""
        return dav.Book(path=f"/{name}/", name=name, can_sync=True)

    async def changes(self, book: dav.Book, known: dav.Known, *, full: bool = False) -> Listing:
        """Say that everything is new."""
        del known, full
        etags: dict[str, str | None] = {}
        for n in range(self._contacts):
            etags[f"{book.path}{n}.vcf"] = f'"{n}"'
            if n % 2_000 == 0:
                await asyncio.sleep(0)
        return Listing(etags=etags, whole=True, token="1")  # noqa: S106 - no password

    async def fetch(self, book: dav.Book, hrefs: Sequence[str]) -> AsyncIterator[list[dav.Card]]:
        """Give the cards."""
        del book
        for at in range(0, len(hrefs), BATCH):
            before = time.thread_time()
            some = zip(hrefs[at : at + BATCH], cards(at, len(hrefs[at : at + BATCH])), strict=True)
            found = [dav.Card(href, None, text) for href, text in some]
            self.cpu += time.thread_time() - before
            await asyncio.sleep(0)
            yield found


class Persons:
    """Nobody works here."""

    async def all(self) -> Collection[Person]:
        """Read everybody."""
        return ()

    async def replace(self, persons: Iterable[Person]) -> None:
        """Keep these."""


class Watched(selectors.DefaultSelector):
    """Notes how long the loop works at a stretch: its own processor time, not that of neighbours."""

    def __init__(self) -> None:
        super().__init__()
        self._since: float | None = None
        self._turns = 0
        self.worst = 0.0
        self.most_memory = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for something to do."""
        if self._since is not None:
            worked = time.thread_time() - self._since
            self.worst = max(self.worst, worked)
        self._turns += 1
        if self._turns % 100 == 0:
            self.most_memory = max(self.most_memory, resident())
        found = super().select(timeout)
        self._since = time.thread_time()
        return found

    def lap(self) -> float:
        """Return the longest stretch since the last time, in milliseconds."""
        worst, self.worst = self.worst, 0.0
        return worst * 1e3


WATCHED = Watched()


def resident() -> float:
    """Return this process's memory in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES / 1e6


def made(groupware: Groupware, store: ContactStore, directory: Directory) -> Sync:
    """Make what looks at the books."""

    async def nobody(_logins: frozenset[str]) -> None:
        return None

    return Sync(
        dav=groupware,
        books=[config.Book(path="stadt")],
        staff=config.People(),
        store=store,
        persons=Persons(),
        people=People(),
        directory=directory,
        numbers=Numbers(SITE),
        rights_changed=nobody,
        now=lambda: datetime(2026, 11, 21, tzinfo=UTC),
    )


async def first_import(where: str, contacts: int) -> dict[str, float]:
    """Read a whole book for the first time, keep it, answer from it."""
    groupware, directory = Groupware(contacts), Directory()
    async with open_database(f"sqlite://{where}/bridge.sqlite") as db:
        sync = made(groupware, ContactStore(db), directory)
        await sync.load()
        next(cards(0, 1))
        gc.collect()
        gc.freeze()  # as the daemon does when it is ready
        await asyncio.sleep(0.01)
        WATCHED.lap()
        memory, cpu, wall = resident(), time.process_time(), time.perf_counter()
        await sync.run()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu - groupware.cpu
        blocked = WATCHED.lap()
        gc.collect()
        return {
            "cpu": cpu, "wall": wall, "blocked": blocked, "names": len(directory),
            "memory": resident() - memory, "peak": WATCHED.most_memory - memory,
        }  # fmt: skip


async def start(where: str, contacts: int) -> dict[str, float]:
    """Start with what was kept."""
    directory = Directory()
    async with open_database(f"sqlite://{where}/bridge.sqlite") as db:
        sync = made(Groupware(contacts), ContactStore(db), directory)
        gc.collect()
        gc.freeze()  # as the daemon does when it is ready
        await asyncio.sleep(0.01)
        WATCHED.lap()
        memory, cpu, wall = resident(), time.process_time(), time.perf_counter()
        await sync.load()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        memory = resident() - memory
        blocked = WATCHED.lap()
        await sync.refill("shared", ["stadt"])  # the old names go while the new ones come
        again = WATCHED.lap()
        asked = [Number(e164=number) for number, _ in directory.each()]
        random.Random(1).shuffle(asked)  # noqa: S311 - nothing secret
        asked = asked[:ASKED_AT_ONCE]
        begin = time.thread_time()
        for number in asked:
            directory.lookup(number)
        first = len(asked) / (time.thread_time() - begin)
        rates = []
        for _ in range(ROUNDS):
            begin = time.thread_time()
            for number in asked:
                directory.lookup(number)
            rates.append(len(asked) / (time.thread_time() - begin))
        answers = await questions(directory, [number.e164 or "" for number in asked[:QUESTIONS]])
        return {
            "cpu": cpu, "wall": wall, "memory": memory, "blocked": blocked, "again": again,
            "rate": max(rates), "first": first, "names": len(directory), **answers,
        }  # fmt: skip


async def questions(directory: Directory, asked: list[str]) -> dict[str, float]:
    """Ask as the dialplan does, in turn an empty handler and the real one; the best round of each counts."""
    real = NameQuestion(directory=directory, numbers=Numbers(SITE), people=People(), extension_of=lambda _channel: None)
    answers: Mapping[str, Callable[[Mapping[str, str]], str]] = {"empty": lambda _form: "=", "name": real}
    best = dict.fromkeys(answers, float("inf"))
    async with serve_pbx("http://127.0.0.1:0", "secret", answers) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(ROUNDS):
            for name in answers:
                begin = time.process_time()
                for number in asked:
                    body = f"n=%2B{number[1:]}&to=101"
                    writer.write(
                        f"POST /pbx/{name} HTTP/1.1\r\nHost: x\r\nX-Bridge: secret\r\nContent-Length: {len(body)}\r\n"
                        f"Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}".encode()
                    )
                    head = await reader.readuntil(b"\r\n\r\n")
                    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                    await reader.readexactly(length)
                best[name] = min(best[name], (time.process_time() - begin) / len(asked))
        writer.close()
    return {f"{name}_us": each * 1e6 for name, each in best.items()}


def read_by_vobject(text: str) -> Card:
    """Read a card as one does with vobject."""
    found = vobject.readOne(text)
    tels = tuple(Tel(line.value, "work") for line in found.contents.get("tel", []))
    return Card(name=found.fn.value, org=found.org.value[0], tels=tels)


async def side_by_side(contacts: int) -> dict[str, float]:
    """Read and normalise the same cards with both readers in turn; seconds for all contacts."""
    texts = list(cards(0, max(contacts // JUDGED_BY_VOBJECT, 1)))
    times: dict[str, float] = {}
    readers: dict[str, Callable[[str], Card | None]] = {"ours": vcard.read, "vobject": read_by_vobject}
    for _ in range(ROUNDS - 2):
        for name, read in readers.items():
            numbers = Numbers(SITE)
            begin = time.process_time()
            found = [(card, [numbers.written(tel.raw) for tel in card.tels]) for text in texts if (card := read(text))]
            took = (time.process_time() - begin) * contacts / len(found)
            times[name] = min(times.get(name, took), took)
    return times


WORK: dict[str, Callable[[str, int], Coroutine[Any, Any, dict[str, float]]]] = {
    "import": first_import,
    "start": start,
    "readers": lambda _where, contacts: side_by_side(contacts),
}


async def child(what: str, where: str, contacts: int) -> dict[str, Any]:
    """Measure one thing in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.names", what, where, str(contacts), stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(LIMIT):
        out, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"bench.names {what} failed")
    result: dict[str, Any] = json.loads(out.splitlines()[-1])
    return result


def judged(text: str, is_value: float, limit: float, *, least: bool = False) -> bool:
    """Print one figure beside its target."""
    met = is_value >= limit if least else is_value <= limit
    print(f"  {'ok  ' if met else 'MISS'} {text}: {is_value:,.3g} ({'at least' if least else 'at most'} {limit:,g})")
    return met


async def measure(contacts: int = CONTACTS) -> bool:
    """Do everything; tell whether all targets were met."""
    with tempfile.TemporaryDirectory(prefix="bench-names") as where:
        readers = await child("readers", where, contacts)
        come = await child("import", where, contacts)
        kept = await child("start", where, contacts)
    storing = max(come["cpu"] - readers["ours"], 0.0)
    print(f"\nnames: {contacts:,} contacts, {come['names']:,.0f} numbers")
    print(
        f"  read and normalised: ours {readers['ours']:.1f} s, vobject {readers['vobject']:.1f} s; "
        f"storing and indexing {storing:.1f} s; memory at the most {come['peak']:.0f} MB more; "
        f"start {kept['wall']:.2f} s, {kept['memory']:.0f} MB; "
        f"question {kept['name_us']:.0f} µs, "
        f"empty {kept['empty_us']:.0f} µs; lookups of numbers that never called before {kept['first']:,.0f}/s"
    )
    size = contacts / CONTACTS
    return all(
        [
            judged("first import, s of CPU", come["cpu"], 13 * size),
            judged("memory kept after it, MB", come["memory"], 60 * size),
            judged("loop blocked during import, ms", come["blocked"], 20),
            judged("times vobject, without storing", readers["vobject"] / readers["ours"], 5, least=True),
            judged(
                "times vobject, with storing",
                (readers["vobject"] + storing) / (readers["ours"] + storing),
                3.5,
                least=True,
            ),
            judged("read back, s of CPU", kept["cpu"], 0.3 * size),
            judged("loop blocked by reading back, ms", kept["blocked"], 20),
            judged("loop blocked by a refill, ms", kept["again"], 20),
            judged("lookups/s", kept["rate"], 1e6, least=True),
            judged("dialplan's question, times an empty one", kept["name_us"] / kept["empty_us"], 1.5),
        ]
    )


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    if len(sys.argv) > 2:
        with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(WATCHED)) as runner:
            print(json.dumps(runner.run(WORK[sys.argv[1]](sys.argv[2], int(sys.argv[3])))))
        sys.exit(0)
    sys.exit(0 if asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else CONTACTS)) else 1)

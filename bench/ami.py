"""How fast the manager interface is read: contenders in turn, fed over a socket from one recording of a real Asterisk.

`python -m bench.ami` (or `make bench`) prints a table and fails when a target is missed.
"""

import asyncio
import json
import platform
import re
import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any

from ami_bridge.asterisk.translate import WANTED
from bench.contenders import CONTENDERS, FIELDS
from bench.record import CALLS, INSTANCE, RECORDINGS, record
from tests.fakes.asterisk import FakeAsterisk

ROUNDS = 5
PLAIN = ("panoramisk, one callback", "panoramisk, by name")
"""Two ways to use the library as it is; we are measured against the faster one."""
READERS = (*PLAIN, "our link")
"""Who reads four fields of each wanted event and no more."""
TAKES = dict.fromkeys(PLAIN, 2) | {"our link": 16, "whole daemon": 6, "splitter (limit)": 16}
"""How often a contender reads the recording in one round: each about as long."""
MEMORY_TAKES = 100
RESIDENT_MAY_GROW = 2 << 20
BLOCKS_MAY_GROW = 1_000
"""Not even one piece of memory in twenty calls."""
TEN_TIMES, FOUR_TIMES, ENOUGH = 10.0, 4.0, 100_000
LOGIN_EVENTS, LOGIN_CHARACTERS = 4, 40
END = b"\r\n\r\n"
CHUNK = 1 << 18
MOST_PREPARED = 20
LIMIT = 300.0
HINTS = [{"Exten": f"10{n}", "Context": "hints", "Hint": f"PJSIP/10{n}", "Status": "0"} for n in range(1, 6)]


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A stream of events; no two takes of it tell of the same calls."""

    name: str
    data: bytes
    events: int
    wanted: int
    characters: int
    """In the fields that are read of one take's wanted events."""
    facts: dict[str, Any] = field(default_factory=dict)

    def takes(self, number: int) -> Iterator[bytes]:
        """Play it so often, each time with other channels and bridges."""
        for take in range(number):
            data = self.data.replace(INSTANCE, b"take%04x-" % take)  # the beginning of every Uniqueid
            data = data.replace(b"-0000", b"-%04x" % (take + 1))
            yield data.replace(b"BridgeUniqueid: ", b"BridgeUniqueid: %04x" % take)


def load(name: str) -> Recording:
    """Read a recording."""
    data = (RECORDINGS / f"{name}.ami").read_bytes()
    names = re.findall(rb"(?:\A|\r\n\r\n)(?:\r\n)?Event: ([^\r]*)", data)
    recording = Recording(
        name=name,
        data=data,
        events=len(names),
        wanted=sum(name.decode() in WANTED for name in names),
        characters=0,
        facts=json.loads((RECORDINGS / "facts.json").read_text(encoding="utf-8")),
    )
    return replace(recording, characters=characters(next(recording.takes(1))))


def characters(data: bytes) -> int:
    """Count what readers must find, in a slow way of its own."""
    count = 0
    for block in data.decode("utf-8", "replace").split("\r\n\r\n"):
        headers = dict(line.split(": ", 1) for line in block.split("\r\n") if ": " in line)
        if headers.get("Event") in WANTED:
            count += sum(len(headers.get(name, "")) for name in FIELDS)
    return count


def pieces(data: bytes) -> Iterator[bytes]:
    """Cut between messages, so that answers to pings come between them too."""
    at = 0
    while at < len(data):
        end = data.find(END, at + CHUNK) + len(END)
        if end < len(END):
            end = len(data)
        yield data[at:end]
        at = end


async def read(contender: str, recording: Recording, takes: int, *, look_every: int = 0) -> dict[str, Any]:
    """Start a contender, play to it, return what it did."""
    async with FakeAsterisk() as pbx:
        pbx.knows_list("ExtensionStateList", "ExtensionStatus", HINTS)
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.contenders", contender, str(pbx.port), pbx.secret, str(look_every)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=Path(__file__).parent.parent,
            limit=1 << 24,
        )
        assert child.stdout is not None
        assert child.stderr is not None
        try:
            async with asyncio.timeout(LIMIT):
                while (line := await child.stdout.readline()) != b"ready\n":
                    if not line:
                        raise RuntimeError((await child.stderr.read()).decode()[-2000:])
                [writer] = pbx._writers  # noqa: SLF001 - the one connection
                # Made before it is timed: on two hardware threads of one core our own work would slow the reader's.
                everything = recording.takes(takes)
                for data in everything if takes > MOST_PREPARED else list(everything):
                    for piece in pieces(data):
                        writer.write(piece)
                        await writer.drain()
                writer.write_eof()
                answer, complaints = await child.communicate()
        finally:
            if child.returncode is None:
                child.kill()
    if child.returncode or not answer.strip():
        raise RuntimeError(complaints.decode()[-2000:])
    result: dict[str, Any] = json.loads(answer.splitlines()[-1])
    return result


def check(contender: str, recording: Recording, takes: int, result: dict[str, Any]) -> None:
    """Nobody may be fast by leaving something out; of the end of the login not all are told."""
    expected = recording.events if contender == "splitter (limit)" else recording.wanted
    if not 0 <= result["handled"] - expected * takes <= LOGIN_EVENTS:
        raise SystemExit(f"{contender} had {result['handled']} instead of {expected * takes} events")
    if contender in READERS and not 0 <= result["read"] - recording.characters * takes <= LOGIN_CHARACTERS:
        raise SystemExit(f"{contender} read {result['read']} instead of {recording.characters * takes} characters")
    if result["left"]:
        raise SystemExit(f"{contender} kept {result['left']} calls and legs")


async def compare(recordings: list[Recording]) -> dict[tuple[str, str], list[float]]:
    """Let everybody read, in turn, several times; events per CPU second."""
    rates: dict[tuple[str, str], list[float]] = {}
    for number in range(ROUNDS):
        for recording, contender in ((one, other) for one in recordings for other in CONTENDERS):
            takes = TAKES[contender] * (2 if recording.name == "own" else 1)
            result = await read(contender, recording, takes)
            check(contender, recording, takes, result)
            rates.setdefault((recording.name, contender), []).append(recording.events * takes / result["cpu"])
        print(f"round {number + 1} of {ROUNDS}", file=sys.stderr)
    return rates


async def grown(recording: Recording) -> dict[str, int]:
    """Return what the whole daemon has gained between the second and the last tenth of many replays."""
    result = await read("whole daemon", recording, MEMORY_TAKES, look_every=recording.wanted)
    check("whole daemon", recording, MEMORY_TAKES, result)
    growth = {}
    for kind in ("resident", "blocks"):
        looks = result[kind]
        tenth = len(looks) // 10
        growth[kind] = int(statistics.median(looks[-tenth:]) - statistics.median(looks[tenth : 2 * tenth]))
    return growth


def table(recordings: list[Recording], rates: dict[tuple[str, str], list[float]]) -> None:
    """Print what was measured."""
    facts = recordings[0].facts
    print(f"\n{facts['asterisk']}, {facts['calls']} calls; panoramisk {version('panoramisk')}, Python", end=" ")
    print(
        f"{platform.python_version()}, {processor()}; medians of {ROUNDS} rounds, events per CPU second of the reader\n"
    )
    for recording in recordings:
        size = len(recording.data) / 1e6
        print(f"{recording.name}: {recording.events} events, {size:.1f} MB, {recording.wanted} of them wanted")
        stock = faster(rates, recording.name)
        for contender in CONTENDERS:
            mine = rates[recording.name, contender]
            print(
                f"  {contender:26} {statistics.median(mine):12,.0f}  {ratio(mine, stock):6.1f} x"
                f"   ({min(mine):,.0f} to {max(mine):,.0f})"
            )


def faster(rates: dict[tuple[str, str], list[float]], name: str) -> list[float]:
    """Return the figures of the better way to use the plain library."""
    return max((rates[name, way] for way in PLAIN), key=statistics.median)


def ratio(ones: list[float], others: list[float]) -> float:
    """Median of the ratios of neighbours in one round."""
    return statistics.median(one / other for one, other in zip(ones, others, strict=True))


def processor() -> str:
    """Name the processor."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(": ")[2]
    return platform.machine()


async def measure() -> bool:
    """Do everything; tell whether all targets were met."""
    if not (RECORDINGS / "facts.json").exists():
        print(f"no recording in {RECORDINGS}: playing {CALLS} calls, which takes some minutes", file=sys.stderr)
        await record(CALLS)
    everything, own = recordings = [load("all"), load("own")]
    rates = await compare(recordings)
    table(recordings, rates)
    growth = await grown(everything)
    daemon = statistics.median(rates["all", "whole daemon"])
    numbers = count(1)
    print()
    good = [
        judged(next(numbers), text, met)
        for text, met in (
            *speed(rates, "all", TEN_TIMES),
            *speed(rates, "own", FOUR_TIMES),
            (f"whole daemon on all: {daemon:,.0f} of {ENOUGH:,} events/s", daemon >= ENOUGH),
            (
                f"resident memory over {MEMORY_TAKES} replays: {growth['resident'] / 1024:+,.0f} KiB",
                growth["resident"] <= RESIDENT_MAY_GROW,
            ),
            (
                f"pieces of memory over {MEMORY_TAKES} replays: {growth['blocks']:+,}",
                growth["blocks"] <= BLOCKS_MAY_GROW,
            ),
        )
    ]
    result = {f"{name}: {contender}": rate for (name, contender), rate in rates.items()}
    path = RECORDINGS / "result.json"
    path.write_text(json.dumps({"facts": own.facts, "rates": result, "growth": growth}, indent=1) + "\n", "utf-8")
    return all(good)


def speed(rates: dict[tuple[str, str], list[float]], name: str, target: float) -> Iterator[tuple[str, bool]]:
    """Judge our link against the plain library."""
    times = ratio(rates[name, "our link"], faster(rates, name))
    yield f"reading {name}: {times:.1f} of {target:g} x panoramisk as it is", times >= target


def judged(number: int, text: str, met: bool) -> bool:  # noqa: FBT001 - the judgement itself
    """Print one target and hand its judgement on."""
    print(f"{number}. {'met   ' if met else 'MISSED'} {text}")
    return met


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(measure()) else 1)

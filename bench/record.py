"""Recordings of a real Asterisk's manager interface: everything, and what the daemon's own login is told.

`python -m bench.record` plays calls of all kinds into .cache/bench/; `--samples` one into tests/recordings/bench/.
"""

import argparse
import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ami_bridge.demo.pbx import Pbx
from ami_bridge.demo.ports import free
from bench.calls import KINDS, Town, town

ROOT = Path(__file__).parent.parent
RECORDINGS = ROOT / ".cache" / "bench"
SAMPLES = ROOT / "tests" / "recordings" / "bench"  # its neighbours are made by tests.recordings.make
CALLS = 260
AT_ONCE = 8
QUIET_AFTER = 1.0
RING_SECONDS = 2
END = b"\r\n\r\n"
INSTANCE = b"bench-"


class Recorder:
    """One login that writes down all it is told."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self.heard = bytearray()
        self._reader = reader

    async def run(self) -> None:
        """Listen until the other side ends."""
        while data := await self._reader.read(1 << 18):
            self.heard += data

    def take(self) -> bytes:
        """Return whole messages heard since the last time."""
        end = self.heard.rfind(END) + len(END)
        taken = bytes(self.heard[:end])
        del self.heard[:end]
        return taken


@asynccontextmanager
async def recorder(port: int, user: str, secret: str) -> AsyncIterator[Recorder]:
    """Log in and listen."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"Action: Login\r\nUsername: {user}\r\nSecret: {secret}\r\nEvents: on\r\n\r\n".encode())
    async with asyncio.timeout(10):
        answer = await reader.readuntil(END)
        if b"Response: Success" not in answer:
            raise ConnectionError("login refused")
    recording = Recorder(reader)
    running = asyncio.get_running_loop().create_task(recording.run())
    try:
        yield recording
    finally:
        running.cancel()
        writer.close()


async def play(people: Town, calls: int) -> dict[str, int]:
    """Play so many calls, some at once; return how many of each kind went as played."""
    played = {kind.__name__: 0 for kind in KINDS}
    failed: list[str] = []
    free_lines = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        kind = KINDS[number % len(KINDS)]
        async with free_lines:
            try:
                await kind(people)
            except Exception as error:  # noqa: BLE001 - told at the end; one lost call does not spoil a recording
                failed.append(f"{kind.__name__}: {type(error).__name__}: {error}")
            else:
                played[kind.__name__] += 1

    await asyncio.gather(*(one(number) for number in range(calls)))
    for line in failed[:20]:
        print("  went otherwise:", line)
    return played


async def record(calls: int) -> None:
    """Write the two long recordings, of the same calls."""
    async with listening() as (pbx, people, everything, own):
        everything.take()
        own.take()
        played = await play(people, calls)
        for channel in await pbx.channels():  # what went otherwise
            await people.keys.hang_up(channel)
        await pbx.quiet()
        await asyncio.sleep(QUIET_AFTER)
        RECORDINGS.mkdir(parents=True, exist_ok=True)
        facts: dict[str, object] = {
            "asterisk": (await pbx.cli("core show version")).split(" built")[0].strip(),
            "calls": sum(played.values()),
            "kinds": played,
        }
        for name, heard in (("all", everything.take()), ("own", own.take())):
            cleaned = without_secrets(pbx, heard)
            (RECORDINGS / f"{name}.ami").write_bytes(cleaned)
            facts[name] = {"events": cleaned.count(END), "bytes": len(cleaned)}
        (RECORDINGS / "facts.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
        print(json.dumps(facts, indent=1))


async def samples() -> None:
    """Write one answered call twice: as everybody is told it who may see all, and as the daemon is."""
    SAMPLES.mkdir(parents=True, exist_ok=True)
    async with listening() as (pbx, people, everything, own):
        everything.take()
        own.take()
        await people.answered()
        await pbx.quiet()
        await asyncio.sleep(QUIET_AFTER)
        for name, heard in (("everything", everything.take()), ("own", own.take())):
            (SAMPLES / f"answered-{name}.ami").write_bytes(without_secrets(pbx, heard))


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[Pbx, Town, Recorder, Recorder]]:
    """Start an Asterisk with telephones and two who listen."""
    async with (
        Pbx(
            home=ROOT / ".demo",
            instance=f"{INSTANCE.decode()}{os.getpid()}",
            ports=free(),
            judge=True,
            ring_seconds=RING_SECONDS,
        ) as pbx,
        town(pbx) as people,
        recorder(pbx.ports.ami, "judge", pbx.secrets.judge) as everything,
        recorder(pbx.ports.ami, "ami-bridge", pbx.secrets.ami) as own,
    ):
        yield pbx, people, everything, own
    await asyncio.to_thread(shutil.rmtree, pbx.folder)


def without_secrets(pbx: Pbx, heard: bytes) -> bytes:
    """Asterisk tells every variable; those that hold our secrets lose them."""
    for secret in (pbx.secrets.questions, pbx.secrets.ami, pbx.secrets.judge, *pbx.secrets.sip.values()):
        heard = heard.replace(secret.encode(), b"*" * 8)
    return heard


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--samples", action="store_true")
    arguments = parser.parse_args()
    asyncio.run(samples() if arguments.samples else record(arguments.calls))


if __name__ == "__main__":
    main()

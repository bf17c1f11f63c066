"""A daemon that is killed: what it said was written is there, and the next one starts."""

import asyncio
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import select, text

from ami_bridge.db.database import open_database
from ami_bridge.db.tables import people

WRITER = """
import asyncio, sys
from sqlalchemy import insert
from ami_bridge.db.database import open_database
from ami_bridge.db.tables import people

async def main():
    async with open_database(sys.argv[1]) as db:
        n = int(sys.argv[2])
        while True:
            await db.run(insert(people).values(login=f"{n:09}", name="x" * 500, extensions=[], roles=[]))
            sys.stderr.write(f"{n}\\n")
            sys.stderr.flush()
            n += 1

asyncio.run(main())
"""


def write_until_killed(url: str, first: int, after: float) -> int:
    """Let a child write, kill it, and return the last number it said was written."""
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, url, str(first)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert child.stderr is not None
    assert int(child.stderr.readline()) == first
    time.sleep(after)
    child.send_signal(signal.SIGKILL)
    said = child.stderr.read().decode().splitlines()
    child.stderr.close()
    child.wait()
    return int(said[-1]) if said else first


async def test_nothing_that_was_said_to_be_written_is_lost(tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path}/data/bridge.sqlite"
    dice = random.Random(20261121)  # noqa: S311 - repeatable, not secret
    last = -1
    for _ in range(6):
        last = await asyncio.to_thread(write_until_killed, url, last + 1, dice.uniform(0.05, 0.2))
        async with open_database(url) as db:
            kept = [int(row.login) for row in await db.rows(select(people.c.login).order_by(people.c.login))]
            assert kept[: last + 1] == list(range(last + 1))
            assert len(kept) <= last + 2  # the one under way may have been written, and not been said
            assert (await db.rows(text("PRAGMA integrity_check")))[0][0] == "ok"
            last = kept[-1]

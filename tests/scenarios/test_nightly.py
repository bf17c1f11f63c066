"""A contact that the groupware deleted without a word is gone after the nightly compare, with the clock moved."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.dav.fake import FakeDav, fake_dav

LIBRARY = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
NUMBER = "+493023125001"
CONFIG = """\
[site]
country = "DE"
area_code = "89"
[[pbx]]
id = "rathaus"
port = 9
secret = "nobody answers there"
[pbx.questions]
listen = "http://127.0.0.1:0"
secret = "not asked here"
[web]
listen = "http://127.0.0.1:0"
[database]
url = "sqlite:///{folder}/bridge.sqlite"
[groupware]
url = "{url}"
user = "bridge"
password = "secret"
sync_every = 1
[[book]]
path = "stadt"
label = "Stadt"
[log]
format = "text"
"""


class Daemon:
    """The daemon as a process whose wall clock the test moves."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "config.toml"
        self.clock = folder / "clock"

    async def knows(self) -> bool:
        """Whether somebody has the number, as `ami-bridge lookup` says."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "ami_bridge", "lookup", NUMBER, "--json", "--config", str(self.config),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        said, _ = await process.communicate()
        return process.returncode == 0 and "Huber" in json.dumps(json.loads(said), ensure_ascii=False)

    async def until(self, known: bool, within: float = 60.0) -> None:  # noqa: FBT001 - reads as a sentence
        """Wait until the number has a name, or none."""
        async with asyncio.timeout(within):
            while await self.knows() is not known:
                await asyncio.sleep(0.3)


def faked(clock: Path) -> dict[str, str]:
    """Return the environment in which a process has the wall clock of this file, which says how far it is off."""
    return {
        "LD_PRELOAD": LIBRARY,
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_CACHE_DURATION": "1",  # seconds until it is looked at again
        "DONT_FAKE_MONOTONIC": "1",  # waits go on as usual: only the calendar jumps
    }


@asynccontextmanager
async def a_daemon(folder: Path, groupware: FakeDav) -> AsyncIterator[Daemon]:
    daemon = Daemon(folder)
    daemon.config.write_text(CONFIG.format(folder=folder, url=groupware.url), encoding="utf-8")
    daemon.clock.write_text("+0", encoding="utf-8")
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "ami_bridge", "run", "--config", str(daemon.config),
            stdout=log, stderr=log, env={**os.environ, **faked(daemon.clock)},
        )  # fmt: skip
    try:
        yield daemon
    finally:
        process.terminate()
        await process.wait()


async def test_what_was_deleted_in_silence_is_gone_after_the_night(tmp_path: Path) -> None:
    async with fake_dav() as groupware:
        for name, number in (("Huber", "030 23125001"), ("Meier", "030 23125002"), ("Maier", "030 23125003")):
            text = f"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{name}\r\nFN:{name}\r\nTEL:{number}\r\nEND:VCARD\r\n"
            groupware.add(name, text=text)
        async with a_daemon(tmp_path, groupware) as daemon:
            await daemon.until(known=True)
            del groupware.cards[f"{groupware.BOOK}Huber.vcf"]  # neither token nor ctag tell of it
            asked = len(groupware.asked)
            async with asyncio.timeout(20):
                while len(groupware.asked) < asked + 6:  # several looks that bring nothing
                    await asyncio.sleep(0.1)
            assert await daemon.knows(), "the server has not said that it is gone"
            daemon.clock.write_text("+25h", encoding="utf-8")
            await daemon.until(known=False)

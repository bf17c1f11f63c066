"""Record what the daemon's own login hears of each play: `python -m tests.recordings.make` as root."""

import asyncio
import sys
from pathlib import Path

from ami_bridge.asterisk.link import AmiLink
from ami_bridge.asterisk.message import Message
from ami_bridge.asterisk.translate import WANTED
from ami_bridge.config import Pbx as PbxConfig
from ami_bridge.demo.pbx import Pbx
from ami_bridge.demo.ports import free
from tests.real.plays import PLAYS, a_stage
from tests.real.steered import STEERED

HERE = Path(__file__).parent / "plays"
ALL = {**PLAYS, **STEERED}
NOISE = frozenset({"ExtensionStatus"})


def text(message: Message) -> str:
    """One message as it came over the wire."""
    return "".join(f"{name}: {value}\r\n" for name, value in message.lines()) + "\r\n"


async def main(names: list[str]) -> None:
    """Play and record."""
    async with Pbx(home=Path(".demo"), instance="recording", ports=free(), judge=True, ring_seconds=4) as pbx:
        heard: list[Message] = []
        link = AmiLink(PbxConfig(id="rathaus", port=pbx.ports.ami, secret=pbx.secrets.ami), wanted=WANTED - NOISE)
        up = asyncio.Event()

        async def connected() -> None:
            up.set()
            await asyncio.Event().wait()

        HERE.mkdir(exist_ok=True)
        listening = asyncio.get_running_loop().create_task(
            link.run(heard.append, connected=connected, lost=lambda: None)
        )
        await asyncio.wait_for(up.wait(), 10)
        async with a_stage(pbx) as stage:
            for name in names:
                heard.clear()
                await ALL[name](stage)
                await pbx.quiet(15)
                await asyncio.sleep(0.2)
                (HERE / f"{name}.ami").write_bytes("".join(text(one) for one in heard).encode())
                print(name, len(heard))
        listening.cancel()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] or list(ALL)))

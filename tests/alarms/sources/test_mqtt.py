"""What a source publishes is confirmed to a real broker when it is on the disk, and comes again when it is not."""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from time import monotonic

from msgspec import structs

from ami_bridge.alarms.sources.mqtt import MISSED_AFTER, Subscriber
from ami_bridge.config_alarms import Source, SourceMqtt
from ami_bridge.tasks import race
from tests.alarms.sources.broker import Broker, broker
from tests.alarms.sources.world import PLANT, World, world

ROOT = Path(__file__).parents[3]
HOLDS_IT = """
import asyncio, sys, time, msgspec
from ami_bridge.alarms.sources.mqtt import Subscriber
from ami_bridge.config_alarms import Source

class Gate:
    async def take(self, name, reports):
        print("received", flush=True)
        await asyncio.Event().wait()  # before the commit

class Troubles:
    async def wrong(self, key, text, *, point): ...
    async def fine(self, key, *, point): ...

async def main(subscriber):
    running = asyncio.create_task(subscriber.run())
    while not subscriber.connected:
        await asyncio.sleep(0.01)
    print("connected", flush=True)
    await running

source = msgspec.json.decode(sys.argv[1], type=Source)
asyncio.run(main(Subscriber(source, gate=Gate(), troubles=Troubles(), monotonic=time.monotonic)))
"""


def source(at: Broker) -> Source:
    mqtt = SourceMqtt(url=at.url, topic="plant/alarms/#", status="plant/status")
    return structs.replace(PLANT, kind="mqtt", mqtt=mqtt)


@contextlib.asynccontextmanager
async def listening(town: World, clock: Callable[[], float] = monotonic) -> AsyncIterator[Subscriber]:
    """Run the subscriber beside the test, and stop it as the daemon does."""
    found = Subscriber(town.sources[0], gate=town.gate, troubles=town.troubles, monotonic=clock)
    ended = asyncio.Event()
    running = asyncio.get_running_loop().create_task(race(found.run(), ended.wait()))
    try:
        yield found
    finally:
        ended.set()
        await running


async def _says(stream: asyncio.StreamReader, line: bytes) -> None:
    while (said := await stream.readline()) != line:
        assert said, "it ended before that"


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.02)


async def test_messages_are_alarms_of_the_point_that_the_topic_names(tmp_path: Path) -> None:
    async with broker(tmp_path) as at, world(tmp_path, source(at)) as town, listening(town) as subscriber:
        await until(lambda: subscriber.connected)
        await at.publish("plant/alarms/gas-engine", "ON")
        await at.publish("plant/alarms/gas-engine", "0")
        await at.publish("plant/alarms/pumps/p3", json.dumps({"text": "Pumpe 3 steht", "priority": 1}))
        await at.publish("plant/alarms/odd", b"\x00\x01")
        await at.publish("plant/status", "offline")
        await at.publish("plant/status", "online")
        await until(lambda: len(town.kept.reports_) == 6)
        told = town.kept.told()
        assert told[:3] == [("plant", "gas-engine", "come"), ("plant", "gas-engine", "go"), ("plant", "p3", "come")]
        assert town.kept.reports_[3].unreadable
        assert told[4:] == [("plant", "heartbeat", "come"), ("plant", "heartbeat", "go")]


async def test_killed_after_receipt_and_before_the_commit_it_comes_again_and_is_raised_once(tmp_path: Path) -> None:
    async with broker(tmp_path) as at, world(tmp_path, source(at)) as town:
        told = json.dumps({"name": "plant", "mqtt": structs.asdict(town.sources[0].mqtt)})
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", HOLDS_IT, told, stdout=asyncio.subprocess.PIPE, cwd=ROOT
        )
        assert process.stdout is not None
        try:
            async with asyncio.timeout(20):
                await _says(process.stdout, b"connected\n")
                await at.publish("plant/alarms/gas-engine", "ON")
                await _says(process.stdout, b"received\n")
        finally:
            process.send_signal(signal.SIGKILL)
            await process.wait()
        async with listening(town):
            await until(lambda: ("plant", "gas-engine", "come") in town.kept.told())
            await at.publish("plant/alarms/last", "ON")
            await until(lambda: ("plant", "last", "come") in town.kept.told())
        assert town.kept.told() == [("plant", "gas-engine", "come"), ("plant", "last", "come")]
        async with listening(town) as subscriber:  # nothing comes a third time
            await until(lambda: subscriber.connected)
            await at.publish("plant/alarms/after", "ON")
            await until(lambda: len(town.kept.reports_) == 3)


async def test_while_the_disk_is_full_it_is_not_confirmed(tmp_path: Path) -> None:
    async with broker(tmp_path) as at, world(tmp_path, source(at)) as town:
        async with listening(town) as subscriber:
            await until(lambda: subscriber.connected)
            town.kept.full = True
            await at.publish("plant/alarms/gas-engine", "ON")
            await town.kept.asked.wait()
        town.kept.full = False
        assert town.kept.reports_ == []
        async with listening(town):
            await until(lambda: town.kept.told() == [("plant", "gas-engine", "come")])


async def test_a_killed_broker_loses_nothing_and_its_absence_is_an_alarm(tmp_path: Path) -> None:
    seconds = [0.0]
    async with (
        broker(tmp_path) as at,
        world(tmp_path, source(at)) as town,
        listening(town, lambda: seconds[0]) as subscriber,
    ):
        await until(lambda: subscriber.connected)
        await at.saved("plant/alarms/#")  # else it has forgotten who listens, and whom it must keep messages for
        await at.kill()
        await until(lambda: not subscriber.connected)
        await subscriber.look()
        assert town.kept.told() == []
        seconds[0] += MISSED_AFTER + 1
        await subscriber.look()
        await subscriber.look()
        assert town.kept.told() == [("ami-bridge", "mqtt/plant", "come")]
        await at.start()
        await at.publish("plant/alarms/gas-engine", "ON")
        await until(lambda: subscriber.connected)
        await until(lambda: ("plant", "gas-engine", "come") in town.kept.told())
        await subscriber.look()
        assert town.kept.told()[-1] == ("ami-bridge", "mqtt/plant", "go")

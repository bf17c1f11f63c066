"""A real mosquitto that is started, killed, and started again with what it had."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from ami_bridge.demo import ports

PROGRAM = "/usr/sbin/mosquitto"


class Broker:
    """It, and its folder."""

    def __init__(self, folder: Path) -> None:
        self.port = ports.free_tcp()
        self._config = folder / "mosquitto.conf"
        self._kept = folder / "mosquitto.db"
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence true\nautosave_on_changes true\n"
            f"autosave_interval 1\npersistence_location {folder}/\nuser root\nlog_dest none\n"
            "max_queued_messages 0\n"  # by itself it throws away what is over 1,000, and has confirmed it
        )
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(PROGRAM, "-c", str(self._config))
        async with asyncio.timeout(20):
            while True:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    writer.close()
                    return
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def saved(self, text: str) -> None:
        """Wait until this is in the file that it has again after `kill`."""
        async with asyncio.timeout(20):
            while not (self._kept.exists() and text.encode() in self._kept.read_bytes()):
                await asyncio.sleep(0.05)

    async def publish(self, topic: str, payload: str | bytes, *, qos: int = 1) -> None:
        """Return when the broker has it."""

        def send() -> None:
            client = Client(CallbackAPIVersion.VERSION2)
            client.connect("127.0.0.1", self.port)
            client.loop_start()
            client.publish(topic, payload, qos=qos).wait_for_publish(10)
            client.disconnect()
            client.loop_stop()

        await asyncio.to_thread(send)


@contextlib.asynccontextmanager
async def broker(folder: Path) -> AsyncIterator[Broker]:
    found = Broker(folder)
    await found.start()
    try:
        yield found
    finally:
        await found.kill()

"""Sources of alarms that write down what was confirmed to them, outside of everything that is killed; and its judge."""

import asyncio
import hashlib
import json
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from paho.mqtt.client import Client, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion

PATIENCE = 4.0
"""Seconds that a source waits for an answer."""
LONGEST_PAUSE = 5.0
"""Seconds until it sends again; at first less, as senders do."""
BATCH = 10
SUSPECT = 3.0
"""Seconds for which a broker that is killed may have confirmed what it has not saved: mosquitto saves afterwards, and
on a machine with much to do later than a second (seen at a load of 28)."""
Rows = Callable[[str], Awaitable[list[tuple[Any, ...]]]]
"""Asks the database, past the daemon."""


@dataclass
class Line:
    """One alarm of the ledger."""

    source: str
    point: str
    begun: float
    says: dict[str, str]
    sent: int = 0
    confirmed: float | None = None
    gone: float | None = None
    """When its end was confirmed."""
    end_in_doubt: bool = False
    """Its end was confirmed by who may have forgotten it."""


@dataclass
class Ledger:
    """What sources have sent, and what of it was confirmed; each line is on paper before it is sent."""

    paper: Path
    lines: dict[tuple[str, str], Line] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)

    def begin(self, source: str, point: str, **says: str) -> Line:
        line = self.lines[source, point] = Line(source, point, time.monotonic(), {"point": point, **says})
        self._write("will send", line)
        return line

    def confirm(self, line: Line) -> None:
        line.confirmed = line.confirmed or time.monotonic()
        self._write("confirmed", line)

    def confirm_end(self, line: Line) -> None:
        line.gone, line.end_in_doubt = time.monotonic(), False
        self._write("end confirmed", line)

    def doubt(self, since: float, source: str) -> list[tuple[Line, str]]:
        """Take back what this source was told since, of beginnings and of ends: it sends that again."""
        found = []
        for line in self.lines.values():
            if line.source != source:
                continue
            if line.gone is not None and line.gone >= since:
                line.gone, line.end_in_doubt = None, True
                found.append((line, "go"))
                self._write("end in doubt", line)
            elif line.gone is None and line.confirmed is not None and line.confirmed >= since:
                line.confirmed = None
                found.append((line, "come"))
                self._write("in doubt", line)
        return found

    def open(self) -> list[Line]:
        return [line for line in self.lines.values() if line.confirmed is None or line.end_in_doubt]

    def _write(self, what: str, line: Line) -> None:
        with self.paper.open("a", encoding="utf-8") as paper:
            paper.write(json.dumps([what, line.source, line.point]) + "\n")


class Webhook:
    """A source that posts, until it has its 202."""

    def __init__(self, ledger: Ledger, name: str, url: str, token: str, session: aiohttp.ClientSession) -> None:
        self._ledger = ledger
        self.name = name
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"}
        self._session = session

    async def report(self, lines: Sequence[Line], state: str = "come") -> None:
        """Send these in one request, again and again."""
        body = [{**line.says, "state": state} for line in lines]
        most = 0.5
        while True:
            for line in lines:
                line.sent += 1
            if await self._accepted(body[0] if len(body) == 1 else body):
                break
            await asyncio.sleep(random.uniform(0.2, most))  # noqa: S311 - a pause
            most = min(2 * most, LONGEST_PAUSE)
        for line in lines:
            (self._ledger.confirm if state == "come" else self._ledger.confirm_end)(line)

    async def _accepted(self, body: object) -> bool:
        try:
            async with (
                asyncio.timeout(PATIENCE),
                self._session.post(self._url, json=body, headers=self._headers) as answer,
            ):
                await answer.read()
                self._ledger.refused[str(answer.status)] += answer.status != 202
                assert answer.status == 202 or answer.status >= 500, f"a sender would drop it: {answer.status}"
                return answer.status == 202
        except (aiohttp.ClientError, TimeoutError, OSError):
            self._ledger.refused["network"] += 1
            return False


class Publisher:
    """A source that publishes, until the broker has confirmed it; paho repeats what is not, also after a new start."""

    def __init__(self, ledger: Ledger, name: str, port: int) -> None:
        self._ledger = ledger
        self.name = name
        self._waiting: dict[int, tuple[Line, str]] = {}
        self._loop = asyncio.get_running_loop()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="the-plant", clean_session=False)
        self._client.reconnect_delay_set(1, 1)
        self._client.max_inflight_messages_set(200)
        self._client.on_publish = lambda _client, _data, mid, *_more: self._told(mid)
        self._client.connect("127.0.0.1", port, keepalive=10)
        self._client.loop_start()

    def report(self, line: Line, state: str = "come") -> None:
        line.sent += 1
        sent: MQTTMessageInfo = self._client.publish(
            f"plant/{line.point}", json.dumps({**line.says, "state": state}), 1
        )
        self._waiting[sent.mid] = line, state

    async def close(self) -> None:
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    def _told(self, mid: int) -> None:
        self._loop.call_soon_threadsafe(self._confirmed, mid)

    def _confirmed(self, mid: int) -> None:
        line, state = self._waiting.pop(mid, (None, ""))
        if line is not None:
            (self._ledger.confirm if state == "come" else self._ledger.confirm_end)(line)


def broken(lines: Iterable[tuple[Any, ...]], seq: int, prev: str) -> int | None:
    """Return the first line of the log that does not fit the one before, by an own reckoning."""
    for number, at, actor, kind, alarm, attempt, data, before, own in lines:
        seq += 1
        when = f"{str(at)[:10]}T{str(at)[11:19]}.{(str(at)[20:26] or '0').split('+')[0].ljust(6, '0')}+00:00"
        line = json.dumps([seq, when, actor, kind, alarm, attempt, data], separators=(",", ":"), ensure_ascii=False)
        if number != seq or before != prev or own != hashlib.sha256(f"{prev}{line}".encode()).hexdigest():
            return seq
        prev = own
    return None

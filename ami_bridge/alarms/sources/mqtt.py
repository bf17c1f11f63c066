"""A source that writes to an MQTT broker: the broker is told that a message has arrived when it is on the disk."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol
from urllib.parse import urlsplit

import structlog
from msgspec import Struct
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ami_bridge.alarms.model import LONGEST_NAME, Report
from ami_bridge.alarms.sources import words
from ami_bridge.alarms.sources.webhook import reports
from ami_bridge.config_alarms import Source
from ami_bridge.errors import NotReachableError

log = structlog.get_logger()

PORTS = {"mqtts": 8883, "mqtt": 1883, "mqtt+insecure": 1883}
KEEPALIVE = 30
MOST_AT_ONCE = 100
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
MISSED_AFTER = 30.0
"""Seconds without the broker until that is an alarm of its own."""
LOOK_EVERY = 5.0


class Gate(Protocol):
    """Lets reports in."""

    async def take(self, name: str, reports: Sequence[Report]) -> list[str]:
        """Let in what a source reports; returns after the commit."""


class Troubles(Protocol):
    """Raises what is wrong between us and the source."""

    async def wrong(self, key: str, text: str, *, point: str) -> None:
        """Raise it once."""

    async def fine(self, key: str, *, point: str) -> None:
        """End it."""


class Arrived(Struct, frozen=True, kw_only=True):
    """A message that the broker has not been told about yet."""

    topic: str
    payload: bytes
    mid: int
    qos: int
    connection: int
    """On which connection it came: the number of a message means nothing on another one."""


class Subscriber:
    """One source's connection to its broker, kept up by paho's own thread; everything else happens in the loop."""

    def __init__(self, source: Source, *, gate: Gate, troubles: Troubles, monotonic: Callable[[], float]) -> None:
        self._source = source
        self._config = source.mqtt
        self._gate = gate
        self._troubles = troubles
        self._monotonic = monotonic
        self._arrived: asyncio.Queue[Arrived] = asyncio.Queue()
        self._connection = 0
        self._away_since: float | None = monotonic()
        self._subscribed = False
        self._client = _client(source)
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def connected(self) -> bool:
        """Whether the broker is there."""
        return self._away_since is None

    async def run(self) -> None:
        """Take messages until cancelled."""
        async with self._running():
            while True:
                batch = [await self._arrived.get()]
                while len(batch) < MOST_AT_ONCE and not self._arrived.empty():
                    batch.append(self._arrived.get_nowait())
                await self._keep([report for one in batch for report in self._reports(one)])
                for one in batch:
                    # Only now, and only on the connection that it came by: on another one its number is free again.
                    if one.connection == self._connection:
                        self._client.ack(one.mid, one.qos)

    async def look(self) -> None:
        """Raise that the broker is away, and end that when it is back."""
        key = f"mqtt/{self._source.name}"
        if self._away_since is None:
            await self._troubles.fine(key, point="mqtt")
        elif self._monotonic() - self._away_since > MISSED_AFTER:
            label = self._source.label or self._source.name
            await self._troubles.wrong(key, f"Der MQTT-Broker der Quelle {label} ist nicht erreichbar", point="mqtt")

    def _reports(self, one: Arrived) -> list[Report]:
        name = self._source.name
        if one.topic == self._config.status and self._config.status:
            gone = one.payload.decode("utf-8", "replace").strip() == self._config.offline
            return [
                Report(
                    source=name,
                    point=words.HEARTBEAT,
                    dedup=words.HEARTBEAT,
                    what="come" if gone else "alive",
                    text="die Quelle hat die Verbindung zum Broker verloren" if gone else "",
                )
            ]
        point = words.clean(one.topic.rpartition("/")[2], LONGEST_NAME)
        return reports(one.payload, source=name, point=point)

    async def _keep(self, found: Sequence[Report]) -> None:
        """Keep it, however long that takes: the broker sends nothing again before the connection is a new one."""
        pause = FIRST_PAUSE
        while True:
            try:
                await self._gate.take(self._source.name, found)
            except NotReachableError as error:
                if pause == FIRST_PAUSE:
                    log.warning("alarm.mqtt_not_kept", source=self._source.name, why=str(error))
            except Exception:  # a bug about one message must not end the daemon, which would get it again at once
                log.exception("alarm.mqtt_failed", source=self._source.name)
            else:
                return
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE, 2 * pause)

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        self._loop = asyncio.get_running_loop()
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        where = urlsplit(self._config.url)
        self._client.connect_async(where.hostname or "", where.port or PORTS[where.scheme], keepalive=KEEPALIVE)
        self._client.loop_start()
        try:
            yield
        finally:
            self._loop = None
            # The broker keeps what is not confirmed, for the session is not a clean one.
            self._client.disconnect()
            await asyncio.to_thread(self._client.loop_stop)

    # -- called by paho's thread --------------------------------------------------------------------------------------

    def _on_connect(
        self, client: Client, _data: object, flags: ConnectFlags, code: ReasonCode, _more: Properties | None
    ) -> None:
        if code.is_failure:
            self._in_loop(self._refused, str(code))
            return
        self._in_loop(self._is_another)
        # Subscribing sends what is retained once more; the broker knows our wishes from the last connection.
        if not (flags.session_present and self._subscribed):
            topics = [one for one in (self._config.topic, self._config.status) if one]
            client.subscribe([(topic, 1) for topic in topics])
        else:
            self._in_loop(self._is_there)

    def _on_subscribe(
        self, _client: Client, _data: object, _mid: int, codes: list[ReasonCode], _more: Properties | None
    ) -> None:
        refused = [str(code) for code in codes if code.is_failure]
        if refused:
            self._in_loop(self._refused, refused[0])
        else:
            self._subscribed = True
            self._in_loop(self._is_there)

    def _on_disconnect(
        self, _client: Client, _data: object, _flags: DisconnectFlags, code: ReasonCode, _more: Properties | None
    ) -> None:
        self._in_loop(self._is_away, str(code))

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        self._in_loop(self._message, topic, message.payload, message.mid, message.qos)

    def _in_loop(self, do: Callable[..., None], *args: Any) -> None:  # noqa: ANN401 - whatever `do` takes
        if (loop := self._loop) is not None and not loop.is_closed():
            loop.call_soon_threadsafe(do, *args)

    # -- called in the loop, in the order of what happened ------------------------------------------------------------

    def _is_another(self) -> None:
        self._connection += 1

    def _is_there(self) -> None:
        self._away_since = None
        log.info("alarm.mqtt_connected", source=self._source.name)

    def _is_away(self, why: str) -> None:
        self._connection += 1
        if self._away_since is None:
            self._away_since = self._monotonic()
            log.warning("alarm.mqtt_away", source=self._source.name, why=why)

    def _refused(self, why: str) -> None:
        self._away_since = self._monotonic() if self._away_since is None else self._away_since
        log.warning("alarm.mqtt_refused", source=self._source.name, why=why)

    def _message(self, topic: str, payload: bytes, mid: int, qos: int) -> None:
        self._arrived.put_nowait(Arrived(topic=topic, payload=payload, mid=mid, qos=qos, connection=self._connection))


def _client(source: Source) -> Client:
    config = source.mqtt
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=config.client_id or f"ami-bridge-{source.name}",
        clean_session=False,
        protocol=MQTTv311,
        manual_ack=True,
    )
    client.reconnect_delay_set(1, int(LONGEST_PAUSE))
    if config.user:
        client.username_pw_set(config.user, config.password)
    if urlsplit(config.url).scheme == "mqtts":
        client.tls_set_context(ssl.create_default_context(cafile=config.ca_file or None))
    return client

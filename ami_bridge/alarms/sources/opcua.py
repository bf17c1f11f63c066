"""A server of OPC UA whose values we follow by a subscription; on each new connection all of them are told anew."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from asyncua import ua
from asyncua.client.client import Client
from asyncua.client.ua_client import UaClientState
from asyncua.common.node import Node
from asyncua.common.subscription import DataChangeEvent, OverflowPolicy, StatusChangeEvent, Subscription
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from asyncua.ua.uaerrors import UaError
from cryptography import x509

from ami_bridge.alarms.sources.measured import Reading
from ami_bridge.alarms.sources.watching import LIFE, Rounds
from ami_bridge.config_watched import SourceOpcua
from ami_bridge.errors import NotReachableError

ASK_WITHIN = 4.0
OPEN_WITHIN, CLOSE_WITHIN = 20.0, 5.0
LOOK_EVERY = 1.0
SESSION_MS = 60_000
QUEUE = 100
"""Changes of one value that the server keeps between two of its answers."""
MOST_WAITING = 10_000


class OpcuaLine:
    """The way to its values."""

    def __init__(self, config: SourceOpcua) -> None:
        self._config = config
        self._nodes: Mapping[str, str] = {
            **{name: point.node for name, point in config.points.items()},
            **({LIFE: config.life} if config.life else {}),
        }

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Rounds]:
        """Connect, and follow the values."""
        try:
            async with asyncio.timeout(OPEN_WITHIN):
                client = await self._client()
                await client.connect()
        except (UaError, OSError, TimeoutError, ValueError) as error:
            raise NotReachableError(_why(error)) from error
        try:
            yield self._rounds(client)
        except (UaError, OSError, TimeoutError) as error:
            raise NotReachableError(_why(error)) from error
        finally:
            await _close(client)

    async def _rounds(self, client: Client) -> Rounds:
        points, refused = await self._found(client)
        period = self._config.every * 1000
        subscription = await client.create_subscription(
            period, queue_maxsize=MOST_WAITING, overflow=OverflowPolicy.DISCONNECT
        )
        nodes = list(points)
        answers = await subscription.subscribe_data_change(
            nodes, queuesize=QUEUE, sampling_interval=ua.Duration(period)
        )
        for node, answer in zip(nodes, answers if isinstance(answers, list) else [answers], strict=True):
            if isinstance(answer, ua.StatusCode) and not answer.is_good():
                refused += [Reading(point=name, why=_told(answer)) for name in points[node]]
        yield refused
        while client.state is UaClientState.CONNECTED:
            yield await _changes(subscription, points)

    async def _found(self, client: Client) -> tuple[dict[Node, list[str]], list[Reading]]:
        """Return the points by their nodes; a namespace that the server does not have is a value that there is not."""
        points: dict[Node, list[str]] = {}
        odd: list[Reading] = []
        for name, written in self._nodes.items():
            try:
                node = client.get_node(await _node_id(client, written))
            except (UaError, ValueError):
                odd.append(Reading(point=name, why="diesen Namensraum kennt der Server nicht"))
            else:
                points.setdefault(node, []).append(name)
        return points, odd

    async def _client(self) -> Client:
        config, where = self._config, urlsplit(self._config.url)
        client = Client(where._replace(scheme="opc.tcp").geturl(), timeout=ASK_WITHIN)
        client.name = client.description = "ami-bridge"
        client.session_timeout = SESSION_MS
        if config.user:
            client.set_user(config.user)
            client.set_password(config.password)
        if config.certificate:
            client.application_uri = await asyncio.to_thread(_named_in, Path(config.certificate))
            await client.set_security(
                SecurityPolicyBasic256Sha256,
                certificate=config.certificate,
                private_key=config.private_key,
                server_certificate=config.server_certificate,
            )
        return client


async def _changes(subscription: Subscription, points: Mapping[Node, Sequence[str]]) -> Sequence[Reading]:
    """Return what has changed, or nothing after a while."""
    try:
        event = await subscription.next_event(LOOK_EVERY)
    except StopAsyncIteration:
        raise NotReachableError("the server has ended the subscription") from None
    match event:
        case DataChangeEvent():
            told = event.data.monitored_item.Value
            return [_reading(name, told) for name in points.get(event.node, ())]
        case StatusChangeEvent():
            raise NotReachableError("the server has ended the subscription")
    return []


def _reading(name: str, told: ua.DataValue | None) -> Reading:
    if told is None:
        return Reading(point=name)
    if told.StatusCode is not None and told.StatusCode.is_bad():
        return Reading(point=name, why=_told(told.StatusCode))
    value = told.Value.Value if told.Value is not None else None
    if value is not None and not isinstance(value, bool | int | float | str):
        return Reading(point=name, why=f"{type(value).__name__} ist kein einzelner Wert")
    return Reading(point=name, value=value, at=told.SourceTimestamp)


async def _node_id(client: Client, written: str) -> ua.NodeId:
    """Read a name of a node; `nsu=` names its namespace as the server writes it, whose number may change."""
    kind, _, rest = written.partition("=")
    if kind != "nsu":
        return ua.NodeId.from_string(written)
    namespace, _, rest = rest.partition(";")
    return ua.NodeId.from_string(f"ns={await client.get_namespace_index(namespace)};{rest}")


async def _close(client: Client) -> None:
    """Take leave; a server that is gone hears nothing of it."""
    try:
        async with asyncio.timeout(CLOSE_WITHIN):
            await client.disconnect()
    except (UaError, OSError, TimeoutError):
        client.disconnect_socket()


def _named_in(certificate: Path) -> str:
    """Return the name that our certificate gives us; servers want that one and no other."""
    octets = certificate.read_bytes()
    load = x509.load_pem_x509_certificate if octets.lstrip().startswith(b"-----") else x509.load_der_x509_certificate
    try:
        names = load(octets).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound as error:
        raise ValueError("the certificate names no application") from error
    return next(iter(names.get_values_for_type(x509.UniformResourceIdentifier)), "urn:ami-bridge")


def _told(status: ua.StatusCode) -> str:
    return f"Zustand {status.name}"


def _why(error: Exception) -> str:
    return type(error).__name__

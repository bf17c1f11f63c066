"""A server of OPC UA is followed: its changes become alarms, its bad values and its silence do so, too."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest
import pytest_asyncio
from asyncua import ua
from asyncua.crypto.cert_gen import generate_private_key, generate_self_signed_app_certificate
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.server import Server
from asyncua.server.user_managers import UserManager
from asyncua.ua.status_codes import StatusCodes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import DNSName, UniformResourceIdentifier
from cryptography.x509.oid import ExtendedKeyUsageOID
from msgspec import structs

from ami_bridge.alarms.sources.opcua import OpcuaLine
from ami_bridge.config_alarms import Source
from ami_bridge.config_watched import OpcuaPoint, SourceOpcua
from ami_bridge.demo.ports import free_tcp
from ami_bridge.errors import NotReachableError
from ami_bridge.tasks import race
from tests.alarms.sources.watched import until, watching
from tests.alarms.sources.world import PLANT, world

if TYPE_CHECKING:
    from asyncua.common.node import Node

SPACE = "urn:musterhausen:plant"
POINTS = {
    "gas-engine": OpcuaPoint(node="ns=2;s=GasEngine", alarm="= true"),
    "level": OpcuaPoint(node=f"nsu={SPACE};s=Level", alarm="> 80", normal="< 75"),
    "mode": OpcuaPoint(node="ns=2;s=Mode", alarm="= FAULT"),
}


NORMAL = {"GasEngine": False, "Level": 50.0, "Mode": "RUN", "Life": 0}
pytestmark = pytest.mark.asyncio(loop_scope="session")


class Accounts(UserManager):
    """Lets in whoever names no account, and one by its password."""

    def get_user(
        self,
        iserver: object,  # noqa: ARG002
        username: str | None = None,
        password: str | None = None,
        certificate: object = None,  # noqa: ARG002
    ) -> User | None:
        known = username is None or (username, password) == ("ami-bridge", "a password")
        return User(role=UserRole.User) if known else None


class Plc:
    """A real server of OPC UA in this process, behind a wire that can be cut."""

    def __init__(self, keys: Path) -> None:
        self.keys = keys
        self._server = Server(user_manager=Accounts())
        self._port, self.port = free_tcp(), free_tcp()
        self._wire: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._nodes: dict[str, Node] = {}

    @property
    def url(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.port}/plant"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        server = self._server
        await server.init()
        server.set_endpoint(f"opc.tcp://127.0.0.1:{self._port}/plant")
        await server.load_certificate(self.keys / "server.der")
        await server.load_private_key(self.keys / "server.pem")
        kinds = ua.SecurityPolicyType
        server.set_security_policy([kinds.NoSecurity, kinds.Basic256Sha256_SignAndEncrypt])
        space = await server.register_namespace(SPACE)
        things = server.get_objects_node()
        for name, value in NORMAL.items():
            self._nodes[name] = await things.add_variable(ua.NodeId.from_string(f"ns={space};s={name}"), name, value)
        async with server:
            await self.join()
            try:
                yield self
            finally:
                await self.cut()

    async def join(self) -> None:
        if self._wire is None:
            self._wire = await asyncio.start_server(self._carry, "127.0.0.1", self.port)

    async def cut(self) -> None:
        if self._wire is not None:
            self._wire.close()
            self._wire = None
        for writer in list(self._open):
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_connection("127.0.0.1", self._port)
        self._open |= {writer, ours}
        await race(_copy(reader, ours), _copy(theirs, writer))
        for one in (writer, ours):
            one.close()
            self._open.discard(one)

    async def write(self, **values: object) -> None:
        for name, value in values.items():
            await self._nodes[name].write_value(value)

    async def bad(self, name: str) -> None:
        await self._server.write_attribute_value(
            self._nodes[name].nodeid, ua.DataValue(StatusCode=ua.StatusCode(ua.UInt32(StatusCodes.BadSensorFailure)))
        )


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while octets := await reader.read(65536):
            writer.write(octets)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Plc]:
    """One for all tests of this file: a second of work each."""
    keys = tmp_path_factory.mktemp("keys")
    for name in ("client", "server"):
        await asyncio.to_thread(_keys, keys, name)
    async with Plc(keys).running() as it:
        yield it


@pytest_asyncio.fixture(loop_scope="session")
async def at(server: Plc) -> Plc:
    await server.join()
    await server.write(**NORMAL)
    return server


def source(at: Plc, **more: object) -> Source:
    config = SourceOpcua(url=at.url, every=0.1, points=POINTS)
    return structs.replace(PLANT, kind="opcua", opcua=structs.replace(config, **more))


async def test_changes_come_and_go_as_alarms_of_their_points(at: Plc, tmp_path: Path) -> None:
    async with world(tmp_path, source(at)) as town, watching(town) as watched:
        await until(lambda: watched.connected)
        await at.write(GasEngine=True)
        await until(lambda: town.kept.told() == [("plant", "gas-engine", "come")])
        at_the_source = town.kept.reports_[0].event_time
        assert at_the_source is not None
        assert abs((datetime.now(UTC) - at_the_source).total_seconds()) < 60  # noqa: TID251 - the server's own clock
        for value in (81.5, 79.0, 74.0):  # faster than the server answers: all of it comes
            await at.write(Level=value)
            await asyncio.sleep(0.02)
        await at.write(Mode="FAULT")
        await at.write(GasEngine=False)
        await until(lambda: len(town.kept.reports_) == 5)
        assert [one for one in town.kept.told() if one[1] == "level"] == [
            ("plant", "level", "come"),
            ("plant", "level", "go"),
        ]
        assert ("plant", "mode", "come") in town.kept.told()
        assert town.lives.states()["plant"].beat_at is not None

        await at.bad("Level")
        await until(lambda: town.kept.told()[-1] == ("plant", "unreadable/level", "come"))
        assert "BadSensorFailure" in town.kept.reports_[-1].text
        await at.write(Level=50.0)
        await until(lambda: town.kept.told()[-1] == ("plant", "unreadable/level", "go"))


async def test_what_the_server_does_not_have_is_an_alarm_that_says_so_and_costs_no_other(
    at: Plc, tmp_path: Path
) -> None:
    points = POINTS | {"gone": OpcuaPoint(node="ns=2;s=Gone"), "far": OpcuaPoint(node="nsu=urn:nowhere;i=3")}
    async with world(tmp_path, source(at, points=points)) as town, watching(town):
        await until(lambda: len(town.kept.reports_) == 2)
        texts = {one.point: one.text for one in town.kept.reports_}
        assert "BadNodeIdUnknown" in texts["gone"]
        assert "diesen Namensraum kennt der Server nicht" in texts["far"]
        await at.write(GasEngine=True)
        await until(lambda: ("plant", "gas-engine", "come") in town.kept.told())


async def test_a_server_that_is_away_is_an_alarm_and_back_its_state_is_told(at: Plc, tmp_path: Path) -> None:
    seconds = [0.0]
    async with (
        world(tmp_path, source(at)) as town,
        watching(town, lambda: seconds[0]) as watched,
    ):
        await until(lambda: watched.connected)
        await at.cut()
        await until(lambda: not watched.connected)
        await watched.look()
        assert town.kept.told() == []
        seconds[0] += 30
        await watched.look()
        assert town.kept.told() == [("ami-bridge", "opcua/plant", "come")]
        await at.write(GasEngine=True)
        await at.join()
        await until(lambda: ("plant", "gas-engine", "come") in town.kept.told())
        await watched.look()
        assert town.kept.told()[-1] == ("ami-bridge", "opcua/plant", "go")


async def test_by_certificate_and_password_and_no_other_server_is_believed(at: Plc, tmp_path: Path) -> None:
    more = {
        "user": "ami-bridge", "password": "a password", "certificate": str(at.keys / "client.der"),
        "private_key": str(at.keys / "client.pem"), "server_certificate": str(at.keys / "server.der"),
    }  # fmt: skip
    async with world(tmp_path, source(at, **more)) as town, watching(town) as watched:
        await until(lambda: watched.connected)
        await at.write(GasEngine=True)
        await until(lambda: town.kept.told() == [("plant", "gas-engine", "come")])
    for wrong in ({"password": "another"}, {"server_certificate": str(at.keys / "client.der")}):
        with pytest.raises(NotReachableError):
            async with OpcuaLine(source(at, **(more | wrong)).opcua).open():
                pass


def _keys(folder: Path, name: str) -> None:
    key = generate_private_key()
    usage = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
    names = [UniformResourceIdentifier(f"urn:{name}"), DNSName("localhost")]
    certificate = generate_self_signed_app_certificate(key, name, {}, names, usage)
    (folder / f"{name}.der").write_bytes(certificate.public_bytes(Encoding.DER))
    (folder / f"{name}.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

"""A controller of Modbus TCP is asked again and again: what it says becomes alarms, and so does its silence."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec import structs
from pymodbus.constants import ExcCodes
from pymodbus.pdu import ModbusPDU
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from ami_bridge.alarms.sources import modbus
from ami_bridge.config_alarms import Source
from ami_bridge.config_watched import ModbusPoint, SourceModbus
from ami_bridge.demo.ports import free_tcp
from tests.alarms.sources.watched import until, watching
from tests.alarms.sources.world import PLANT, world

COILS, HOLDING = 5, 6
"""Functions that write to the two tables."""
POINTS = {
    "gas-engine": ModbusPoint(read="coil 3"),
    "pump-3": ModbusPoint(read="coil 4"),
    "level": ModbusPoint(read="holding 10 float32", alarm="> 80", normal="< 75"),
    "door": ModbusPoint(read="holding 12 bit 5", alarm="= 0"),
}


class Plc:
    """A real server of Modbus in this process."""

    def __init__(self) -> None:
        self.port = free_tcp()
        self.asked: list[tuple[int, int, int]] = []
        self.refuses: dict[int, ExcCodes] = {}
        """By address, what is answered instead."""
        self.silent = False
        self._values: list[tuple[int, int, list[int] | list[bool]]] = [(HOLDING, 12, [0b100000])]
        self._server: ModbusTcpServer | None = None

    async def _action(
        self, _function: int, _start: int, address: int, count: int, _now: list[int], new: list[int] | list[bool] | None
    ) -> ExcCodes | None:
        if new is not None:
            return None
        if self.silent:
            await asyncio.sleep(60)
        return next((self.refuses[one] for one in range(address, address + count) if one in self.refuses), None)

    def _hear(self, sending: bool, pdu: ModbusPDU) -> ModbusPDU:  # noqa: FBT001 - as it is called
        if not sending:
            self.asked.append((pdu.function_code, pdu.address, pdu.count))
        return pdu

    async def start(self) -> None:
        bits = [SimData(0, values=[False] * 16, datatype=DataType.BITS)]
        words = [SimData(0, values=[0] * 40, datatype=DataType.REGISTERS)]
        device = SimDevice(1, simdata=(bits, bits, words, words), action=self._action)
        self._server = ModbusTcpServer(device, address=("127.0.0.1", self.port), trace_pdu=self._hear)
        await self._server.serve_forever(background=True)
        for one in self._values:
            await self._server.async_setValues(1, *one)

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.shutdown()  # type: ignore[no-untyped-call]
            self._server = None

    async def write(self, function: int, address: int, values: list[int] | list[bool]) -> None:
        self._values.append((function, address, values))
        assert self._server
        await self._server.async_setValues(1, function, address, values)

    async def level(self, value: float) -> None:
        await self.write(HOLDING, 10, list(struct.unpack(">2H", struct.pack(">f", value))))


@asynccontextmanager
async def plc() -> AsyncIterator[Plc]:
    it = Plc()
    await it.start()
    try:
        yield it
    finally:
        await it.stop()


def source(at: Plc, **more: object) -> Source:
    config = SourceModbus(url=f"modbus://127.0.0.1:{at.port}", every=0.02, points=POINTS)
    return structs.replace(PLANT, kind="modbus", modbus=structs.replace(config, **more))


async def test_values_come_and_go_as_alarms_of_their_points(tmp_path: Path) -> None:
    async with plc() as at, world(tmp_path, source(at)) as town, watching(town):
        await until(lambda: len(at.asked) > 4)
        assert town.kept.told() == [], "what is normal is told to nobody"
        assert set(at.asked) == {(1, 3, 2), (3, 10, 3)}, "what lies side by side is one question"
        await at.write(COILS, 3, [True])
        await until(lambda: town.kept.told() == [("plant", "gas-engine", "come")])
        await at.level(81.5)
        await until(lambda: len(town.kept.reports_) == 2)
        assert (town.kept.reports_[1].point, town.kept.reports_[1].values) == ("level", {"value": "81.5"})
        await at.level(79)
        await at.write(HOLDING, 12, [0])
        await until(lambda: len(town.kept.reports_) == 3)
        await at.write(COILS, 3, [False])
        await at.level(74)
        await until(lambda: len(town.kept.reports_) == 5)
        assert town.kept.told()[2] == ("plant", "door", "come")
        assert set(town.kept.told()[3:]) == {("plant", "gas-engine", "go"), ("plant", "level", "go")}


async def test_started_again_nothing_is_told_twice_and_what_ended_meanwhile_ends(tmp_path: Path) -> None:
    async with plc() as at, world(tmp_path, source(at)) as town:
        await at.write(COILS, 3, [True, True])
        async with watching(town):
            await until(lambda: len(town.kept.reports_) == 2)
        await at.write(COILS, 4, [False])
        async with watching(town):
            await until(lambda: ("plant", "pump-3", "go") in town.kept.told())
        assert len(town.kept.reports_) == 3


async def test_while_the_disk_is_full_nothing_is_lost(tmp_path: Path) -> None:
    async with plc() as at, world(tmp_path, source(at)) as town, watching(town):
        town.kept.full = True
        await at.write(COILS, 3, [True])
        await town.kept.asked.wait()
        await at.write(COILS, 3, [False])
        before = len(at.asked)
        await until(lambda: len(at.asked) > before + 4)
        assert town.kept.reports_ == []
        town.kept.full = False
        await until(lambda: len(town.kept.reports_) == 2)
        assert town.kept.told() == [("plant", "gas-engine", "come"), ("plant", "gas-engine", "go")]


async def test_what_the_controller_does_not_have_is_an_alarm_that_says_so_and_costs_no_other(tmp_path: Path) -> None:
    async with plc() as at, world(tmp_path, source(at)) as town:
        at.refuses[12] = ExcCodes.ILLEGAL_ADDRESS
        await at.level(90)
        async with watching(town):
            await until(lambda: len(town.kept.reports_) == 2)
            bad, level = sorted(town.kept.reports_, key=lambda one: one.point)
            assert (bad.dedup, bad.unreadable) == ("unreadable/door", True)
            assert bad.text == "door: kein brauchbarer Wert (diese Adresse kennt das Gerät nicht)"
            assert (level.dedup, level.what) == ("level", "come")
            at.refuses[12] = ExcCodes.DEVICE_BUSY
            before = len(at.asked)
            await until(lambda: len(at.asked) > before + 6)
            assert len(town.kept.reports_) == 2, "a controller that has no time now is asked again"
            at.refuses.clear()
            await until(lambda: town.kept.told()[-1] == ("plant", "unreadable/door", "go"))


async def test_a_controller_that_is_away_is_an_alarm_and_back_it_is_over(tmp_path: Path) -> None:
    seconds = [0.0]
    async with (
        plc() as at,
        world(tmp_path, source(at, away_after=30)) as town,
        watching(town, lambda: seconds[0]) as watched,
    ):
        await until(lambda: watched.connected)
        await at.stop()
        await until(lambda: not watched.connected)
        await watched.look()
        assert town.kept.told() == []
        seconds[0] += 30
        await watched.look()
        await watched.look()
        assert town.kept.told() == [("ami-bridge", "modbus/plant", "come")]
        assert "Kläranlage ist nicht erreichbar" in town.kept.reports_[0].text
        at._values.append((COILS, 3, [True]))
        await at.start()
        await until(lambda: ("plant", "gas-engine", "come") in town.kept.told())
        await watched.look()
        assert town.kept.told()[-1] == ("ami-bridge", "modbus/plant", "go")


async def test_one_that_takes_connections_and_says_nothing_is_away_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(modbus, "ASK_WITHIN", 0.3)
    async with plc() as at, world(tmp_path, source(at)) as town:
        at.silent = True
        async with watching(town) as watched:
            await until(lambda: len(at.asked) > 1)
            assert not watched.connected
            at.silent = False
            await until(lambda: watched.connected)


async def test_nonsense_instead_of_an_answer_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modbus, "ASK_WITHIN", 0.3)

    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(12)
        writer.write(b"\x00\x01\x00\x00\x00\x05\x01\x01\xff\x00\x00" * 50 + b"HTTP/1.1 400 Bad Request\r\n\r\n" * 50)
        await writer.drain()
        writer.close()
        visits.append(1)

    visits: list[int] = []
    at = Plc()
    async with world(tmp_path, source(at)) as town:
        server = await asyncio.start_server(babble, "127.0.0.1", at.port)
        async with server, watching(town) as watched:
            await until(lambda: len(visits) > 1)
            assert not watched.connected
        await at.start()
        async with watching(town) as watched:
            await until(lambda: watched.connected)
        await at.stop()


async def test_a_controller_whose_counter_stands_still_shows_no_sign_of_life(tmp_path: Path) -> None:
    async with plc() as at, world(tmp_path, source(at, life="holding 20")) as town:
        town.later(20)
        async with watching(town, lambda: town.now().timestamp()):
            await until(lambda: town.lives.states()["plant"].beat_at is not None)
            first = town.lives.states()["plant"].beat_at
            town.later(20)
            before = len(at.asked)
            await until(lambda: len(at.asked) > before + 6)
            assert town.lives.states()["plant"].beat_at == first, "its answers alone are none"
            await at.write(HOLDING, 20, [1])
            await until(lambda: town.lives.states()["plant"].beat_at != first)

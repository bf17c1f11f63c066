"""A controller that is asked by Modbus TCP, again and again: one question at a time, with limits."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from pymodbus import ExceptionResponse, ModbusException
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.pdu import ModbusPDU

from ami_bridge.alarms.sources.measured import Block, OddValueError, Reading, Spot, blocks, spot, value_at
from ami_bridge.alarms.sources.watching import LIFE, Rounds
from ami_bridge.config_watched import SourceModbus
from ami_bridge.errors import NotReachableError

ASK_WITHIN = 3.0
PORT = 502
LATER = frozenset({5, 6})
"""The controller has understood, and has no time now."""
WHY = {
    1: "diese Frage kennt das Gerät nicht",
    2: "diese Adresse kennt das Gerät nicht",
    3: "das Gerät lehnt die Frage ab",
    4: "das Gerät hat einen Fehler",
    10: "hinter dem Gateway ist kein Weg zum Gerät",
    11: "das Gerät hinter dem Gateway antwortet nicht",
}


class ModbusLine:
    """The way to its values."""

    def __init__(self, config: SourceModbus) -> None:
        self._config = config
        self._spots: Mapping[str, Spot] = {
            **{name: spot(point.read) for name, point in config.points.items()},
            **({LIFE: spot(config.life)} if config.life else {}),
        }
        self._blocks = blocks(list(self._spots.values()))
        self._apart: set[Block] = set()
        """What the controller did not answer together: asked one by one until the next connection."""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Rounds]:
        """Connect, and read all values again and again."""
        where = urlsplit(self._config.url)
        client = AsyncModbusTcpClient(
            where.hostname or "", port=where.port or PORT, timeout=ASK_WITHIN, retries=0, reconnect_delay=0
        )
        self._apart.clear()
        try:
            if not await client.connect():
                raise NotReachableError("nobody answers there")
            yield self._rounds(client)
        except (ModbusException, OSError) as error:
            raise NotReachableError(type(error).__name__) from error
        finally:
            client.close()

    async def _rounds(self, client: AsyncModbusTcpClient) -> Rounds:
        while True:
            for block in self._blocks:
                yield await self._read(client, block)
            await asyncio.sleep(self._config.every)

    async def _read(self, client: AsyncModbusTcpClient, block: Block) -> Sequence[Reading]:
        """Read what lies side by side; where that is refused, one by one."""
        here = {name: one for name, one in self._spots.items() if _within(one, block)}
        if block not in self._apart:
            answer = await self._ask(client, block)
            if not isinstance(answer, ExceptionResponse):
                return [self._reading(name, one, block, answer) for name, one in here.items()]
            if len(here) == 1 or answer.exception_code in LATER:
                return _refused(here, answer)
            self._apart.add(block)
        found: list[Reading] = []
        for name, one in here.items():
            alone = Block(table=one.table, at=one.at, count=one.width)
            answer = await self._ask(client, alone)
            if isinstance(answer, ExceptionResponse):
                found += _refused({name: one}, answer)
            else:
                found.append(self._reading(name, one, alone, answer))
        return found

    async def _ask(self, client: AsyncModbusTcpClient, block: Block) -> ModbusPDU:
        unit = self._config.unit
        match block.table:
            case "coil":
                return await client.read_coils(block.at, count=block.count, device_id=unit)
            case "discrete":
                return await client.read_discrete_inputs(block.at, count=block.count, device_id=unit)
            case "input":
                return await client.read_input_registers(block.at, count=block.count, device_id=unit)
            case "holding":
                return await client.read_holding_registers(block.at, count=block.count, device_id=unit)

    def _reading(self, name: str, one: Spot, block: Block, answer: ModbusPDU) -> Reading:
        read: Sequence[bool] | Sequence[int] = answer.bits if one.table in {"coil", "discrete"} else answer.registers
        try:
            return Reading(point=name, value=value_at(one, block, read, little=self._config.word_order == "little"))
        except OddValueError as error:
            return Reading(point=name, why=str(error))


def _within(one: Spot, block: Block) -> bool:
    return one.table == block.table and block.at <= one.at and one.at + one.width <= block.at + block.count


def _refused(here: Mapping[str, Spot], answer: ExceptionResponse) -> Sequence[Reading]:
    if answer.exception_code in LATER:
        return []
    why = WHY.get(answer.exception_code, f"Fehler {answer.exception_code}")
    return [Reading(point=name, why=why) for name in here]

"""Calls of every kind, played by real telephones; the tests judge them, and the recordings are made of them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from ami_bridge.demo.pbx import Pbx
from ami_bridge.demo.phones import Phone
from ami_bridge.demo.sipp import ConsultingPhone, PlayedPhone, TrunkPhone, call_from_trunk

WHILE = 1.2  # seconds of a conversation: CDR counts whole ones
CALLER = "+493023125001"


@dataclass
class Stage:
    """The town's telephones: Anna and Ben take calls by hand, Carla and Dieter's answer by themselves."""

    pbx: Pbx
    anna: Phone
    ben: Phone
    carla: Phone
    dieter: Phone


@asynccontextmanager
async def a_stage(pbx: Pbx) -> AsyncIterator[Stage]:
    """Switch the telephones on, all at once."""
    async with AsyncExitStack() as stack:
        modes = {"101": "ring", "102": "ring", "103": "answer", "104": "answer"}
        phones = [Phone(pbx, extension, mode=mode) for extension, mode in modes.items()]  # type: ignore[arg-type]
        for phone in phones:
            await stack.enter_async_context(phone)
        yield Stage(pbx, *phones)


async def a_while(times: float = 1.0) -> None:
    await asyncio.sleep(WHILE * times)


async def answered(stage: Stage) -> None:
    mark = stage.anna.mark()
    await stage.carla.dial("101")
    await stage.anna.ringing(after=mark)
    await asyncio.sleep(0.2)
    await stage.anna.accept()
    await a_while()
    await stage.anna.hangup()


async def cancelled(stage: Stage) -> None:
    mark = stage.ben.mark()
    await stage.anna.dial("102")
    await stage.ben.ringing(after=mark)
    await asyncio.sleep(0.3)
    await stage.anna.hangup()


async def no_answer(stage: Stage) -> None:
    mark = stage.anna.mark()
    await stage.anna.dial("102")
    await stage.anna.idle(after=mark, within=20)


async def busy(stage: Stage) -> None:
    async with PlayedPhone(stage.pbx, "105", answer="486", ring_seconds=0) as eva:
        mark = stage.anna.mark()
        await stage.anna.dial("105")
        await eva.until("invite")
        await stage.anna.idle(after=mark, within=15)


async def rejected(stage: Stage) -> None:
    mark, ended = stage.ben.mark(), stage.anna.mark()
    await stage.anna.dial("102")
    await stage.ben.ringing(after=mark)
    await asyncio.sleep(0.3)
    await stage.ben.hangup()
    await stage.anna.idle(after=ended, within=15)


async def declined(stage: Stage) -> None:
    async with PlayedPhone(stage.pbx, "105", answer="603", ring_seconds=0.3):
        mark = stage.anna.mark()
        await stage.anna.dial("105")
        await stage.anna.idle(after=mark, within=15)


async def hold(stage: Stage) -> None:
    mark = stage.anna.mark()
    await stage.anna.dial("103")
    await stage.anna.talking(after=mark)
    await asyncio.sleep(0.4)
    await stage.anna.hold()
    await a_while()
    await stage.anna.resume()
    await asyncio.sleep(0.4)
    await stage.carla.hangup()


async def blind_transfer(stage: Stage) -> None:
    """Carla calls Anna, who sends her to Ben."""
    mark, ben = stage.anna.mark(), stage.ben.mark()
    await stage.carla.dial("101")
    await stage.anna.ringing(after=mark)
    await stage.anna.accept()
    await a_while()
    await stage.anna.transfer("102")
    await stage.ben.ringing(after=ben)
    await asyncio.sleep(0.2)
    await stage.ben.accept()
    await a_while()
    await stage.ben.hangup()


async def transfer_not_taken(stage: Stage) -> None:
    """Carla calls Anna, who sends her to Ben, who does not take it."""
    mark, ben, carla = stage.anna.mark(), stage.ben.mark(), stage.carla.mark()
    await stage.carla.dial("101")
    await stage.anna.ringing(after=mark)
    await stage.anna.accept()
    await a_while()
    await stage.anna.transfer("102")
    await stage.ben.ringing(after=ben)
    await stage.carla.idle(after=carla, within=20)


async def attended_transfer(stage: Stage) -> None:
    """Anna calls Eva, who asks Dieter and joins them."""
    mark = stage.anna.mark()
    async with ConsultingPhone(stage.pbx, "105", consult="104", talk_seconds=WHILE) as eva:
        await stage.anna.dial("105")
        await stage.anna.talking(after=mark)
        await eva.transferred()
        await a_while()
        await stage.anna.hangup()


async def park(stage: Stage) -> None:
    """Carla calls Anna, who parks her; Ben fetches her."""
    mark = stage.anna.mark()
    await stage.carla.dial("101")
    await stage.anna.ringing(after=mark)
    await stage.anna.accept()
    await a_while()
    await stage.anna.transfer("700")
    await a_while()
    await stage.ben.dial("701")
    await a_while()
    await stage.ben.hangup()


async def ring_group(stage: Stage) -> None:
    anna, ben = stage.anna.mark(), stage.ben.mark()
    await stage.carla.dial("200")
    await stage.anna.ringing(after=anna)
    await stage.ben.ringing(after=ben)
    await asyncio.sleep(0.2)
    await stage.ben.accept()
    await a_while()
    await stage.carla.hangup()


async def queue(stage: Stage) -> None:
    anna = stage.anna.mark()
    await stage.carla.dial("300")
    await stage.anna.ringing(after=anna)
    await asyncio.sleep(0.2)
    await stage.anna.accept()
    await a_while()
    await stage.carla.hangup()


async def click_to_dial(pbx: Pbx, device: str, number: str) -> None:
    """Do what a click on a number does, over a manager account of the test's own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", pbx.ports.ami)
    actions = (
        f"Action: Login\r\nUsername: judge\r\nSecret: {pbx.secrets.judge}\r\nEvents: off\r\n\r\n"
        f"Action: Originate\r\nActionID: click\r\nChannel: {device}\r\nContext: internal\r\nExten: {number}\r\n"
        "Priority: 1\r\nAsync: true\r\nChannelId: click-1\r\n\r\n"
    )
    writer.write(actions.encode())
    async with asyncio.timeout(5):
        await reader.readuntil(b"successfully queued")
    writer.close()


async def originate(stage: Stage) -> None:
    mark = stage.anna.mark()
    await click_to_dial(stage.pbx, "PJSIP/101", "103")
    await stage.anna.ringing(after=mark)
    await stage.anna.accept()
    await a_while()
    await stage.anna.hangup()


async def conference(stage: Stage) -> None:
    for phone in (stage.anna, stage.ben, stage.carla):
        mark = phone.mark()
        await phone.dial("8000")
        await phone.talking(after=mark)
        await asyncio.sleep(0.8)
    await a_while()
    for phone in (stage.ben, stage.anna, stage.carla):
        await phone.hangup()
        await asyncio.sleep(0.3)


async def pickup(stage: Stage) -> None:
    """Carla calls Anna; Ben, of the same department, takes it."""
    mark = stage.anna.mark()
    await stage.carla.dial("101")
    await stage.anna.ringing(after=mark)
    await asyncio.sleep(0.3)
    await stage.ben.dial("*8")
    await a_while()
    await stage.carla.hangup()


async def forwarded(stage: Stage) -> None:
    """Eva's telephone sends all calls to Dieter's (302)."""
    async with PlayedPhone(stage.pbx, "105", answer="302", ring_seconds=0.3, forward_to="104"):
        mark = stage.anna.mark()
        await stage.anna.dial("105")
        await stage.anna.talking(after=mark)
        await a_while()
        await stage.anna.hangup()


async def from_outside(stage: Stage) -> None:
    mark = stage.anna.mark()
    call = await call_from_trunk(stage.pbx, CALLER, "+498999998101", hold_seconds=WHILE)
    await stage.anna.ringing(after=mark)
    await asyncio.sleep(0.2)
    await stage.anna.accept()
    await call.ended()


async def withheld(stage: Stage) -> None:
    mark = stage.anna.mark()
    call = await call_from_trunk(stage.pbx, CALLER, "+498999998101", hold_seconds=WHILE, withheld=True)
    await stage.anna.ringing(after=mark)
    await stage.anna.accept()
    await call.ended()


async def to_outside(stage: Stage) -> None:
    async with TrunkPhone(stage.pbx, ring_seconds=0.3):
        mark = stage.anna.mark()
        await stage.anna.dial("003023125001")
        await stage.anna.talking(after=mark)
        await a_while()
        await stage.anna.hangup()


PLAYS: dict[str, Callable[[Stage], Awaitable[None]]] = {
    play.__name__: play
    for play in (
        answered, cancelled, no_answer, busy, rejected, declined, hold, blind_transfer, transfer_not_taken,
        attended_transfer, park, ring_group, queue, originate, conference, pickup, forwarded, from_outside, withheld,
        to_outside,
    )
}  # fmt: skip

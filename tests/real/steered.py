"""Calls that are steered over the manager interface as call control does; the recordings are made of them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from ami_bridge.asterisk import moves, phone, queue_phone
from ami_bridge.demo.phones import Phone
from tests.real.plays import Stage, a_while

ID, OTHER = "01KAH2Y5RD3V6S0M8Q4B7N9XCE", "01KAH2Y5RD3V6S0M8Q4B7N9XCF"


async def manager(stage: Stage, action: phone.Action) -> None:
    """Send one action, over an account of the test's own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", stage.pbx.ports.ami)
    lines = "".join(
        f"{name}: {one}\r\n"
        for name, value in action.headers.items()
        for one in ([value] if isinstance(value, str) else value)
    )
    login = f"Action: Login\r\nUsername: judge\r\nSecret: {stage.pbx.secrets.judge}\r\nEvents: off\r\n\r\n"
    writer.write(f"{login}Action: {action.name}\r\n{lines}\r\n".encode())
    async with asyncio.timeout(5):
        await reader.readuntil(b"accepted\r\n\r\n")
        assert b"Success" in await reader.readuntil(b"\r\n\r\n")
    writer.close()


async def channel(stage: Stage, device: str) -> str:
    """Return the name of a telephone's only channel."""
    (found,) = [one for one in await stage.pbx.channels() if one.startswith(f"{device}-")]
    return found


async def talk(stage: Stage) -> None:
    """Carla calls Anna, who takes it."""
    mark = stage.anna.mark()
    await stage.carla.dial("101")
    await stage.anna.ringing(after=mark)
    await stage.anna.accept()
    await a_while()


async def rings(telephone: Phone, act: Callable[[], Awaitable[None]]) -> None:
    """Do something that makes a telephone ring, and take it."""
    mark = telephone.mark()
    await act()
    await telephone.ringing(after=mark)
    await asyncio.sleep(0.2)
    await telephone.accept()
    await a_while()


async def sent_on(stage: Stage) -> None:
    """Carla calls Anna, who sends her to Ben without taking it."""
    mark = stage.anna.mark()
    await stage.carla.dial("101")
    await stage.anna.ringing(after=mark)
    await asyncio.sleep(0.3)
    caller = await channel(stage, "PJSIP/103")
    await rings(stage.ben, lambda: manager(stage, moves.redirect(caller, "102")))
    await stage.ben.hangup()


async def consulted(stage: Stage) -> None:
    """Anna lets Carla wait, asks Dieter, goes back, asks again and joins them."""
    await talk(stage)
    anna = await channel(stage, "PJSIP/101")
    await manager(stage, moves.attended_transfer(anna, "104"))
    await a_while(2)
    (way,) = [one for one in await stage.pbx.channels() if one.startswith("Local/") and one.endswith(";1")]
    await manager(stage, phone.hangup(way, cause=16))
    await a_while()
    await manager(stage, moves.attended_transfer(anna, "104"))
    await a_while(2)
    await manager(stage, phone.hangup(anna, cause=16))
    await a_while()
    await stage.carla.hangup()


async def made_a_conference(stage: Stage) -> None:
    """Carla and Anna talk; Ben is called into a conference of theirs; Anna leaves it first."""
    await talk(stage)
    anna, carla = await channel(stage, "PJSIP/101"), await channel(stage, "PJSIP/103")
    await manager(stage, moves.stays(anna))
    await manager(stage, moves.bring_together(anna, carla, "123456789012"))
    invite = moves.invite("102", "123456789012", caller="101", host=True, id=ID, other_id=OTHER)
    await rings(stage.ben, lambda: manager(stage, invite))
    await stage.anna.hangup()
    await a_while()
    await stage.ben.hangup()


async def fetched(stage: Stage) -> None:
    """Anna parks Carla and fetches her with her own telephone."""
    await talk(stage)
    anna, carla = await channel(stage, "PJSIP/101"), await channel(stage, "PJSIP/103")
    mark = stage.anna.mark()
    await manager(stage, moves.park(carla, by=anna))
    await stage.anna.idle(after=mark)
    fetch = moves.fetch(moves.Ring("PJSIP/101", "701", ""), "701", id=ID, other_id=OTHER)
    await rings(stage.anna, lambda: manager(stage, fetch))
    await stage.carla.hangup()


async def picked_up(stage: Stage) -> None:
    """Carla calls Anna; Ben's telephone is rung to take it."""
    mark = stage.anna.mark()
    await stage.carla.dial("101")
    await stage.anna.ringing(after=mark)
    await asyncio.sleep(0.3)
    ring = moves.Ring("PJSIP/102", "101", "")
    take = moves.pick_up(ring, await channel(stage, "PJSIP/101"), id=ID, other_id=OTHER)
    await rings(stage.ben, lambda: manager(stage, take))
    await stage.carla.hangup()


async def queue_taken(stage: Stage) -> None:
    """Carla waits while both members pause; Ben takes her, does not answer, and she is back; then Anna serves again."""
    for device in ("PJSIP/101", "PJSIP/102"):
        await manager(stage, queue_phone.pause("300", device, on=True))
    await stage.carla.dial("300")
    await a_while()
    mark = stage.ben.mark()
    for action in queue_phone.take(await channel(stage, "PJSIP/103"), "300", "PJSIP/102"):
        await manager(stage, action)
    await stage.ben.ringing(after=mark)
    await asyncio.sleep(0.2)
    await stage.ben.hangup()
    await a_while()
    await manager(stage, queue_phone.log_in("300", "PJSIP/104", name="Dieter Dachs"))
    await manager(stage, queue_phone.log_out("300", "PJSIP/104"))
    await rings(stage.anna, lambda: manager(stage, queue_phone.pause("300", "PJSIP/101", on=False)))
    await stage.carla.hangup()
    await manager(stage, queue_phone.pause("300", "PJSIP/102", on=False))


STEERED: Mapping[str, Callable[[Stage], Awaitable[None]]] = {
    play.__name__: play for play in (sent_on, consulted, made_a_conference, fetched, picked_up, queue_taken)
}

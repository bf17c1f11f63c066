"""Calls of all kinds at a real Asterisk, for recordings: sipp plays the telephones, our own link presses the keys."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count

from ami_bridge.asterisk.link import AmiLink
from ami_bridge.asterisk.message import Message
from ami_bridge.config import Pbx as PbxConfig
from ami_bridge.demo.pbx import Pbx
from ami_bridge.demo.phones import Phone
from ami_bridge.demo.sipp import PlayedPhone, TrunkPhone, call_from_trunk
from ami_bridge.errors import BridgeError, NotReachableError, RefusedError

TOWN = "+498999998"
PATIENCE = 8.0

Wanted = Callable[[Message], bool]


class Keys:
    """Somebody who sees all channels and presses keys on telephones, over a link of its own."""

    def __init__(self, link: AmiLink) -> None:
        self.link = link
        self._seen: list[Message] = []
        self._changed = asyncio.Event()

    def receive(self, message: Message) -> None:
        """Remember what happened, newest last."""
        self._seen = [*self._seen[-999:], message]
        self._changed.set()
        self._changed = asyncio.Event()

    async def until(self, wanted: Wanted) -> Message:
        """Wait for an event, also one of a moment ago."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for message in reversed(self._seen):
                    if wanted(message):
                        return message
                await self._changed.wait()

    async def bridged(self, number: str) -> tuple[str, str]:
        """Wait until the caller with this number speaks; channels of caller and callee."""

        def entered(message: Message) -> bool:
            return message["Event"] == "BridgeEnter" and number in {
                message.get("CallerIDNum"),
                message.get("ConnectedLineNum"),
            }

        one = await self.until(lambda m: entered(m) and m.get("BridgeNumChannels") == "2")
        other = await self.until(
            lambda m: entered(m) and m["BridgeUniqueid"] == one["BridgeUniqueid"] and m["Channel"] != one["Channel"]
        )
        channels = sorted((one, other), key=lambda message: message["Uniqueid"] != message["Linkedid"])
        return str(channels[0]["Channel"]), str(channels[1]["Channel"])

    async def channels_of(self, number: str) -> list[str]:
        """Ask which channels have this caller now."""
        return [
            str(one["Channel"])
            for one in await self.link.items("CoreShowChannels")
            if one.get("CallerIDNum") == number and one["Uniqueid"] == one["Linkedid"]
        ]

    async def hang_up(self, channel: str) -> None:
        """End a channel, by name or Uniqueid, that may be gone already."""
        try:
            await self.link.send("Hangup", {"Channel": channel})
        except RefusedError:
            return


class Town:
    """The telephones of a recording and what is done with them."""

    def __init__(self, pbx: Pbx, keys: Keys, phone: Phone) -> None:
        self.pbx = pbx
        self.phone = phone
        self.keys = keys
        self._numbers = count()
        self._one_at_a_time = asyncio.Lock()  # baresip's commands mean "the" call

    def number(self) -> str:
        """Take a caller's number, one of those reserved for plays."""
        return f"+493023125{next(self._numbers) % 1000:03d}"

    async def _call(self, callee: str, *, seconds: float = 0.5, cancel_after: float | None = None) -> None:
        sipp = await call_from_trunk(
            self.pbx, self.number(), TOWN + callee, hold_seconds=seconds, cancel_after=cancel_after
        )
        try:
            await sipp.ended(PATIENCE)
        except BridgeError:
            if callee in {"101", "300", "900"}:  # the others are meant to fail
                raise

    async def answered(self) -> None:
        """Somebody outside calls, it rings, they speak, the caller hangs up."""
        await self._call("101")

    async def busy(self) -> None:
        """Let the telephone say busy."""
        await self._call("103")

    async def rejected(self) -> None:
        """Let the person press "reject"."""
        await self._call("104")

    async def cancelled(self) -> None:
        """Let the caller give up while it rings."""
        async with self._one_at_a_time:
            await self._call("105", cancel_after=0.7)

    async def unanswered(self) -> None:
        """Nobody comes, the PBX gives up."""
        async with self._one_at_a_time:
            await self._call("105")

    async def group(self) -> None:
        """Several telephones ring, one answers."""
        number = self.number()
        async with self._from_outside(number, "000"):
            await self.keys.bridged(number)
            await asyncio.sleep(0.5)

    async def queue(self) -> None:
        """Let the caller wait in a queue and be answered."""
        await self._call("300")

    async def conference(self) -> None:
        """Two people meet in a room."""
        await asyncio.gather(self._call("900", seconds=2), self._call("900", seconds=1.5))

    async def originated(self) -> None:
        """Somebody clicks a number: the own telephone rings first, then the other's."""
        number = f"{next(self._numbers):06d}"
        await self._originate(number, "102")
        await self._hung_up(f"bench-{number}", after=0.3)

    async def outgoing(self) -> None:
        """Call outside from a telephone of the house."""
        number = f"{next(self._numbers):06d}"
        await self._originate(number, "0030231250" + number[-2:])
        await self._hung_up(f"bench-{number}", after=0.3)

    async def transferred(self) -> None:
        """Let the callee send the caller to a colleague without asking."""

        async def to_colleague(_caller: str, callee: str) -> None:
            await self.keys.link.send("BlindTransfer", {"Channel": callee, "Context": "internal", "Exten": "102"})

        await self._while_speaking(to_colleague)

    async def held(self) -> None:
        """Let the callee make the caller listen to music for a while."""
        async with self._accepted():
            await self.phone.hold()
            await asyncio.sleep(0.4)
            await self.phone.resume()
            await asyncio.sleep(0.3)

    @asynccontextmanager
    async def _accepted(self) -> AsyncIterator[None]:
        """Let the person with the real telephone answer a call, which is hung up afterwards."""
        async with self._one_at_a_time:
            number = self.number()
            mark = self.phone.mark()
            async with self._from_outside(number, "105"):
                await self.phone.ringing(after=mark)
                await self.phone.accept()
                await self.keys.bridged(number)
                await asyncio.sleep(0.3)
                yield

    async def parked(self) -> None:
        """Let the callee park the caller, who waits for a while and gives up."""

        async def park(_caller: str, callee: str) -> None:
            await self.keys.link.send("BlindTransfer", {"Channel": callee, "Context": "internal", "Exten": "700"})

        await self._while_speaking(park)

    async def _while_speaking(self, act: Callable[[str, str], Awaitable[None]]) -> None:
        number = self.number()
        async with self._from_outside(number, "101"):
            await act(*await self.keys.bridged(number))
            await asyncio.sleep(1.2)

    @asynccontextmanager
    async def _from_outside(self, number: str, callee: str) -> AsyncIterator[None]:
        """Call from outside; at the end the caller is hung up, wherever the call went."""
        sipp = await call_from_trunk(self.pbx, number, TOWN + callee, hold_seconds=PATIENCE)
        try:
            yield
        finally:
            for channel in await self.keys.channels_of(number):
                await self.keys.hang_up(channel)
            await sipp.stop()

    async def _originate(self, number: str, to: str) -> None:
        await self.keys.link.send(
            "Originate",
            {
                "Channel": "PJSIP/101",
                "Context": "internal",
                "Exten": to,
                "Priority": "1",
                "Async": "true",
                "ChannelId": f"bench-{number}",
                "OtherChannelId": f"bench-{number}-other",
                "CallerID": "<101>",
            },
        )

    async def _hung_up(self, uniqueid: str, *, after: float) -> None:
        """Wait until the call is up, speak, hang up, wait for its end."""
        await self.keys.until(
            lambda m: m["Event"] == "BridgeEnter" and m.get("Linkedid") == uniqueid and m["BridgeNumChannels"] == "2"
        )
        await asyncio.sleep(after)
        await self.keys.hang_up(uniqueid)
        await self.keys.until(lambda m: m["Event"] == "Hangup" and m.get("Uniqueid") == uniqueid)


KINDS: tuple[Callable[[Town], Awaitable[None]], ...] = (
    Town.answered,
    Town.busy,
    Town.rejected,
    Town.cancelled,
    Town.unanswered,
    Town.group,
    Town.queue,
    Town.conference,
    Town.originated,
    Town.outgoing,
    Town.transferred,
    Town.parked,
    Town.held,
)


@asynccontextmanager
async def town(pbx: Pbx) -> AsyncIterator[Town]:
    """Switch on the telephones and the keys."""
    config = PbxConfig(id="bench", port=pbx.ports.ami, user="judge", secret=pbx.secrets.judge)
    keys = Keys(AmiLink(config, wanted=frozenset({"BridgeEnter", "Hangup"})))
    ready = asyncio.Event()

    async def connected() -> None:
        ready.set()

    async with AsyncExitStack() as stack:
        played: tuple[PlayedPhone | TrunkPhone, ...] = (
            PlayedPhone(pbx, "101", ring_seconds=0.3),
            PlayedPhone(pbx, "102", ring_seconds=0.4),
            PlayedPhone(pbx, "103", answer="486"),
            PlayedPhone(pbx, "104", answer="603"),
            TrunkPhone(pbx, ring_seconds=0.3),
        )
        for one in played:
            await stack.enter_async_context(one)
        phone = await stack.enter_async_context(Phone(pbx, "105"))
        running = asyncio.get_running_loop().create_task(
            keys.link.run(keys.receive, connected=connected, lost=lambda: None)
        )
        stack.callback(running.cancel)
        async with asyncio.timeout(PATIENCE):
            await ready.wait()
        if running.done():
            raise NotReachableError("the link ended")
        yield Town(pbx, keys, phone)

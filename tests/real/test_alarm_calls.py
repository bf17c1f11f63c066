"""The call about an alarm on a real Asterisk: telephones hear the sound and type the code; all else is no answer."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

import pytest

from ami_bridge.alarms.calls import Calls
from ami_bridge.alarms.ports import AlarmCall, Ended, Fact
from ami_bridge.alarms.self_test import SelfTest
from ami_bridge.asterisk import alarm_call, translate
from ami_bridge.asterisk.acks import Acks
from ami_bridge.asterisk.alarm_phone import AlarmPhone
from ami_bridge.asterisk.astdb import AstDb
from ami_bridge.asterisk.link import AmiLink
from ami_bridge.asterisk.message import Message
from ami_bridge.asterisk.translate_alarms import in_alarm
from ami_bridge.config import Pbx as Configured
from ami_bridge.demo.pbx import Pbx
from ami_bridge.demo.phones import Phone
from ami_bridge.demo.ports import LOCAL
from ami_bridge.demo.sipp import PlayedPhone
from ami_bridge.ids import new_id
from ami_bridge.share import shared
from ami_bridge.web.pbx import serve_pbx
from tests import sound

CODE = "0471"
SOUND = "alarm-say-nobody"
"""A sound that is there and that nothing else in the call plays at its beginning."""


def ulid() -> str:
    return new_id(datetime.fromtimestamp(time.time(), UTC))


class Desk:
    """What the daemon has: the connection, who follows the calls, what is answered; and what it heard."""

    def __init__(self, pbx: Pbx) -> None:
        self.pbx = pbx
        self.link = AmiLink(
            Configured(id="rathaus", host=LOCAL, port=pbx.ports.ami, user="ami-bridge", secret=pbx.secrets.ami),
            wanted=translate.WANTED,
        )
        self.astdb = AstDb(link=self.link, new_id=ulid)
        self.heard: list[tuple[str, Fact]] = []
        self.news = asyncio.Event()
        self.answers: dict[str, str] = {}
        """What is answered for an attempt, else `taken`; empty: a failure."""
        self.taken: set[str] = set()
        self.asked: list[str] = []
        self.calls = Calls(heard=self.take, clock=time.monotonic)
        self.phone = AlarmPhone(link=self.link, calls=self.calls, keys=lambda e164: f"000{e164[1:]}", new_id=ulid)
        self.test = SelfTest(
            phone=self.phone,
            new_id=ulid,
            random=lambda _: 7,
            sound=lambda: SOUND,
            noted=self.noted,
            failed=self._failed,
            passed=self._passed,
            clock=time.monotonic,
        )
        self.up = asyncio.Event()

    def take(self, attempt: str, fact: Fact) -> None:
        if not self.test.take(attempt, fact):
            self.heard.append((attempt, fact))
            self.news.set()

    async def noted(self) -> set[str]:
        return set(await self.astdb.rows("amib_ack"))

    async def _failed(self, why: str) -> None:
        self.answers["failed"] = why

    async def _passed(self) -> None:
        self.answers.pop("failed", None)

    def receive(self, message: Message) -> None:
        if not self.astdb.take(message) and (event := in_alarm(message)) is not None:
            self.calls.apply(event)

    async def connected(self) -> None:
        self.up.set()
        await asyncio.Event().wait()

    async def ack(self, form: Mapping[str, str]) -> str:
        attempt = form["att"]
        self.asked.append(attempt)
        if self.test.is_own(attempt):
            return "taken"
        answer = self.answers.get(attempt, "taken")
        if not answer:
            await asyncio.Event().wait()  # frozen
        return answer

    async def still_open(self, form: Mapping[str, str]) -> str:
        answer = self.answers.get(form["att"], "")
        return answer if answer.startswith("already=") else "open"

    async def ring(
        self, number: str, *, answer: str = "taken", path: str = "", sounds: tuple[str, ...] = (SOUND,)
    ) -> str:
        attempt = f"att-{ulid()}"
        self.answers[attempt] = answer
        await self.phone.ring_with_alarm(
            AlarmCall(attempt=attempt, number=number, path=path, ring_seconds=3, code=CODE, sounds=sounds)
        )
        return attempt

    async def outcome(self, attempt: str, within: float = 40.0) -> Ended:
        async with asyncio.timeout(within):
            while True:
                self.news.clear()
                for one, fact in self.heard:
                    if one == attempt and isinstance(fact, Ended):
                        return fact
                await self.news.wait()


@asynccontextmanager
async def a_desk(pbx: Pbx) -> AsyncIterator[Desk]:
    desk = Desk(pbx)
    answers = {"alarm-ack": desk.ack, "alarm-open": desk.still_open}
    async with asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(desk.link.run(desk.receive, connected=desk.connected, lost=lambda: None))
        async with serve_pbx(f"http://{LOCAL}:{pbx.ports.questions}", pbx.secrets.questions, answers):
            async with asyncio.timeout(10):
                await desk.up.wait()
            yield desk
        listening.cancel()


async def answered(phone: Phone, desk: Desk, **more: str) -> str:
    mark = phone.mark()
    attempt = await desk.ring(phone.extension, **more)  # type: ignore[arg-type]
    await phone.ringing(after=mark)
    await phone.accept()
    await phone.talking(after=mark)
    return attempt


async def typed(phone: Phone, desk: Desk, keys: str, **more: str) -> str:
    attempt = await answered(phone, desk, **more)
    await asyncio.sleep(1.3)  # a telephone's first moment is swallowed; a person listens, too
    await phone.press(keys)
    return attempt


async def test_the_alarm_is_heard_and_only_the_code_takes_over(pbx: Pbx) -> None:
    """At once: the right code, a wrong one, a code nobody answers for, one that somebody else was faster than."""
    async with a_desk(pbx) as desk, AsyncExitStack() as stack:
        anna, ben, carla, dieter, eva = [
            await stack.enter_async_context(Phone(pbx, extension, record=extension in {"103", "104"}))
            for extension in ("101", "102", "103", "104", "105")
        ]

        async def right() -> None:
            attempt = await answered(dieter, desk)
            await asyncio.sleep(6)
            await dieter.press(f"{CODE}#")
            assert await desk.outcome(attempt) == Ended(outcome="acked")
            assert desk.asked.count(attempt) == 1
            assert attempt not in await desk.noted(), "what is booked is not kept"

        async def wrong() -> None:
            attempt = await typed(anna, desk, "471#")  # as numbers they would be the same
            await asyncio.sleep(1)
            await anna.hangup()
            assert (await desk.outcome(attempt)).outcome == "heard_not_acked"
            assert attempt not in desk.asked

        async def unanswered() -> None:
            attempt = await typed(ben, desk, f"{CODE}#", answer="")
            assert (await desk.outcome(attempt)).outcome == "acked", "told by the event, too"
            assert attempt in await desk.noted(), "and noted by the PBX, for whoever was away"

        async def too_late() -> None:
            spoken_name = pbx.alarms_folder / "speech" / f"{'a' * 32}.wav"
            spoken_name.parent.mkdir(exist_ok=True)
            shutil.copy(shared("sounds") / "de/alarm-say-7.wav", spoken_name)
            attempt = await answered(carla, desk, answer=f"already=speech/{spoken_name.stem}")
            assert (await desk.outcome(attempt)).outcome == "cancelled"
            name = sound.spoken(sound.read(spoken_name))
            assert sound.find(name, sound.read(carla.heard[-1]))[0] > 0.7, "who was first is heard by name"
            assert attempt not in desk.asked, "it was said at once"

        async def declined() -> None:
            attempt = await typed(eva, desk, "9#")
            assert (await desk.outcome(attempt)).outcome == "declined"

        await asyncio.gather(right(), wrong(), unanswered(), too_late(), declined())
        heard = sound.read(dieter.heard[-1])
        wanted = sound.spoken(sound.read(shared("sounds") / f"de/{SOUND}.wav"))
        score, _ = sound.find(wanted, heard)
        assert score > 0.7, f"the alarm's own sound was heard ({score:.2f})"
        booked: list[str] = []

        async def book(attempt: str) -> None:
            booked.append(attempt)

        async def adopt(_live: frozenset[str]) -> None:
            return None

        acks = Acks(pbx="rathaus", link=desk.link, astdb=desk.astdb, book=book, adopt=adopt)
        await acks.book()
        await acks.tidy()
        assert len(booked) == 1
        await acks.book()
        assert len(booked) == 1
        assert await desk.noted() == set()


async def test_whoever_does_not_take_over_is_told_apart(pbx: Pbx) -> None:
    """Each in turn, for one extension: busy, refused, forwarded, unregistered, silent; numbers that are forbidden."""
    async with a_desk(pbx) as desk:
        found: dict[str, str] = {}
        for answer, more in {"486": {}, "603": {}, "302": {"forward_to": "104"}, "480": {}, "180": {}}.items():
            async with PlayedPhone(pbx, "105", answer=answer, ring_seconds=0.2, **more):
                found[answer] = (await desk.outcome(await desk.ring("105"))).outcome
        found["gone"] = (await desk.outcome(await desk.ring("103"))).outcome
        found["dead trunk"] = (await desk.outcome(await desk.ring("+493023125001", path="trunk"))).outcome
        found["no trunk"] = (await desk.outcome(await desk.ring("+493023125001", path="elsewhere"))).outcome
        found["112"] = (await desk.outcome(await desk.ring("112"))).outcome
    assert found == {
        "486": "busy",
        "603": "rejected",
        "302": "forwarded",
        "480": "unreachable",
        "180": "no_answer",
        "gone": "unreachable",
        "dead trunk": "path_failed",
        "no trunk": "path_failed",
        "112": "forbidden",
    }


async def test_one_attempt_never_has_two_calls_and_can_be_stopped(pbx: Pbx) -> None:
    async with a_desk(pbx) as desk, PlayedPhone(pbx, "105", answer="180") as eva:
        attempt = await desk.ring("105")
        await eva.until("invite")
        again = AlarmCall(attempt=attempt, number="105", path="", ring_seconds=3, code=CODE, sounds=(SOUND,))
        await desk.phone.ring_with_alarm(again)
        await asyncio.sleep(1)  # Asterisk says "queued" at once, and refuses the second one by and by
        await desk.phone.stop(attempt)
        assert (await desk.outcome(attempt)).outcome == "cancelled"
        await eva.until("cancel")
        await pbx.quiet()
        assert sum(one.startswith("invite") for one in eva.said()) == 1
        assert sum(isinstance(fact, Ended) for one, fact in desk.heard if one == attempt) == 1


async def test_the_pbx_tests_itself(pbx: Pbx) -> None:
    async with a_desk(pbx) as desk:
        assert await desk.test.test() == ""
        assert desk.heard == [], "nobody else hears of it"
        await pbx.cli("dialplan set global ALARM_MEDIA /nowhere")
        before = await pbx.cli("dialplan show globals")
        sounds = next(line.split("=", 1)[1] for line in before.splitlines() if "ALARM_SOUNDS=" in line)
        await pbx.cli("dialplan set global ALARM_SOUNDS /nowhere")
        try:
            assert "defect: sounds" in await desk.test.test()
        finally:
            await pbx.cli(f"dialplan set global ALARM_SOUNDS {sounds}")
        assert "sounds" in desk.answers["failed"]


@pytest.mark.parametrize("number", ["112", "0110", "+49112", "0049116117", "00112"])
async def test_the_dialplan_itself_calls_no_police(pbx: Pbx, number: str) -> None:
    """Past the daemon's own look: as if it had a bug."""
    async with a_desk(pbx) as desk:
        attempt = f"att-{ulid()}"
        wanted = AlarmCall(attempt=attempt, number=number, path="trunk", ring_seconds=3, code=CODE, sounds=(SOUND,))
        await desk.link.send(*alarm_call.alarm(wanted, action=ulid(), other_id=f"att-{ulid()}"))
        assert (await desk.outcome(attempt)).outcome == "forbidden"

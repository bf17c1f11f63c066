"""Names after the call has moved: transfers, pickup, forwarding, and who is reached; and where no name may go."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ami_bridge.demo.pbx import Pbx
from ami_bridge.demo.sipp import ConsultingPhone, PlayedPhone, TrunkPhone, call_from_trunk
from tests.real.conftest import GetPhone
from tests.real.judge import Judge
from tests.real.tap import Sip, Tap
from tests.real.test_names_on_phones import ANNA, BAKER, QUEUE, Teller, invites, shown, telling

NAMES = {BAKER: "Bäckerin", "101": "Die Anna", "102": "Der Ben", "104": "Der Dieter"}


@asynccontextmanager
async def naming(pbx: Pbx) -> AsyncIterator[Teller]:
    """Answer with a name that tells for which telephone it was asked."""
    async with telling(pbx) as teller:

        def names(form: dict[str, str]) -> str:
            called = form["to"].split("&")
            name = "" if form["was"] else NAMES.get(form["n"], "")
            if teller.only and called != [teller.only] and not called[0].endswith(f"/{teller.only}"):
                name = ""
            each = [f"{name} für {one.rpartition('/')[2]}" if name else "" for one in called]
            return "=" + (each[0] if len(called) == 1 else "|".join([name, *each]))

        teller.says = names
        yield teller


def told(tap: Tap, pbx: Pbx, extension: str) -> list[str]:
    """Every name that a telephone was sent, in order, each once: by INVITE, UPDATE, or in an answer to it."""
    port = invites(tap, pbx)[extension].target[1] if extension in invites(tap, pbx) else None
    names: list[str] = []
    for one in tap.heard:
        if one.source[1] == pbx.ports.sip and one.target[1] == port and one.header("P-Asserted-Identity"):
            name = shown(one)
            if not names or names[-1] != name:
                names.append(name)
    return names


def everything_to(tap: Tap, pbx: Pbx, address: str) -> list[Sip]:
    return [one for one in tap.heard if one.source[1] == pbx.ports.sip and one.target[0] == address]


async def test_after_a_blind_transfer_the_target_sees_the_caller(pbx: Pbx, phone: GetPhone) -> None:
    anna = await phone("101")
    async with PlayedPhone(pbx, "104", ring_seconds=0.3), naming(pbx):
        with Tap() as tap:
            call = await call_from_trunk(pbx, BAKER, ANNA, hold_seconds=2)
            await anna.ringing()
            await anna.accept()
            await anna.talking()
            await call.until("answered")
            await anna.transfer("104")
            await anna.idle()
            assert (await call.ended())[-1] == "bye"
    found = invites(tap, pbx)
    assert shown(found["101"]) == "Bäckerin für 101"
    assert shown(found["104"]) == "Bäckerin für 104"
    assert BAKER in found["104"].header("From")


async def test_after_an_attended_transfer_the_target_sees_the_caller(pbx: Pbx, phone: GetPhone) -> None:
    await phone("104", mode="answer")
    async with ConsultingPhone(pbx, "101", consult="104") as anna, naming(pbx):
        with Tap() as tap:
            call = await call_from_trunk(pbx, BAKER, ANNA, hold_seconds=2.5)
            await anna.transferred()
            assert (await call.ended())[-1] == "bye"
    names = told(tap, pbx, "104")
    assert names[0] == "Anna Amsel", "first the colleague who asks"
    assert names[-1] == "Bäckerin für 104"
    last = [one for one in everything_to(tap, pbx, "127.0.0.1") if "Bäckerin für 104" in one.text]
    assert last[0].start.startswith(("UPDATE", "INVITE"))
    assert BAKER in last[0].header("P-Asserted-Identity")


async def test_who_fetches_a_ringing_call_sees_the_caller_by_their_own_book(pbx: Pbx, phone: GetPhone) -> None:
    """Asterisk hands over what the ringing telephone showed, which may be of a private book."""
    for line in ("1,Answer()", "2,Wait(0.3)", "3,Pickup()"):  # a telephone takes updates after its ACK only
        await pbx.cli(f"dialplan add extension *98,{line} into house")
    anna, ben = await phone("101"), await phone("102")
    async with naming(pbx) as teller:
        for named, own in (("102", "Bäckerin für 102"), ("101", "")):
            teller.only = named
            with Tap() as tap:
                call = await call_from_trunk(pbx, BAKER, ANNA, hold_seconds=0.8)
                await anna.ringing()
                mark = ben.mark()
                await ben.dial("*98")
                await ben.talking(after=mark)
                assert (await call.ended())[-1] == "bye"
                await pbx.quiet()
            to_ben = [one for one in tap.heard if one.header("Call-ID") in calls_of(tap, pbx, "102")]
            names = [shown(one) for one in to_ben if BAKER in one.header("P-Asserted-Identity")]
            assert names, "Ben is told whom he has"
            assert names[-1] == own
            assert not [one for one in to_ben if "für 101" in one.text]
            assert not [one for one in everything_to(tap, pbx, "127.0.0.2") if "Ben Biber" in one.text]


def calls_of(tap: Tap, pbx: Pbx, extension: str) -> set[str]:
    """The Call-IDs of what a telephone dialled."""
    dialled = [one for one in tap.all("INVITE sip:*98") if one.target[1] == pbx.ports.sip]
    return {one.header("Call-ID") for one in dialled if f"sip:{extension}@" in one.header("From")}


async def test_a_call_that_a_telephone_sends_on_takes_no_name_along(pbx: Pbx, judge: Judge) -> None:
    """To a colleague it goes with the colleague's name for the caller, to the outside with none."""
    async with PlayedPhone(pbx, "103", ring_seconds=0.1), naming(pbx):
        async with PlayedPhone(pbx, "104", answer="302", forward_to="103"):
            with Tap() as tap:
                call = await call_from_trunk(pbx, BAKER, "+498999998104", hold_seconds=0.3)
                assert (await call.ended())[-1] == "bye"
            assert shown(invites(tap, pbx)["104"]) == "Bäckerin für 104"
            assert shown(invites(tap, pbx)["103"]) == "Bäckerin für 103"
        async with PlayedPhone(pbx, "104", answer="302", forward_to="004066969123"), TrunkPhone(pbx, ring_seconds=0.1):
            with Tap() as tap:
                call = await call_from_trunk(pbx, BAKER, "+498999998104", hold_seconds=0.3)
                assert (await call.ended())[-1] == "bye"
    to_trunk = everything_to(tap, pbx, "127.0.0.2")
    assert [one for one in to_trunk if one.start.startswith("INVITE sip:+4940")]
    assert not [one for one in to_trunk if "ckerin" in one.text]
    records = [str(one) for one in [*await judge.records(), *await judge.happenings()]]
    assert BAKER in str(records)
    assert not [one for one in records if "ckerin" in one]


async def test_records_of_any_call_hold_no_name_of_a_book(pbx: Pbx, judge: Judge, phone: GetPhone) -> None:
    anna = await phone("101")
    async with naming(pbx):
        call = await call_from_trunk(pbx, BAKER, QUEUE, hold_seconds=1.5)
        await anna.ringing()
        await anna.accept()
        await anna.talking()
        assert (await call.ended())[-1] == "bye"
    written = [str(one) for one in [*await judge.records(), *await judge.happenings()]]
    written += [path.read_text(errors="replace") for path in (pbx.folder / "log").rglob("*") if path.is_file()]
    assert BAKER in str(written)
    assert not [one for one in written if "ckerin" in one]


async def test_who_dials_sees_whom_they_reach(pbx: Pbx, phone: GetPhone) -> None:
    anna = await phone("101")
    async with TrunkPhone(pbx, ring_seconds=0.2), naming(pbx) as teller:
        with Tap() as tap:
            await anna.dial("003023125001")
            await anna.talking()
            await asyncio.sleep(0.3)
            await anna.hangup()
            await pbx.quiet()
    to_anna = [one for one in everything_to(tap, pbx, "127.0.0.1") if shown(one) == "Bäckerin für 101"]
    assert to_anna, teller.forms
    assert not [one for one in everything_to(tap, pbx, "127.0.0.2") if "ckerin" in one.text]


async def test_the_header_with_the_secret_is_sent_once_however_often_a_call_asks(pbx: Pbx, phone: GetPhone) -> None:
    anna = await phone("101")
    async with PlayedPhone(pbx, "104", ring_seconds=0.3), naming(pbx) as teller:
        call = await call_from_trunk(pbx, BAKER, ANNA, hold_seconds=2)
        await anna.ringing()
        await anna.accept()
        await anna.talking()
        await call.until("answered")
        await anna.transfer("104")
        await anna.idle()
        assert (await call.ended())[-1] == "bye"
    assert teller.asked >= 2
    assert {len(re.findall(r"(?mi)^x-bridge:", head)) for head in teller.heads} == {1}

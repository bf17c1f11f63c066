"""The town's PBX and its telephones, judged by Asterisk's own call records and channel events."""

import asyncio
import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

from ami_bridge.demo.pbx import Pbx
from ami_bridge.demo.phones import Phone
from ami_bridge.demo.ports import free
from ami_bridge.demo.sipp import ConsultingPhone, PlayedPhone, TrunkPhone, call_from_trunk
from ami_bridge.errors import BusyError, NotReachableError
from tests.real.conftest import HOME, RING_SECONDS, ROOT, GetPhone
from tests.real.judge import Judge

BAKER = "+493023125001"


async def test_somebody_calls_from_outside_and_is_answered(pbx: Pbx, phone: GetPhone, judge: Judge) -> None:
    await phone("103", mode="answer")
    call = await call_from_trunk(pbx, BAKER, "+498999998103", hold_seconds=1.2)
    assert await call.ended() == ["ringing", "answered", "bye"]
    (record,) = await judge.records()
    assert (record.src, record.dst, record.disposition) == (BAKER, "103", "ANSWERED")
    assert record.parties == ("trunk", "103")
    assert int(record.billsec) in {1, 2}


async def test_the_callee_hangs_up_first(pbx: Pbx, phone: GetPhone, judge: Judge) -> None:
    anna = await phone("101")
    call = await call_from_trunk(pbx, BAKER, "+498999998101", hold_seconds=30)
    ringing = await anna.ringing()
    assert BAKER in ringing["peeruri"]
    await anna.accept()
    await anna.talking()
    await call.until("answered")
    await anna.hangup()
    assert (await call.ended())[-1] == "bye from the other"
    assert [record.disposition for record in await judge.records()] == ["ANSWERED"]


async def test_the_caller_gives_up(pbx: Pbx, phone: GetPhone, judge: Judge) -> None:
    anna = await phone("101")
    call = await call_from_trunk(pbx, BAKER, "+498999998101", cancel_after=0.5)
    await anna.ringing()
    assert await call.ended() == ["ringing", "cancelled"]
    await anna.idle()
    assert [record.disposition for record in await judge.records()] == ["NO ANSWER"]
    assert "ANSWER" not in await judge.events()


async def test_nobody_answers(pbx: Pbx, phone: GetPhone, judge: Judge) -> None:
    await phone("101")
    call = await call_from_trunk(pbx, BAKER, "+498999998101")
    assert "cause=19" in (await call.ended(RING_SECONDS + 10))[-1]
    (record,) = await judge.dialled()
    assert record.disposition == "NO ANSWER"
    assert RING_SECONDS - 1 <= int(record.duration) <= RING_SECONDS + 1


@pytest.mark.parametrize(
    ("status", "cause", "disposition"),
    [
        ("486", "17", "BUSY"),
        ("603", "21", "NO ANSWER"),
        ("480", "19", "NO ANSWER"),
        ("404", "1", "NO ANSWER"),
        ("500", "38", "NO ANSWER"),
    ],
)
async def test_a_telephone_refuses_and_the_caller_hears_why(
    pbx: Pbx, judge: Judge, status: str, cause: str, disposition: str
) -> None:
    async with PlayedPhone(pbx, "104", answer=status):
        call = await call_from_trunk(pbx, BAKER, "+498999998104")
        assert (await call.ended())[-1] == f"refused Reason: Q.850;cause={cause}"
    assert [record.disposition for record in await judge.dialled()] == [disposition]


async def test_a_telephone_that_is_switched_off(pbx: Pbx) -> None:
    call = await call_from_trunk(pbx, BAKER, "+498999998105")
    assert (await call.ended()) == ["refused Reason: Q.850;cause=20"]


async def test_hold_and_resume(phone: GetPhone, judge: Judge) -> None:
    anna = await phone("101")
    await phone("103", mode="answer")
    await anna.dial("103")
    await anna.talking()
    await asyncio.sleep(0.3)
    await anna.hold()
    await asyncio.sleep(0.5)
    await anna.resume()
    await asyncio.sleep(0.3)
    await anna.hangup()
    events = await judge.events()
    # The other heard music while it was held.
    assert events.index("ANSWER") < events.index("STREAM_BEGIN") < events.index("STREAM_END") < events.index("HANGUP")


async def test_a_telephone_transfers_without_asking(pbx: Pbx, phone: GetPhone, judge: Judge) -> None:
    anna = await phone("101")
    await phone("104", mode="answer")
    call = await call_from_trunk(pbx, BAKER, "+498999998101", hold_seconds=2)
    await anna.ringing()
    await anna.accept()
    await anna.talking()
    await call.until("answered")
    await anna.transfer("104")
    await anna.idle()
    assert (await call.ended())[-1] == "bye"
    assert ("trunk", "104") in [r.parties for r in await judge.dialled() if r.disposition == "ANSWERED"]
    (transfer,) = [one for one in await judge.happenings() if one.event == "BLINDTRANSFER"]
    assert '"extension":"104"' in transfer.extra


async def test_a_telephone_asks_before_it_transfers(pbx: Pbx, phone: GetPhone, judge: Judge) -> None:
    await phone("104", mode="answer")
    async with ConsultingPhone(pbx, "101", consult="104") as anna:
        call = await call_from_trunk(pbx, BAKER, "+498999998101", hold_seconds=2.5)
        await anna.transferred()
        assert (await call.ended())[-1] == "bye"
    answered = [record.parties for record in await judge.dialled() if record.disposition == "ANSWERED"]
    assert {("trunk", "101"), ("101", "104"), ("trunk", "104")} <= set(answered)
    assert (await judge.events()).count("ATTENDEDTRANSFER") == 1


async def test_a_telephone_sends_calls_on(pbx: Pbx, phone: GetPhone, judge: Judge) -> None:
    await phone("103", mode="answer")
    async with PlayedPhone(pbx, "104", answer="302", forward_to="103"):
        call = await call_from_trunk(pbx, BAKER, "+498999998104", hold_seconds=0.5)
        assert (await call.ended())[-1] == "bye"
    assert ("trunk", "103") in [record.parties for record in await judge.dialled()]
    assert "FORWARD" in await judge.events()


async def test_a_call_is_parked_and_fetched(pbx: Pbx, phone: GetPhone, judge: Judge) -> None:
    anna, ben = await phone("101"), await phone("102")
    call = await call_from_trunk(pbx, BAKER, "+498999998101", hold_seconds=4)
    await anna.ringing()
    await anna.accept()
    await anna.talking()
    await call.until("answered")
    await anna.transfer("700")
    await anna.idle()

    async def is_parked() -> bool:
        return "trunk" in await pbx.cli("parking show default")

    await pbx.until(is_parked, "the call was not parked")
    await ben.dial("701")
    await ben.talking()
    assert (await call.ended())[-1] == "bye"
    events = await judge.events()
    assert events.index("PARK_START") < events.index("PARK_END")


async def test_a_ring_group_rings_all_and_stops_when_one_answers(pbx: Pbx, phone: GetPhone, judge: Judge) -> None:
    anna, ben = await phone("101"), await phone("102")
    call = await call_from_trunk(pbx, BAKER, "+498999998000", hold_seconds=0.6)
    await asyncio.gather(anna.ringing(), ben.ringing())
    await ben.accept()
    await anna.idle()
    assert (await call.ended())[-1] == "bye"
    outcome = {record.parties[1]: record.disposition for record in await judge.dialled()}
    assert outcome == {"101": "NO ANSWER", "102": "ANSWERED"}


async def test_the_queue(pbx: Pbx, phone: GetPhone, judge: Judge) -> None:
    anna, ben = await phone("101"), await phone("102")
    call = await call_from_trunk(pbx, BAKER, "+498999998300", hold_seconds=3)
    await asyncio.gather(anna.ringing(), ben.ringing())
    await anna.accept()
    await anna.talking()
    assert (await call.ended())[-1] == "bye"
    assert ("trunk", "101") in [record.parties for record in await judge.dialled() if record.disposition == "ANSWERED"]


async def test_two_meet_in_a_conference(pbx: Pbx, phone: GetPhone, judge: Judge) -> None:
    """In a room that is open to all in the house; whoever calls from outside needs a PIN."""
    both = [await phone("101"), await phone("102")]
    for one in both:
        await one.dial("8000")
        await one.talking()

    async def both_are_in() -> bool:
        return (await pbx.cli("confbridge list 8000")).count("PJSIP/") == 2

    await pbx.until(both_are_in, "not both were in the conference")
    for one in both:
        await one.hangup()
    assert {one.app for one in await judge.happenings() if one.event == "APP_START"} == {"ConfBridge"}


@pytest.mark.parametrize("code", ["*8", "*8101"])
async def test_a_colleague_fetches_a_ringing_call(pbx: Pbx, phone: GetPhone, judge: Judge, code: str) -> None:
    anna, ben = await phone("101"), await phone("102")
    call = await call_from_trunk(pbx, BAKER, "+498999998101", hold_seconds=0.6)
    await anna.ringing()
    await ben.dial(code)
    await ben.talking()
    await anna.idle()
    assert (await call.ended())[-1] == "bye"
    assert "PICKUP" in await judge.events()


@pytest.mark.parametrize("dialled", ["003023125001", "000493023125001", "+493023125001"])
async def test_a_call_to_outside_shows_the_number_and_no_name(pbx: Pbx, phone: GetPhone, dialled: str) -> None:
    anna = await phone("101")
    async with TrunkPhone(pbx, ring_seconds=0.2) as provider:
        await anna.dial(dialled)
        await anna.talking()
        await anna.hangup()
        await pbx.quiet()
        (called,) = provider.called()
    number, _, caller = called.partition(" from ")
    assert number == BAKER
    assert "<sip:+498999998101@" in caller
    assert "Anna" not in caller


async def test_a_withheld_number_reaches_no_telephone(pbx: Pbx, phone: GetPhone) -> None:
    anna = await phone("101")
    call = await call_from_trunk(pbx, BAKER, "+498999998101", withheld=True, cancel_after=0.4)
    ringing = await anna.ringing()
    assert BAKER not in str(ringing)
    await call.ended()


async def test_registrations_survive_a_crash(pbx: Pbx, phone: GetPhone) -> None:
    await phone("103", mode="answer")
    await asyncio.sleep(1.5)  # Asterisk writes its database once a second
    for _ in range(2):
        await pbx.kill()
        with pytest.raises(NotReachableError):
            await pbx.cli("core show version")
        await pbx.start()
        call = await call_from_trunk(pbx, BAKER, "+498999998103", hold_seconds=0.3)
        assert (await call.ended())[-1] == "bye"


async def test_the_viewer_looks_and_touches_nothing(pbx: Pbx) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", pbx.ports.ami)
    writer.write(f"Action: Login\r\nUsername: viewer\r\nSecret: {pbx.secrets.viewer}\r\nEvents: off\r\n\r\n".encode())
    assert b"Success" in await reader.readuntil(b"\r\n\r\n")
    for action, allowed in (
        ("CoreStatus", True),
        ("Command\r\nCommand: core show version", False),
        ("Originate\r\nChannel: PJSIP/101\r\nContext: internal\r\nExten: 102\r\nPriority: 1\r\nAsync: true", False),
        ("Hangup\r\nChannel: /.*/", False),
        ("DBPut\r\nFamily: cidname\r\nKey: 1\r\nVal: x", False),
    ):
        writer.write(f"Action: {action}\r\n\r\n".encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        assert (b"Response: Success" in answer) == allowed, (action, answer)
    writer.close()


async def test_two_instances_live_side_by_side(pbx: Pbx, phone: GetPhone) -> None:
    await phone("103", mode="answer")
    async with (
        Pbx(home=HOME, instance=f"second-{os.getpid()}", ports=free(), say=lambda _: None) as second,
        Phone(second, "103", mode="answer"),
    ):
        calls = [await call_from_trunk(one, BAKER, "+498999998103", hold_seconds=0.5) for one in (pbx, second)]
        for call in calls:
            assert (await call.ended())[-1] == "bye"
        await second.quiet()
    shutil.rmtree(second.folder)


async def test_a_taken_port_is_one_clear_sentence(pbx: Pbx) -> None:
    with pytest.raises(BusyError, match=rf"Port {pbx.ports.ami} \(ami\) is taken"):
        async with Pbx(home=HOME, instance="never", ports=pbx.ports, say=lambda _: None):
            raise AssertionError("started on ports that are taken")


ABANDONED = """
import asyncio, sys
from pathlib import Path
from ami_bridge.demo.pbx import Pbx
from ami_bridge.demo.phones import Phone
from ami_bridge.demo.ports import free

async def main():
    async with Pbx(home=Path(sys.argv[1]), instance=sys.argv[2], ports=free(), say=lambda _: None) as pbx:
        async with Phone(pbx, "101") as phone:
            print(pbx.pid, phone.pid, flush=True)
            await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_nothing_is_left_behind_when_the_demo_is_killed(pbx: Pbx) -> None:
    instance = f"abandoned-{os.getpid()}"
    demo = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ABANDONED, str(HOME), instance, stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert demo.stdout
    pids = [int(pid) for pid in (await asyncio.wait_for(demo.stdout.readline(), 30)).split()]
    assert len(pids) == 2
    demo.send_signal(signal.SIGKILL)
    await demo.wait()
    await pbx.until(lambda: not any(_runs(pid) for pid in pids), "Asterisk or the telephone outlived the demo", 5)
    shutil.rmtree(pbx.programs.root / "srv" / instance)


def _runs(pid: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False

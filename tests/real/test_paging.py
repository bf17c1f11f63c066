"""The last resort on a real Asterisk: a horn hears it by multicast, a telephone answers; nobody is reached."""

import asyncio
import time
from datetime import UTC, datetime

from ami_bridge.alarms.paging import Loudspeakers, maker_of
from ami_bridge.asterisk.paging import Paging
from ami_bridge.demo.pbx import Pbx
from ami_bridge.demo.phones import Phone
from ami_bridge.demo.ports import LOCAL, free_udp
from ami_bridge.ids import new_id
from ami_bridge.share import shared
from tests import sound
from tests.real.horn import ALAW, GROUP, HEADER, Horn
from tests.real.tap import Tap
from tests.real.test_alarm_calls import SOUND, a_desk


async def test_horns_and_telephones_play_it_and_what_plays_it_is_no_answer(pbx: Pbx) -> None:
    port = free_udp()
    await pbx.cli(f"dialplan set global ALARM_PAGE_IP {LOCAL}")
    async with a_desk(pbx) as desk, Horn(port) as horn, Phone(pbx, "105", mode="answer", record=True) as eva:
        speakers = Loudspeakers(
            speakers=["PJSIP/105", f"multicast:{GROUP}:{port}"],
            codec="alaw",
            makers=lambda device: maker_of("snomD785/10.1", {}, device),
            phone=Paging(desk.link),
            new_id=lambda: new_id(datetime.fromtimestamp(time.time(), UTC)),
        )
        with Tap() as tap:
            await speakers.announce("alarm", (SOUND,))
            async with asyncio.timeout(10):
                await horn.packet(1)
            await pbx.quiet(within=20)
        (invite, *_) = [one for one in tap.all("INVITE sip:105") if one.source[1] == pbx.ports.sip]
        assert desk.heard == [], "the engine hears nothing of it: nobody is reached"
    assert invite.header("Alert-Info") == "<http://127.0.0.1>;info=alert-autoanswer;delay=0"
    assert {one[1] & 0x7F for one in horn.packets} == {ALAW}
    assert {len(one) for one in horn.packets} == {HEADER + 160}, "20 ms each"
    wanted = sound.spoken(sound.read(shared("sounds") / f"de/{SOUND}.wav"))
    for ear, heard in {"horn": horn.heard, "telephone": sound.read(eva.heard[-1])}.items():
        score = sound.find_though_cut(wanted, heard)
        assert score > 0.7, f"{ear}: {score:.2f}"
    print(f"{len(horn.packets)} packets by multicast")

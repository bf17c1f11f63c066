"""The last resort on a real Asterisk: a horn hears it by multicast, a telephone answers by itself; nobody is reached."""

import asyncio
import socket
import struct
import time
from datetime import UTC, datetime

import numpy as np

from ami_bridge.alarms.paging import Loudspeakers, maker_of
from ami_bridge.asterisk.paging import Paging
from ami_bridge.demo.pbx import Pbx, shared
from ami_bridge.demo.phones import Phone
from ami_bridge.demo.ports import LOCAL, free_udp
from ami_bridge.ids import new_id
from tests import sound
from tests.real.tap import Tap
from tests.real.test_alarm_calls import SOUND, a_desk

GROUP = "239.255.77.12"
HEADER = 12
ALAW = 8


class Horn:
    """A loudspeaker that listens to a multicast, on this machine's own interface."""

    def __init__(self) -> None:
        self.port = free_udp()
        self.packets: list[bytes] = []
        self.first = asyncio.Event()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((GROUP, self.port))
        member = struct.pack("4s4s", socket.inet_aton(GROUP), socket.inet_aton(LOCAL))
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        self._socket.setblocking(False)  # noqa: FBT003
        asyncio.get_running_loop().add_reader(self._socket, self._hear)

    def _hear(self) -> None:
        self.packets.append(self._socket.recv(2000))
        self.first.set()

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    @property
    def heard(self) -> sound.Samples:
        """What came out of it, as G.711 A-law is decoded."""
        coded = np.frombuffer(b"".join(one[HEADER:] for one in self.packets), dtype=np.uint8) ^ 0x55
        exponent, mantissa = (coded >> 4) & 7, (coded & 15).astype(np.int32)
        size = np.where(exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 0x108) << np.maximum(exponent - 1, 0))
        return np.where(coded & 0x80, size, -size).astype(np.float64) / sound.FULL


async def test_horns_and_telephones_play_it_and_what_plays_it_is_no_answer(pbx: Pbx) -> None:
    horn = Horn()
    await pbx.cli(f"dialplan set global ALARM_PAGE_IP {LOCAL}")
    async with a_desk(pbx) as desk, Phone(pbx, "105", mode="answer", record=True) as eva:
        speakers = Loudspeakers(
            speakers=["PJSIP/105", f"multicast:{GROUP}:{horn.port}"],
            codec="alaw",
            makers=lambda device: maker_of("snomD785/10.1", {}, device),
            phone=Paging(desk.link),
            new_id=lambda: new_id(datetime.fromtimestamp(time.time(), UTC)),
        )
        with Tap() as tap:
            await speakers.announce("alarm", (SOUND,))
            async with asyncio.timeout(10):
                await horn.first.wait()
            await pbx.quiet(within=20)
        (invite, *_) = tap.all("INVITE sip:105@")
        assert desk.heard == [], "the engine hears nothing of it: nobody is reached"
    horn.close()
    assert invite.header("Alert-Info") == "<http://127.0.0.1>;info=alert-autoanswer;delay=0"
    assert {one[1] & 0x7F for one in horn.packets} == {ALAW}
    assert {len(one) for one in horn.packets} == {HEADER + 160}, "20 ms each"
    wanted = sound.spoken(sound.read(shared("sounds") / f"de/{SOUND}.wav"))
    for ear, heard in {"horn": horn.heard, "telephone": sound.read(eva.heard[-1])}.items():
        score, _ = sound.find(wanted, heard)
        assert score > 0.7, f"{ear}: {score:.2f}"
    print(f"{len(horn.packets)} packets by multicast")

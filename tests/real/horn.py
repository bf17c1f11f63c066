"""A loudspeaker: it listens to a multicast on this machine, counts what comes, and gives what it plays."""

import asyncio
import socket
import struct
from types import TracebackType
from typing import Self

import numpy as np

from ami_bridge.demo.ports import LOCAL
from tests import sound

GROUP = "239.255.77.12"
HEADER = 12
ALAW = 8


class Horn:
    """A loudspeaker that listens to a multicast, on this machine's own interface."""

    def __init__(self, port: int) -> None:
        self.packets: list[bytes] = []
        self._port = port
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((GROUP, self._port))
        member = struct.pack("4s4s", socket.inet_aton(GROUP), socket.inet_aton(LOCAL))
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        self._socket.setblocking(False)  # noqa: FBT003
        asyncio.get_running_loop().add_reader(self._socket, self._hear)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    async def packet(self, number: int) -> None:
        """Wait until so many have come."""
        while len(self.packets) < number:
            self._news.clear()
            await self._news.wait()

    def _hear(self) -> None:
        self.packets.append(self._socket.recv(2000))
        self._news.set()

    @property
    def heard(self) -> sound.Samples:
        """What came out of it, as G.711 A-law is decoded."""
        coded = np.frombuffer(b"".join(one[HEADER:] for one in self.packets), dtype=np.uint8) ^ 0x55
        exponent, mantissa = (coded >> 4) & 7, (coded & 15).astype(np.int32)
        size = np.where(exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 0x108) << np.maximum(exponent - 1, 0))
        return np.where(coded & 0x80, size, -size).astype(np.float64) / sound.FULL

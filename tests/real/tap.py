"""What goes over the wire on loopback: SIP messages with the time they were seen, by a raw socket (root)."""

import re
import socket
import struct
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

ETH_P_ALL = 3
UDP = 17
SO_TIMESTAMPNS = 35


@dataclass(frozen=True)
class Sip:
    """One SIP message."""

    time: float
    """Unix time in seconds, from the kernel."""
    source: tuple[str, int]
    target: tuple[str, int]
    text: str

    def __repr__(self) -> str:
        """Tell what one asks first when there is one too many."""
        told = (f"{name}: {self.header(name)}" for name in ("From", "To", "Call-ID", "CSeq"))
        return f"<{self.time:.3f} {self.source[1]}→{self.target[1]} {self.start}; {'; '.join(told)}>"

    @property
    def start(self) -> str:
        """Its first line."""
        return self.text.partition("\r\n")[0]

    def header(self, name: str) -> str:
        """One header's value, empty where it is missing."""
        found = re.search(rf"^{name}:[ \t]*(.*?)\r$", self.text, re.MULTILINE | re.IGNORECASE)
        return found[1] if found else ""


class Tap:
    """Listens from entering the block until it is left."""

    def __init__(self) -> None:
        self.heard: list[Sip] = []
        self._until: float | None = None

    def __enter__(self) -> Self:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        self._socket.bind(("lo", 0))
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self._socket.settimeout(0.1)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._until = time.time()  # what came before is in the socket still, and read
        self._thread.join()
        self._socket.close()

    def _listen(self) -> None:
        while True:
            try:
                packet, extra, _, address = self._socket.recvmsg(65536, 128)
            except TimeoutError:
                if self._until is not None:
                    return
                continue
            seen = time.time()
            for level, kind, data in extra:
                if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
                    seconds, nanoseconds = struct.unpack("ll", data[:16])
                    seen = seconds + nanoseconds / 1e9
            if self._until is not None and seen > self._until:
                return
            if address[2] == socket.PACKET_OUTGOING or packet[9] != UDP:  # each packet is seen twice on loopback
                continue
            head = (packet[0] & 15) * 4
            body = packet[head + 8 :]
            if b"SIP/2.0" not in body[:300]:
                continue
            ports = struct.unpack("!HH", packet[head : head + 4])
            source = socket.inet_ntoa(packet[12:16]), ports[0]
            target = socket.inet_ntoa(packet[16:20]), ports[1]
            self.heard.append(Sip(seen, source, target, body.decode("utf-8", "replace")))

    def all(self, start: str) -> list[Sip]:
        """Messages whose first line begins so, each once: SIP repeats, word for word, what is not answered in time."""
        first: dict[tuple[tuple[str, int], tuple[str, int], str], Sip] = {}
        for one in self.heard:
            if one.start.startswith(start):
                first.setdefault((one.source, one.target, one.text), one)
        return list(first.values())

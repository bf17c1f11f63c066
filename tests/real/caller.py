"""A caller over the trunk who writes every byte of the INVITE: what no SIP program would send."""

import asyncio
import secrets
import socket
from types import TracebackType
from typing import Self

from ami_bridge.demo.pbx import Pbx
from ami_bridge.demo.ports import LOCAL, OUTSIDE

SOON = 5.0


class RawCaller:
    """One call; it rings from entering the block until it is left."""

    def __init__(self, pbx: Pbx, *, number: str, callee: str, name: bytes) -> None:
        """`name` is what stands before the address in From, quotes and all."""
        self._to = (LOCAL, pbx.ports.sip)
        self._id = secrets.token_hex(8)
        self._number, self._callee, self._name = number, callee, name
        self.answers: list[str] = []

    async def __aenter__(self) -> Self:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((OUTSIDE, 0))
        self._socket.settimeout(0)
        self._send("INVITE")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if any(answer.startswith(("100", "180", "183")) for answer in self.answers):
                self._send("CANCEL")
                await self.until("487")
                self._send("ACK")
        finally:
            self._socket.close()

    async def until(self, *codes: str, within: float = SOON) -> str:
        """Wait for an answer to the INVITE that begins with one of these; returns its first line without SIP/2.0."""
        async with asyncio.timeout(within):
            while True:
                data = await asyncio.get_running_loop().sock_recv(self._socket, 65536)
                answer = data.decode("utf-8", "replace").partition("\r\n")[0].removeprefix("SIP/2.0 ")
                self.answers.append(answer)
                if answer.startswith(codes):
                    return answer

    def _send(self, method: str) -> None:
        host, port = self._socket.getsockname()
        uri = f"sip:{self._callee}@{self._to[0]}:{self._to[1]}"
        head = (
            f"{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{self._id};rport\r\n"
            f"Max-Forwards: 70\r\nTo: <{uri}>\r\nCall-ID: {self._id}\r\nCSeq: 1 {method}\r\n"
            f"Contact: <sip:{self._number}@{host}:{port}>\r\nContent-Length: 0\r\nFrom: "
        ).encode()
        self._socket.sendto(
            head + self._name + f" <sip:{self._number}@{host}>;tag={self._id}\r\n\r\n".encode(), self._to
        )

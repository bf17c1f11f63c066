"""Which ports one demo or one test run has for itself."""

import os
import random
import socket
import time
import weakref
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, fields

from ami_bridge.errors import BusyError, ConfigError

LOCAL = "127.0.0.1"
OUTSIDE = "127.0.0.2"  # the outside world calls from here
DIALLER = "127.0.0.3"  # a dialling device of a plant
PHONES = 30
PHONE_PORTS = 3 * PHONES  # SIP, its neighbour (baresip takes it for TLS unasked), remote control
RTP_PORTS = 300
BLOCK = 100 + 2 * RTP_PORTS
HIGHEST = 65535
# Both beside the range from which Linux gives ports to outgoing connections (32768 to 60999 by default).
FREE_FROM, FREE_TO = 15000, 31000
SINGLE_FROM, SINGLE_TO = 61000, 65400
PURSE = 200
REST = 10.0  # seconds in which a program has begun to use its port

_choose = random.Random(os.urandom(8))  # noqa: S311 - spreads runs that start at once, nothing secret


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class Ports:
    """All ports of one instance."""

    web: int
    questions: int
    ami: int
    groupware: int
    sip: int
    trunk: int
    phones: int
    """First of `PHONE_PORTS`."""
    rtp: int
    """First of `RTP_PORTS`, Asterisk's."""
    phones_rtp: int
    """First of `RTP_PORTS`, those of the telephones."""

    @property
    def rtp_to(self) -> int:
        """Asterisk's last voice port."""
        return self.rtp + RTP_PORTS - 1

    def all(self) -> Iterator[tuple[str, int]]:
        """Every port with a word for what it is."""
        many = {"phones": PHONE_PORTS, "rtp": RTP_PORTS, "phones_rtp": RTP_PORTS}
        for field in fields(self):
            first = getattr(self, field.name)
            for port in range(first, first + many.get(field.name, 1)):
                yield field.name, port


def fixed(offset: int = 0) -> Ports:
    """Return the demo's ports, all moved by `offset`."""
    ports = Ports(
        web=8088 + offset,
        questions=8089 + offset,
        ami=5038 + offset,
        groupware=5232 + offset,
        sip=5060 + offset,
        trunk=5080 + offset,
        phones=5401 + offset,
        rtp=10000 + offset,
        phones_rtp=14000 + offset,
    )
    if any(not 0 < port <= HIGHEST for _, port in ports.all()):
        raise ConfigError(
            f"AMI_BRIDGE_DEMO_PORTS={offset:+d} moves ports out of 1 to {HIGHEST}; choose a smaller number"
        )
    return ports


def offset_of(text: str) -> int:
    """Read the value of AMI_BRIDGE_DEMO_PORTS, such as `+1000`; nothing is 0."""
    try:
        return int(text or "0")
    except ValueError as error:
        raise ConfigError(f"AMI_BRIDGE_DEMO_PORTS={text!r} is not a number such as +1000") from error


def free() -> Ports:
    """Find a block of ports that nobody uses now; no other process is given it as long as the object lives."""
    bases = range(FREE_FROM, FREE_TO - BLOCK + 1, BLOCK)
    for base in _choose.sample(bases, len(bases)):
        mark = marked(base + 9)
        if mark is None:
            continue
        ports = Ports(
            web=base,
            questions=base + 1,
            ami=base + 2,
            groupware=base + 3,
            sip=base + 4,
            trunk=base + 5,
            phones=base + 10,
            rtp=base + 100,
            phones_rtp=base + 100 + RTP_PORTS,
        )
        weakref.finalize(ports, mark.close)
        if first_taken(ports) is None:
            return ports
    raise BusyError(f"no block of {BLOCK} free ports was found between {FREE_FROM} and {FREE_TO}")


def check_free(ports: Ports) -> None:
    """Raise one clear sentence if a port is taken."""
    if taken := first_taken(ports):
        what, port = taken
        raise BusyError(
            f"Port {port} ({what}) is taken by another program: end it, or move all ports of the demo, "
            "for example with AMI_BRIDGE_DEMO_PORTS=+1000"
        )


def first_taken(ports: Ports) -> tuple[str, int] | None:
    """Return the first port of these that somebody uses, with what it was meant for."""
    for what, port in ports.all():
        udp_too = what not in {"web", "questions", "ami", "groupware"}
        addresses = (LOCAL, OUTSIDE) if what in {"trunk", "rtp", "phones_rtp"} else (LOCAL,)
        for address in addresses:
            if not _is_free(socket.SOCK_STREAM, address, port) or (
                udp_too and not _is_free(socket.SOCK_DGRAM, address, port)
            ):
                return what, port
    return None


def free_udp() -> int:
    """Return a UDP port that is free now, on all addresses; for programs that live for one call."""
    return _free(socket.SOCK_DGRAM)


def free_tcp() -> int:
    """Return a TCP port that is free now."""
    return _free(socket.SOCK_STREAM)


class _Purse:
    """Single ports that this process alone gives out, in turn: who is given one may take a while to use it."""

    def __init__(self) -> None:
        bases = range(SINGLE_FROM, SINGLE_TO - PURSE + 1, PURSE)
        for base in _choose.sample(bases, len(bases)):
            mark = marked(base)
            if mark is not None:
                weakref.finalize(self, mark.close)
                break
        else:
            raise BusyError(f"no {PURSE} free ports were found between {SINGLE_FROM} and {SINGLE_TO}")
        # sipp takes the second port after the one for voice, unasked: every third and fourth is left out.
        self._ports = deque((port, -REST) for port in range(base + 4, base + PURSE) if port % 4 in {0, 1})

    def take(self, kind: int, now: float) -> int | None:
        """Return one that is free and was not given out lately, None if there is none."""
        for _ in range(len(self._ports)):
            port, lent = self._ports[0]
            if now - lent < REST:
                return None
            self._ports.popleft()
            self._ports.append((port, now))
            if _is_free(kind, "0.0.0.0", port):  # noqa: S104 - nothing listens, it only asks what is free everywhere
                return port
        return None


_purses: list[_Purse] = []


def _free(kind: int) -> int:
    while True:
        for purse in _purses:
            if port := purse.take(kind, time.monotonic()):
                return port
        _purses.append(_Purse())


def marked(port: int) -> socket.socket | None:
    """Mark a block as taken by holding this port of it; the mark goes with the process, however it ends."""
    mark = socket.socket()
    try:
        mark.bind((LOCAL, port))
    except OSError:
        mark.close()
        return None
    return mark


def _is_free(kind: int, address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind == socket.SOCK_STREAM:
            # As servers do; a listener is still noticed, an old connection's rest is not in the way.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True

"""Which ports one demo or one test run has for itself."""

import os
import random
import socket
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, fields

from ami_bridge.errors import BusyError, ConfigError

LOCAL = "127.0.0.1"
OUTSIDE = "127.0.0.2"  # the outside world calls from here
PHONES = 30
PHONE_PORTS = 3 * PHONES  # SIP, its neighbour (baresip takes it for TLS unasked), remote control
RTP_PORTS = 300
BLOCK = 100 + 2 * RTP_PORTS
HIGHEST = 65535
# Below the range from which Linux gives ports to outgoing connections (32768 by default).
FREE_FROM, FREE_TO = 15000, 31000


_lent: deque[int] = deque(maxlen=500)


@dataclass(frozen=True, slots=True, kw_only=True)
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
    """Find a block of ports that nobody uses now."""
    choose = random.Random(os.urandom(8))  # noqa: S311 - spreads test runs that start at once, nothing secret
    for _ in range(50):
        base = choose.randrange(FREE_FROM, FREE_TO - BLOCK, 2)
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


def _free(kind: int) -> int:
    while True:
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.bind(("0.0.0.0", 0))  # noqa: S104 - nothing listens, it only asks what is free everywhere
            port = int(probe.getsockname()[1])
        # The kernel may name a port twice before its first user has taken it.
        if port not in _lent:
            _lent.append(port)
            return port


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

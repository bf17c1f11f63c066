"""Ports of demos and tests."""

import contextlib
import itertools
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ami_bridge.demo import ports
from ami_bridge.errors import BusyError, ConfigError

ROOT = Path(__file__).parents[2]


def test_the_demo_listens_where_it_promises() -> None:
    promised = ports.fixed()
    assert (promised.web, promised.questions, promised.ami, promised.sip, promised.trunk) == (
        8088,
        8089,
        5038,
        5060,
        5080,
    )


def test_an_offset_moves_every_port_and_two_demos_never_meet() -> None:
    first, second = set(ports.fixed().all()), set(ports.fixed(1000).all())
    assert {(what, port + 1000) for what, port in first} == second
    assert not {port for _, port in first} & {port for _, port in second}


def test_no_port_is_used_twice() -> None:
    for some in (ports.fixed(), ports.free()):
        numbers = [port for _, port in some.all()]
        assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize(("text", "offset"), [("", 0), ("+1000", 1000), ("2000", 2000), ("-500", -500)])
def test_offsets_as_people_write_them(text: str, offset: int) -> None:
    assert ports.offset_of(text) == offset


@pytest.mark.parametrize("text", ["x", "1.5", "+", "1000 2000"])
def test_an_offset_that_is_no_number_is_one_sentence(text: str) -> None:
    with pytest.raises(ConfigError, match="AMI_BRIDGE_DEMO_PORTS"):
        ports.offset_of(text)


@pytest.mark.parametrize("offset", [60000, -6000])
def test_an_offset_that_leaves_no_ports_is_one_sentence(offset: int) -> None:
    with pytest.raises(ConfigError, match="choose a smaller number"):
        ports.fixed(offset)


def test_a_taken_port_is_named() -> None:
    some = ports.free()
    with socket.socket() as taken:
        taken.bind((ports.LOCAL, some.web))
        taken.listen()
        with pytest.raises(BusyError, match=rf"Port {some.web} \(web\) is taken .* AMI_BRIDGE_DEMO_PORTS"):
            ports.check_free(some)
    ports.check_free(some)


def test_a_port_is_not_lent_again_soon() -> None:
    lent = [ports.free_udp() for _ in range(250)]
    assert len(lent) == len(set(lent))
    assert not {port + 2 for port in lent} & set(lent), "sipp takes that one, too"


LENDING = """
import sys
from ami_bridge.demo import ports
block, single = ports.free(), ports.free_tcp()
print(block.web, single, flush=True)
sys.stdin.read()
"""


def test_processes_that_look_at_once_are_lent_different_ports() -> None:
    with contextlib.ExitStack() as stack:
        looking = [stack.enter_context(_lender()) for _ in range(4)]
        lent = [[int(port) for port in (one.stdout.readline() if one.stdout else "").split()] for one in looking]
        for one in looking:
            one.communicate()
    blocks, singles = zip(*lent, strict=True)
    assert all(abs(one - other) >= ports.BLOCK for one, other in itertools.combinations(blocks, 2))
    assert len(set(singles)) == len(singles)


def _lender() -> subprocess.Popen[str]:
    """A process that keeps a block and a single port until its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", LENDING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )


def test_a_block_that_nobody_holds_is_lent_again() -> None:
    for _ in range(30):  # there are 22
        ports.free()

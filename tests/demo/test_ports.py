"""Ports of demos and tests."""

import socket

import pytest

from ami_bridge.demo import ports
from ami_bridge.errors import BusyError, ConfigError


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


def test_a_port_is_lent_once() -> None:
    lent = [ports.free_udp() for _ in range(100)]
    assert len(lent) == len(set(lent))

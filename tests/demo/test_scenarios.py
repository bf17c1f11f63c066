"""What sipp plays is XML whatever is filled in."""

import re
from xml.etree import ElementTree as ET

import pytest

from ami_bridge.demo import scenarios
from ami_bridge.demo.scenarios import Words

ALL = [scenarios.CALL, scenarios.ANSWER, scenarios.REFUSE, scenarios.RING, scenarios.REGISTER, scenarios.TRANSFER]


@pytest.mark.parametrize("title", ["", 'Jörg "J" Müller', "a\r\nX-Evil: 1", "]]>", "[local_ip]", "<&>", "ü" * 5000])
@pytest.mark.parametrize("scenario", [*ALL, scenarios.CONSULT])
def test_any_name_fits_into_a_scenario(scenario: str, title: str) -> None:
    text = scenarios.filled(scenario, Words(name="x&<y", title=title))
    root = ET.fromstring(text)  # noqa: S314 - our own text
    for sent in root.iter("send"):
        assert "X-Evil: 1" not in [line.strip() for line in (sent.text or "").splitlines()]


@pytest.mark.parametrize("scenario", ALL)
def test_nothing_is_left_to_fill_in(scenario: str) -> None:
    assert not re.search(r"@[A-Z]+@", scenarios.filled(scenario, Words(name="x")))

"""Loudspeakers are what the site names, in a form that nothing can be smuggled into."""

import pytest

from ami_bridge.alarms.paging import Announcement, Loudspeakers, maker_of, target
from ami_bridge.asterisk.paging import action_of
from ami_bridge.errors import RefusedError

ID = "page-01M7YZMHG0VA6ZWY18W670WHEE"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("PJSIP/horn-1", "horn-1"),
        ("multicast:239.1.2.3:5004", "m-239.1.2.3:5004"),
        ("multicast:10.1.2.3:5004", ""),  # no multicast
        ("multicast:239.1.2.3", ""),
        ("multicast:239.1.2.3:99999", ""),
        ("PJSIP/m-1", ""),
        ("PJSIP/a&SIP/b", ""),
        ("SIP/a", ""),
        ("Local/112@outside", ""),
    ],
)
def test_a_speaker_is_an_endpoint_or_a_multicast(said: str, meant: str) -> None:
    assert target(said) == meant


def test_a_telephones_maker_is_as_configured_or_as_it_calls_itself() -> None:
    assert maker_of("snomD785/10.1.127.0", {}) == "snom"
    assert maker_of("Yealink SIP-T46U 108.86.0.90", {}) == "yealink"
    assert maker_of("Grandstream GRP2614 1.0.5.33", {}) == "grandstream"
    assert maker_of("baresip v3.1", {}) == ""
    assert maker_of("baresip v3.1", {"PJSIP/101": "snom"}, "PJSIP/101") == "snom"


class Phone:
    def __init__(self) -> None:
        self.played: list[Announcement] = []

    async def page(self, announcement: Announcement) -> None:
        self.played.append(announcement)


async def test_each_speaker_gets_the_header_of_its_maker() -> None:
    phone = Phone()
    makers = {"PJSIP/101": "snom", "PJSIP/102": "grandstream"}
    speakers = ["PJSIP/101", "multicast:239.1.2.3:5004", "PJSIP/102", "PJSIP/103", "nonsense"]
    loud = Loudspeakers(
        speakers=speakers, codec="ulaw", makers=lambda one: makers.get(one, ""), phone=phone, new_id=lambda: ID[5:]
    )
    await loud.announce("alarm", ("alarm-horn",))
    (one,) = phone.played
    assert one.targets == ("101", "m-239.1.2.3:5004", "102", "103")
    assert one.heads == (1, 0, 3, 0)
    name, headers = action_of(one)
    assert name == "Originate"
    assert headers["Variable"] == [
        "__AMIB_PAGE=101&m-239.1.2.3:5004&102&103", "__AMIB_HEADS=1&0&3&0", "AMIB_CODEC=ulaw", "AMIB_SND=alarm-horn",
    ]  # fmt: skip
    await Loudspeakers(speakers=[], codec="alaw", makers=str, phone=phone, new_id=str).announce("alarm", ("x",))
    assert len(phone.played) == 1


@pytest.mark.parametrize(
    ("targets", "sounds"),
    [(("a,b",), ("x",)), (("a&b",), ("x",)), (("a",), ("../etc/passwd",)), (("a" * 80,) * 10, ("x",))],
)
def test_what_is_no_name_is_not_sent(targets: tuple[str, ...], sounds: tuple[str, ...]) -> None:
    with pytest.raises(RefusedError):
        action_of(Announcement(id=ID, targets=targets, heads=(0,), sounds=sounds, codec="alaw"))

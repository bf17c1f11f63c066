"""Call control as actions: our contexts and variables, others' values, and never anything else in a value."""

from collections.abc import Callable

import pytest

from ami_bridge.asterisk import moves
from ami_bridge.asterisk.moves import Ring
from ami_bridge.asterisk.phone import Action
from ami_bridge.errors import RefusedError

MINE, OTHER = "PJSIP/101-0000001a", "PJSIP/trunk-0000001b"
OWN = Ring("PJSIP/101", "102", "")
HOSTILE_KEYS = (
    "",
    "*8",
    "102&103",
    "102@x",
    "Local/102@x",
    "102\r\nX: y",
    "102 ",
    "+4930",
    "\uff11\uff10\uff12",
    "1" * 33,
    "102,1",
)
HOSTILE_CHANNELS = ("", "/.*/", "all", "PJSIP/101 -1", "PJSIP/1\r\nX: y", "101")


def test_a_ringing_call_is_sent_on_by_who_rings_it() -> None:
    assert moves.redirect(OTHER, "102") == (
        "Redirect", {"Channel": OTHER, "Context": "bridge-send", "Exten": "102", "Priority": "1"},
    )  # fmt: skip


def test_a_call_is_given_on_at_once_or_after_asking() -> None:
    assert moves.blind_transfer(MINE, "102").headers == {"Channel": MINE, "Context": "bridge-send", "Exten": "102"}
    asks = moves.attended_transfer(MINE, "003023125001")
    assert (asks.name, asks.headers["Exten"]) == ("Atxfer", "003023125001#"), "# ends what is pressed"


def test_who_is_parked_comes_back_to_who_parked_and_hears_where() -> None:
    assert moves.park(OTHER, by=MINE).headers == {"Channel": OTHER, "TimeoutChannel": MINE, "AnnounceChannel": MINE}


def test_both_ends_are_moved_into_a_conference_in_one_go() -> None:
    action = moves.bring_together(MINE, OTHER, "123456789012")
    assert action.name == "Redirect"
    assert (action.headers["Channel"], action.headers["ExtraChannel"]) == (MINE, OTHER)
    assert (action.headers["Context"], action.headers["Exten"]) == ("bridge-conference", "123456789012")
    assert moves.stays(MINE) == ("Setvar", {"Channel": MINE, "Variable": "BC_HOST", "Value": "yes"})


def test_both_ends_are_moved_into_a_room_which_one_moderates() -> None:
    action = moves.into_room(MINE, OTHER, "8123")
    assert (action.name, action.headers["ExtraChannel"], action.headers["Context"]) == (
        "Redirect", OTHER, "conf-convert",
    )  # fmt: skip
    assert [one.headers for one in moves.moderates(MINE, "01JDPIN")] == [
        {"Channel": MINE, "Variable": "CONFROLE", "Value": "mod"},
        {"Channel": MINE, "Variable": "CONFPERSON", "Value": "01JDPIN"},
    ]
    for person in ("", "a b", "1,CONFROLE=mod", "${SECRET}"):
        with pytest.raises(RefusedError):
            moves.moderates(MINE, person)


@pytest.mark.parametrize(("host", "word"), [(True, "yes"), (False, "no")])
def test_who_is_called_into_a_conference_is_called_as_a_telephone_would(host: bool, word: str) -> None:  # noqa: FBT001
    headers = moves.invite("102", "123456789012", caller="101", host=host, id="A", other_id="B").headers
    assert headers["Channel"] == "Local/102@bridge-send"
    assert (headers["CallerID"], headers["Variable"]) == ("101", [f"BC_HOST={word}"])
    assert (headers["ChannelId"], headers["OtherChannelId"], headers["Async"]) == ("A", "B", "true")


def test_ones_own_telephone_is_rung_to_take_a_call() -> None:
    picks = moves.pick_up(OWN, OTHER, id="A", other_id="B").headers
    assert (picks["Channel"], picks["Context"], picks["Exten"]) == ("PJSIP/101", "bridge-pickup", "s")
    assert picks["Variable"] == [
        f"BC_CHANNEL={OTHER}", "CONNECTEDLINE(num,i)=102", "CONNECTEDLINE(num-pres,i)=allowed",
    ]  # fmt: skip
    fetches = moves.fetch(Ring("PJSIP/101", "701", "snom"), "701", id="A", other_id="B").headers
    assert (fetches["Context"], fetches["Exten"]) == ("bridge-fetch", "701")
    assert any(str(one).startswith("PJSIP_HEADER(add,Alert-Info)=") for one in fetches["Variable"])


@pytest.mark.parametrize("keys", HOSTILE_KEYS)
@pytest.mark.parametrize(
    "make",
    [
        lambda keys: moves.redirect(MINE, keys),
        lambda keys: moves.blind_transfer(MINE, keys),
        lambda keys: moves.attended_transfer(MINE, keys),
        lambda keys: moves.bring_together(MINE, OTHER, keys),
        lambda keys: moves.into_room(MINE, OTHER, keys),
        lambda keys: moves.invite(keys, "1", caller="101", host=True, id="A", other_id="B"),
        lambda keys: moves.invite("102", keys, caller="101", host=True, id="A", other_id="B"),
        lambda keys: moves.fetch(OWN, keys, id="A", other_id="B"),
        lambda keys: moves.dialled_in("internal", keys),
    ],
)
def test_only_digits_are_dialled(make: Callable[[str], Action], keys: str) -> None:
    with pytest.raises(RefusedError):
        make(keys)


@pytest.mark.parametrize("channel", HOSTILE_CHANNELS)
@pytest.mark.parametrize(
    "make",
    [
        lambda channel: moves.redirect(channel, "102"),
        lambda channel: moves.blind_transfer(channel, "102"),
        lambda channel: moves.attended_transfer(channel, "102"),
        lambda channel: moves.park(channel, by=MINE),
        lambda channel: moves.park(MINE, by=channel),
        lambda channel: moves.bring_together(channel, OTHER, "1"),
        lambda channel: moves.into_room(channel, OTHER, "1"),
        lambda channel: moves.moderates(channel, "1"),
        lambda channel: moves.bring_together(MINE, channel, "1"),
        moves.stays,
        lambda channel: moves.pick_up(OWN, channel, id="A", other_id="B"),
    ],
)
def test_only_the_name_of_one_channel_is_passed_on(make: Callable[[str], Action], channel: str) -> None:
    with pytest.raises(RefusedError):
        make(channel)


@pytest.mark.parametrize("device", ["", "Local/102@x", "PJSIP/trunk/sip:x@y", "PJSIP/101&PJSIP/102", "SIP/101\r\n"])
def test_only_a_telephone_of_our_own_is_rung(device: str) -> None:
    with pytest.raises(RefusedError):
        moves.fetch(Ring(device, "701", ""), "701", id="A", other_id="B")


def test_what_is_shown_is_a_number_and_a_context_is_a_name() -> None:
    with pytest.raises(RefusedError):
        moves.fetch(Ring("PJSIP/101", "Anna\r\n", ""), "701", id="A", other_id="B")
    with pytest.raises(RefusedError):
        moves.invite("102", "1", caller='"x" <1>', host=True, id="A", other_id="B")
    with pytest.raises(RefusedError):
        moves.dialled_in("internal\r\nX: y", "102")

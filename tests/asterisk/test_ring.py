"""What Asterisk is told when somebody dials: their own telephone, and digits in a variable."""

import asyncio
from typing import Any

import pytest

from ami_bridge.asterisk import phone
from ami_bridge.asterisk.phone import AUTO_ANSWER, Dialling
from ami_bridge.asterisk.ring import Ringer
from ami_bridge.config import Dialling as Configured
from ami_bridge.errors import LateError, NotReachableError, RefusedError
from tests.asterisk.conftest import linked
from tests.fakes.asterisk import FakeAsterisk

ID, OTHER = "01M8GY5KH13G3J514KYQDDZKQ0", "01M8GY5KH13G3J514KYQDDZKQ1"
WORDS: dict[str, Any] = {
    "id": ID,
    "other_id": OTHER,
    "keys": "003023125001",
    "extension": "101",
    "name": "Bäcker",
    "auto_answer": "",
    "ring_seconds": 30,
}


def variables(**changes: Any) -> list[str]:  # noqa: ANN401 - any value
    action = phone.originate(Dialling(**{"device": "PJSIP/101", **WORDS, **changes}))
    found = action.headers["Variable"]
    assert not isinstance(found, str)
    return list(found)


async def test_the_telephone_is_named_and_the_number_is_a_variable(pbx: FakeAsterisk) -> None:
    async with linked(pbx) as link:
        await Ringer(link).ring("PJSIP/101", **WORDS)
        told = await pbx.asked("Originate")
    assert {name: told[name] for name in told if name != "Variable"} == {
        "Action": "Originate",
        "ActionID": ID,
        "Channel": "PJSIP/101",
        "Context": "bridge-dial",
        "Exten": "s",
        "Priority": "1",
        "Timeout": "30000",
        "Async": "true",
        "ChannelId": ID,
        "OtherChannelId": OTHER,
    }
    assert "BD_TO=003023125001" in told["Variable"]
    assert "FORWARD_CONTEXT=bridge-dial-nowhere" in told["Variable"]
    assert "CONNECTEDLINE(name,i)=Bäcker" in told["Variable"]


async def test_whether_a_telephone_can_be_rung_is_asked_at_the_moment(pbx: FakeAsterisk) -> None:
    said = {"Response": "Success", "Variable": "DEVICE_STATE(PJSIP/101)"}
    async with linked(pbx) as link:
        for state, reached in (("NOT_INUSE", True), ("INUSE", True), ("UNAVAILABLE", False), ("INVALID", False)):
            pbx.answers["Getvar"] = lambda _action, state=state: [{**said, "Value": state}]  # type: ignore[misc]
            assert await Ringer(link).reachable("PJSIP/101") is reached
        told = await pbx.asked("Getvar")
        pbx.answers["Getvar"] = lambda _action: [{"Response": "Error", "Message": "Permission denied"}]
        assert await Ringer(link).reachable("PJSIP/101"), "it is not told, so ringing will show"
        with pytest.raises(RefusedError):
            await Ringer(link).reachable("PJSIP/101)${EPOCH}")
    assert told["Variable"] == "DEVICE_STATE(PJSIP/101)"


async def test_without_a_connection_nothing_was_rung_and_that_is_known(pbx: FakeAsterisk) -> None:
    async with linked(pbx) as link:
        pass
    with pytest.raises(NotReachableError):
        await Ringer(link).ring("PJSIP/101", **WORDS)


async def test_a_connection_that_breaks_in_the_middle_leaves_nobody_knowing(pbx: FakeAsterisk) -> None:
    pbx.unanswered.add("Originate")
    async with linked(pbx) as link:
        ringing = asyncio.gather(Ringer(link).ring("PJSIP/101", **WORDS), return_exceptions=True)
        await pbx.asked("Originate")
        pbx.drop_link()
        assert isinstance((await ringing)[0], LateError)


async def test_a_no_of_asterisk_is_a_no(pbx: FakeAsterisk) -> None:
    pbx.answers["Originate"] = lambda _action: [{"Response": "Error", "Message": "Extension does not exist."}]
    async with linked(pbx) as link:
        with pytest.raises(RefusedError, match="Extension does not exist"):
            await Ringer(link).ring("PJSIP/101", **WORDS)


@pytest.mark.parametrize(
    "wrong",
    [
        {"device": "Local/101@internal"},
        {"device": "PJSIP/101&PJSIP/102"},
        {"device": "PJSIP/101/sip:x@y"},
        {"device": "PJSIP/"},
        {"device": "SIP/101"},
        {"device": "PJSIP/101\r\nX: y"},
        {"keys": ""},
        {"keys": "+49"},
        {"keys": "102,1"},
        {"keys": "${EPOCH}"},
        {"keys": "1" * 33},
        {"other_id": "short"},
        {"auto_answer": "aastra"},
    ],
)
def test_nothing_else_than_a_telephone_and_digits_is_passed_on(wrong: dict[str, str]) -> None:
    with pytest.raises((RefusedError, KeyError)):
        variables(**wrong)


def test_a_name_is_one_value_whatever_is_in_it() -> None:
    name = "Biber, Ben (Amt) \\ [x] ${EPOCH} 'ü'"
    (shown,) = [one for one in variables(name=name) if one.startswith("CONNECTEDLINE(name,i)=")]
    written = shown.partition("=")[2]
    assert all(written[at - 1] == "\\" for at, sign in enumerate(written) if sign in ",()[]${}'" and at)
    assert len(variables(name="ü" * 500)[-1].encode()) < 1000


def test_every_word_of_the_configuration_has_its_header() -> None:
    words = set(Configured.__annotations__["auto_answer"].__args__[1].__args__)
    assert words == set(AUTO_ANSWER)
    for word in words:
        name, value = AUTO_ANSWER[word]
        assert variables(auto_answer=word)[-1] == f"PJSIP_HEADER(add,{name})={value}"
        assert "," not in value

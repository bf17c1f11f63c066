"""What is going on, as Asterisk answers when it is asked; what it calls errors is not always one."""

import pytest
from structlog.testing import capture_logs

from ami_bridge.asterisk import snapshot
from ami_bridge.asterisk.snapshot import Status, judge_version
from ami_bridge.calls.events import Floor
from ami_bridge.errors import NotReachableError, RefusedError
from tests.asterisk.conftest import linked
from tests.fakes.asterisk import FakeAsterisk, channel_block

CALLER = channel_block("1.1", "PJSIP/trunk-01", number="+493023125001", exten="102")


def refuses(pbx: FakeAsterisk, action: str, words: str) -> None:
    pbx.answers[action] = lambda _action: [{"Response": "Error", "Message": words}]


async def test_who_answers_is_known_by_its_version_and_its_start(pbx: FakeAsterisk) -> None:
    async with linked(pbx) as link:
        assert await snapshot.status(link) == Status(started="2026-01-01 06:00:00", version="22.10.1+dfsg+~cs6.15")


async def test_an_idle_asterisk_has_an_empty_floor(pbx: FakeAsterisk) -> None:
    async with linked(pbx) as link:
        assert await snapshot.picture(link, hints_context="hints") == snapshot.Picture(floor=Floor(legs=(), hints={}))


async def test_everything_that_is_going_on_is_found(pbx: FakeAsterisk) -> None:
    hint = {"Exten": "101", "Context": "hints", "Hint": "PJSIP/101", "Status": "0"}
    parked = {"ParkeeUniqueid": "1.1", "ParkingSpace": "701", "ParkerDialString": "PJSIP/101"}
    pbx.knows_list("CoreShowChannels", "CoreShowChannel", [{**CALLER, "Duration": "00:01:00", "BridgeId": "b1"}])
    pbx.knows_list("ExtensionStateList", "ExtensionStatus", [hint])
    pbx.knows_list("ParkedCalls", "ParkedCall", [parked])
    pbx.knows_list("QueueStatus", "QueueEntry", [{"Queue": "hall", "Uniqueid": "1.1"}])
    pbx.knows_list("ConfbridgeListRooms", "ConfbridgeListRooms", [{"Conference": "800"}, {"Conference": "801"}])
    pbx.knows_list("ConfbridgeList", "ConfbridgeList", [{"Conference": "801", "Uniqueid": "1.1"}])
    async with linked(pbx) as link:
        floor = (await snapshot.picture(link, hints_context="hints")).floor
    (leg,) = floor.legs
    assert (leg.leg.id, leg.bridge, leg.seconds) == ("1.1", "b1", 60)
    assert (leg.parked_at, leg.queue, leg.room) == ("701", "hall", "801")
    assert floor.hints == {"101": ("PJSIP/101",)}
    rooms = [one["Conference"] for one in pbx.actions if one["Action"] == "ConfbridgeList"]
    assert rooms == ["800", "801"]


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("ConfbridgeListRooms", "No active conferences."),
        ("ParkedCalls", "Invalid/unknown command: ParkedCalls. Use Action: ListCommands to show available commands."),
        ("QueueStatus", "No queues"),
        ("ExtensionStateList", "No extensions"),
    ],
)
async def test_none_of_something_is_an_error_to_asterisk_and_none_to_us(
    pbx: FakeAsterisk, action: str, words: str
) -> None:
    refuses(pbx, action, words)
    async with linked(pbx) as link:
        assert await snapshot.picture(link, hints_context="hints") == snapshot.Picture(floor=Floor(legs=(), hints={}))


async def test_a_room_that_closes_while_it_is_looked_at_is_empty(pbx: FakeAsterisk) -> None:
    pbx.knows_list("ConfbridgeListRooms", "ConfbridgeListRooms", [{"Conference": "800"}])
    refuses(pbx, "ConfbridgeList", "No Conference by that name found.")
    async with linked(pbx) as link:
        assert (await snapshot.picture(link, hints_context="hints")).floor.legs == ()


@pytest.mark.parametrize(
    "action", ["ExtensionStateList", "CoreShowChannels", "ConfbridgeListRooms", "ParkedCalls", "QueueStatus"]
)
async def test_a_right_that_is_missing_is_said_and_not_taken_for_an_empty_house(pbx: FakeAsterisk, action: str) -> None:
    refuses(pbx, action, "Permission denied")
    async with linked(pbx) as link:
        with pytest.raises(RefusedError, match="Permission denied"):
            await snapshot.picture(link, hints_context="hints")


async def test_channels_that_cannot_be_told_are_an_error(pbx: FakeAsterisk) -> None:
    refuses(pbx, "CoreShowChannels", "Could not get channel list")
    async with linked(pbx) as link:
        with pytest.raises(RefusedError, match="Could not"):
            await snapshot.picture(link, hints_context="hints")


async def test_a_status_that_is_a_list_is_no_status(pbx: FakeAsterisk) -> None:
    pbx.answers["CoreStatus"] = lambda _action: [
        {"Response": "Success", "EventList": "start"},
        {"Event": "CoreStatusComplete", "EventList": "Complete"},
    ]
    async with linked(pbx) as link:
        with pytest.raises(RefusedError, match="list"):
            await snapshot.status(link)


async def test_an_asterisk_that_does_not_answer_is_not_reachable(pbx: FakeAsterisk) -> None:
    pbx.unanswered.add("CoreStatus")
    async with linked(pbx) as link:
        pbx.drop_link()
        with pytest.raises(NotReachableError):
            await snapshot.status(link)


@pytest.mark.parametrize("version", ["22.10.1", "22.10.1+dfsg+~cs6.15", "22.11.0", "23.0.0", "24.1.0-rc1"])
def test_a_new_one_is_taken_without_a_word(version: str) -> None:
    with capture_logs() as logs:
        judge_version(version, pbx="town")
    assert logs == []


@pytest.mark.parametrize(
    "version", ["22.10.0", "20.5.2", "21.12.2", "22.9.9", "certified/20.7-cert4", "certified-22.8-cert1", "GIT-22-a1b"]
)
def test_an_old_one_is_served_with_a_loud_warning(version: str) -> None:
    with capture_logs() as logs:
        judge_version(version, pbx="town")
    (said,) = logs
    assert (said["event"], said["log_level"], said["needed"]) == ("ami.version_old", "warning", "22.10.1")
    assert said["version"] == version


@pytest.mark.parametrize("version", ["18.26.4", "16.2.1", "1.8.32", "certified/18.9-cert17", "", "whatever"])
def test_one_that_is_too_old_or_unknown_is_refused_in_a_sentence(version: str) -> None:
    with capture_logs() as logs, pytest.raises(RefusedError, match="older than 20"):
        judge_version(version, pbx="town")
    assert [one["event"] for one in logs] == ["ami.version_unsupported"]


def test_an_unserved_version_is_told_once_and_refused_each_time(capsys: pytest.CaptureFixture[str]) -> None:
    for tell in (True, False):
        with pytest.raises(RefusedError):
            judge_version("18.0.0", pbx="town", tell=tell)
    said = capsys.readouterr()
    assert (said.out + said.err).count("ami.version_unsupported") == 1

"""Whom calls may be given to: nobody is sent where they could not be dialled, and it counts as if they had been."""

from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from ami_bridge.calls.control import Target
from ami_bridge.calls.targets import Targets
from ami_bridge.config import Dialling, Rate
from ami_bridge.errors import BadRequestError, NotAllowedError, RateLimitedError, UnconfirmedError
from ami_bridge.people.model import People
from tests.calls.test_dial import ANNA, BEN, World

PREMIUM = "0900 1234567"


def targets(world: World) -> Targets:
    dial = world.dial
    return Targets(dialling=dial, plan=dial._plan, people=People([ANNA, BEN]), new_id=world.new_id)


def look(world: World, to: str, *, login: str = "anna", confirmed: bool = False) -> Target:
    return targets(world).look(login, to, confirmed=confirmed, credential="token:1")


def test_what_would_be_pressed_is_told() -> None:
    world = World()
    assert look(world, "102") == Target(keys="102", kind="internal", number="102")
    assert look(world, "+49 30 23125001") == Target(keys="003023125001", kind="national", number="+493023125001")
    assert look(world, "112", confirmed=True).kind == "emergency"


def test_what_one_may_not_dial_nobody_is_sent_to() -> None:
    with pytest.raises(NotAllowedError, match="premium"):
        look(World(), PREMIUM, confirmed=True)
    with pytest.raises(NotAllowedError):
        look(World(Dialling(allow=("internal",))), "030 23125001")
    with pytest.raises(NotAllowedError, match="not known"):
        look(World(), "102", login="nobody")


def test_what_is_dear_must_be_meant() -> None:
    world = World(Dialling(allow=("internal", "premium")))
    with pytest.raises(UnconfirmedError):
        look(world, PREMIUM)
    with pytest.raises(UnconfirmedError):
        look(world, "112")
    assert look(world, PREMIUM, confirmed=True).kind == "premium"


@pytest.mark.parametrize("odd", ["", "*8", "102&103", "Local/102@x", "102,1", "abc"])
def test_what_is_no_number_is_refused(odd: str) -> None:
    with pytest.raises(BadRequestError):
        look(World(), odd)


async def test_calls_sent_outside_count_like_dialled_ones_even_over_a_restart() -> None:
    config = Dialling(per_person=Rate(minute=2, day=9))
    world = World(config)
    many = targets(world)
    await world.call("030 23125001")
    one = many.look("anna", "030 23125002", confirmed=False, credential="token:1")
    await many.called("anna", [one, Target(keys="102", kind="internal", number="102")], credential="token:1")
    assert [login for login, _ in world.dialled.rows] == ["anna", "anna"], "calls within the house cost nothing"
    for _ in range(3):
        assert look(world, "102").keys == "102"
    with capture_logs() as logs, pytest.raises(RateLimitedError):
        look(world, "030 23125003")
    assert [(one["event"], one["credential"]) for one in logs] == [("dial.too_often", "token:1")]
    after = World(config)
    after.dialled.rows = world.dialled.rows
    await after.dial.load()
    with pytest.raises(RateLimitedError):
        look(after, "030 23125003")
    assert look(after, "030 23125003", login="ben").kind == "national"


async def test_many_calls_sent_outside_at_night_are_noticed() -> None:
    world = World(Dialling(burst=2))
    world.time = datetime(2026, 11, 22, 2, tzinfo=UTC)
    with capture_logs() as logs:
        for _ in range(2):
            world.time += timedelta(seconds=30)
            one = look(world, "030 23125002")
            await targets(world).called("anna", [one], credential="session:9")
    assert [(one["event"], one["credential"]) for one in logs] == [("dial.burst_off_hours", "session:9")]

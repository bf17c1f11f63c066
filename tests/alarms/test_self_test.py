"""The PBX calls itself: what fails is an alarm until it passes again."""

from ami_bridge.alarms.ports import AlarmCall, Ended
from ami_bridge.alarms.self_test import SelfTest
from ami_bridge.alarms.sources.ourselves import Ourselves
from tests.alarms.sources.world import Kept

COME, GO = ("ami-bridge", "self-test", "come"), ("ami-bridge", "self-test", "go")


class House:
    """A PBX that types its code, or does not; and the disk on which alarms are."""

    def __init__(self) -> None:
        self.well = True
        self.kept = Kept()
        self.troubles = Ourselves(takes=self.kept, known=self)
        self.test = SelfTest(
            phone=self,
            new_id=lambda: "01M7YZMHG1155EKP3A63DER454",
            random=lambda _: 7,
            sound=lambda: "alarm-say-test",
            noted=self._noted,
            failed=lambda why: self.troubles.wrong("self-test", why, point="telephone"),
            passed=lambda: self.troubles.fine("self-test", point="telephone"),
            clock=lambda: 0.0,
        )

    async def ring_with_alarm(self, call: AlarmCall) -> None:
        if self.well:
            assert self.test.is_own(call.attempt)
        self.test.take(call.attempt, Ended(outcome="acked" if self.well else "heard_not_acked"))

    async def open_keys(self, source: str) -> list[str]:
        return sorted(await self.kept.open_keys(source))

    async def _noted(self) -> set[str]:
        return set()


async def test_what_works_again_is_no_alarm_any_more_and_what_fails_again_is_a_new_one() -> None:
    house = House()
    assert await house.test.test() == ""
    assert house.kept.told() == []
    house.well = False
    assert "heard_not_acked" in await house.test.test()
    assert await house.test.test()
    assert house.kept.told() == [COME]
    house.well = True
    assert await house.test.test() == ""
    assert house.kept.told() == [COME, GO]
    house.well = False
    await house.test.test()
    assert house.kept.told() == [COME, GO, COME]


async def test_a_result_that_cannot_be_kept_is_told_after_the_next_test() -> None:
    house = House()
    house.well, house.kept.full = False, True
    assert await house.test.test()
    house.kept.full = False
    assert await house.test.test()
    assert house.kept.told() == [COME]
    house.well, house.kept.full = True, True
    assert await house.test.test() != ""  # so that the next one comes soon
    house.kept.full = False
    assert await house.test.test() == ""
    assert house.kept.told() == [COME, GO]

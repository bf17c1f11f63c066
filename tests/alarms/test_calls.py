"""Calls about alarms are followed by what is told of them, in whichever order, and each ends with one outcome."""

from itertools import count

import pytest

from ami_bridge.alarms.calls import MOST, Calls
from ami_bridge.alarms.events import Answered, Began, Dialled, Gone, LegGone, Refused, Rings, Said
from ami_bridge.alarms.ports import Ended, Fact, Ringing, Talking

ATT, OTHER = "att-01M8HBEE4616MEW6H6Q5SB468F", "att-01M8HBEKWDRC32E3TH7TP8DG7F"
Heard = list[tuple[str, Fact]]


class World:
    """Calls, and what the engine heard; a second passes with each look at the clock."""

    def __init__(self) -> None:
        self.heard: Heard = []
        seconds = count()
        self.calls = Calls(
            heard=lambda attempt, fact: self.heard.append((attempt, fact)), clock=lambda: 3 * next(seconds)
        )

    def outcomes(self) -> list[tuple[str, str]]:
        return [(attempt, fact.outcome) for attempt, fact in self.heard if isinstance(fact, Ended)]


@pytest.fixture
def world() -> World:
    return World()


def test_somebody_is_rung_answers_and_types_the_code(world: World) -> None:
    for event in (Began(ATT), Rings(ATT), Rings(ATT), Answered(ATT), Answered(ATT)):
        world.calls.apply(event)
    world.calls.apply(Said(attempt=ATT, result="code", tries=1, keys=3))
    assert world.heard == [(ATT, Ringing()), (ATT, Talking())]
    world.calls.apply(LegGone(ATT, 0))
    world.calls.apply(Gone(ATT))
    assert world.outcomes() == [(ATT, "acked")]


def test_the_telephones_leg_tells_that_it_would_have_been_forwarded(world: World) -> None:
    world.calls.apply(Began(ATT))
    world.calls.apply(Rings(ATT))
    world.calls.apply(Dialled(attempt=ATT, status="NOANSWER", cause=0, tech="SIP 180 Ringing"))
    world.calls.apply(LegGone(ATT, 302))
    world.calls.apply(Gone(ATT))
    assert world.heard[-1] == (ATT, Ended(outcome="forwarded", cause="NOANSWER 0", tech="SIP 302"))


def test_a_second_call_for_one_attempt_is_refused_and_the_first_goes_on(world: World) -> None:
    world.calls.asked("act-1", ATT)
    world.calls.apply(Began(ATT))
    world.calls.asked("act-2", ATT)
    world.calls.apply(Refused("act-2"))
    assert world.outcomes() == []
    world.calls.apply(Rings(ATT))
    world.calls.apply(Gone(ATT))
    world.calls.apply(Refused("act-1"))  # as it happens: an answer after the end
    assert world.outcomes() == [(ATT, "path_failed")], "once, not twice"


def test_what_never_became_a_channel_is_a_failure_of_the_path(world: World) -> None:
    world.calls.asked("act-1", ATT)
    world.calls.asked("act-2", OTHER)
    world.calls.forget("act-2")
    for action in ("act-1", "act-2", "act-1", "somebody else's"):
        world.calls.apply(Refused(action))
    assert world.outcomes() == [(ATT, "path_failed")]


def test_a_call_that_we_ended_was_cancelled(world: World) -> None:
    world.calls.stopped(OTHER)
    world.calls.apply(Began(ATT))
    world.calls.stopped(ATT)
    world.calls.apply(Gone(ATT))
    world.calls.apply(Gone(OTHER))
    assert world.outcomes() == [(ATT, "cancelled"), (OTHER, "path_failed")]


def test_after_a_gap_only_calls_that_live_are_known(world: World) -> None:
    world.calls.apply(Began(ATT))
    world.calls.apply(Answered(ATT))
    world.calls.adopt([OTHER])
    world.calls.asked("again", OTHER)
    world.calls.apply(Refused("again"))
    world.calls.apply(Gone(OTHER))
    world.calls.apply(Gone(ATT))
    assert world.outcomes() == [(OTHER, "path_failed"), (ATT, "path_failed")]
    world.calls.tell(ATT, Ended(outcome="forbidden"))
    assert world.outcomes()[-1] == (ATT, "forbidden")


def test_ends_that_never_come_do_not_fill_the_memory(world: World) -> None:
    for number in range(2 * MOST):
        world.calls.apply(Began(f"att-{number:026}"))
        world.calls.asked(f"act-{number}", ATT)
    assert len(world.calls._stories) == len(world.calls._asked) == MOST

"""What the client knows of calls: each once, none older than known, missed only what nobody took."""

from typing import Any

import pytest

from ami_bridge import wire
from ami_bridge.desktop.known import Known
from tests.desktop.world import call


def ids(calls: list[wire.Call]) -> list[str]:
    return [one.id for one in calls]


def test_what_is_older_than_known_is_nothing() -> None:
    known = Known()
    known.apply(call(rev=3, state="answered"))
    known.apply(call(rev=2))
    assert [one.state for one in known.live()] == ["answered"]
    known.apply(call(rev=3, state="answered", peer=wire.Peer(name="Anders")))
    assert [one.peer.name for one in known.live()] == ["Anders"], "the same rev is another name"


@pytest.mark.parametrize(
    ("ends", "missed"),
    [
        ([{"result": "missed"}], True),
        ([{"result": "answered"}], False),
        ([{"result": "answered", "answered_by": wire.Peer(name="Ben")}], False),
        ([{"result": "rejected"}], False),
        ([{"result": "transferred"}], False),
        ([{"result": None}], False),
        ([{"result": "missed", "extension": "101"}, {"result": "missed", "extension": "102"}], True),
        ([{"result": "missed", "extension": "101"}, {"result": "rejected", "extension": "102"}], False),
        ([{"result": "missed", "role": "caller"}], False),
    ],
)
def test_when_a_call_was_missed(ends: list[dict[str, Any]], *, missed: bool) -> None:
    known = Known()
    known.apply(call(**{key: value for key, value in ends[0].items() if key == "role"}))
    known.apply(call(extension="102")) if len(ends) > 1 else None
    for number, end in enumerate(ends):
        known.apply(call(rev=2, state="ended", **end))
        if number + 1 < len(ends):
            assert known.take_missed() == [], "the other telephone still rings"
    assert known.live() == []
    assert bool(known.take_missed()) is missed
    assert known.take_missed() == [], "it is told once"


def test_a_call_that_was_taken_is_not_missed_whatever_follows() -> None:
    known = Known()
    known.apply(call())
    known.apply(call(rev=2, state="answered"))
    known.apply(call(rev=3, state="queued"))
    known.apply(call(rev=4, state="ended", result="missed"))
    assert known.take_missed() == []


def test_an_end_that_was_none_is_taken_back() -> None:
    known = Known()
    known.apply(call(state="ended", result="missed"))
    known.apply(call(rev=2))
    assert known.take_missed() == []
    known.apply(call(rev=3, state="ended", result="missed"))
    assert ids(known.take_missed()) == ["CALL1"]


def test_a_snapshot_is_the_whole_truth() -> None:
    known = Known()
    known.apply(call(1))
    known.apply(call(2))
    assert known.replace([call(2, rev=5), call(3)], same_epoch=True) == {}
    assert sorted(ids(known.live())) == ["CALL2", "CALL3"]


def test_after_a_restart_a_call_is_known_by_what_did_not_change() -> None:
    known = Known()
    other = wire.Peer(number="+4930")
    known.replace([call(1), call(2, peer=other), call(3, extension="102")], same_epoch=True)
    now = [call(11, rev=9), call(12, peer=other, state="answered"), call(14, peer=wire.Peer(number="+4940"))]
    assert known.replace(now, same_epoch=False) == {"CALL1": "CALL11", "CALL2": "CALL12"}


def test_two_calls_that_look_alike_are_not_made_one_by_a_restart() -> None:
    known = Known()
    known.replace([call(1), call(2)], same_epoch=True)
    assert known.replace([call(11), call(12)], same_epoch=False) == {"CALL1": "CALL11", "CALL2": "CALL12"}


def test_a_command_without_a_call_means_the_newest_that_rings() -> None:
    known = Known()
    known.apply(call(1, actions=("reject",)))
    known.apply(call(2, actions=("reject",)))
    known.apply(call(3, state="answered", actions=("reject", "hangup")))
    found = [known.for_verb(verb) for verb in ("reject", "hangup", "hold")]
    assert [one.id if one else None for one in found] == ["CALL2", "CALL3", None]

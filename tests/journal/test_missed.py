"""Missed calls by who called: each caller once, and done only when all of it is."""

from datetime import timedelta

from ami_bridge import wire
from ami_bridge.journal.missed import groups
from tests.journal.world import BAKER, NOON, STRANGER

HUBER = wire.Peer(number=BAKER, display="030 23125001", name="Huber", org="Bäckerei", matches=1)


def entry(number: int, peer: wire.Peer = HUBER, done: str | None = None) -> wire.Entry:
    at = NOON + timedelta(minutes=number)
    return wire.Entry(
        id=f"C{number}", call=f"C{number}", pbx="town", rev=1, direction="in", role="callee", result="missed",
        peer=peer, started_at=at, ended_at=at, done_by=done, done_at=at + timedelta(hours=1) if done else None,
    )  # fmt: skip


def test_who_called_last_comes_first_with_all_their_calls() -> None:
    stranger = wire.Peer(number=STRANGER, display="030 23125099")
    first, second = groups([entry(5), entry(4, stranger), entry(1), entry(2)])
    assert (first.number, first.name, first.org, first.count) == (BAKER, "Huber", "Bäckerei", 3)
    assert (first.ids, first.first, first.last) == (("C5", "C2", "C1"), entry(1).started_at, entry(5).started_at)
    assert (second.number, second.name, second.count) == (STRANGER, None, 1)
    assert groups([]) == []


def test_those_who_withhold_their_number_are_one_group_without_one() -> None:
    (group,) = groups([entry(1, wire.Peer()), entry(2, wire.Peer())])
    assert (group.number, group.display, group.name, group.count) == (None, "", None, 2)


def test_a_group_is_done_when_all_of_it_is_by_who_was_last() -> None:
    (half,) = groups([entry(1, done="Ben"), entry(2)])
    assert (half.done_by, half.done_at) == (None, None)
    (whole,) = groups([entry(1, done="Anna"), entry(2, done="Ben")])
    assert (whole.done_by, whole.done_at) == ("Ben", entry(2, done="Ben").done_at)

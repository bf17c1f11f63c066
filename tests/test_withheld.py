"""Who withholds the number is not even looked for: a recorded call, and everything that was asked meanwhile."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ami_bridge import wire
from ami_bridge.asterisk.message import Message
from ami_bridge.asterisk.snapshot import Picture
from ami_bridge.calls.board import Board
from ami_bridge.calls.bubble import Bubbles
from ami_bridge.calls.desk import Desk
from ami_bridge.calls.events import Floor
from ami_bridge.config import OwnBlock, Site
from ami_bridge.contacts.directory import ANYBODY, Audience, Directory
from ami_bridge.contacts.index import Index
from ami_bridge.contacts.model import Contact, ContactNumber, Name
from ami_bridge.contacts.pbx import NameQuestion
from ami_bridge.dispatch import Dispatch
from ami_bridge.journal.model import JournalRow
from ami_bridge.numbers import Number, Numbers
from ami_bridge.people.model import People, Person

RECORDINGS = Path(__file__).parent / "recordings" / "plays"
CALLER = "+493023125001"
SITE = Site(area_code="89", own_block=OwnBlock(prefix="+498999998", digits=3))
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Counted(Directory):
    """Remembers each question."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def lookup(self, number: Number | None, audience: Audience = ANYBODY) -> Name | None:
        if number is not None:
            self.asked.append(number.e164 or number.exten or "")
        return super().lookup(number, audience)


class Listener:
    """Takes news and finished calls."""

    def __init__(self) -> None:
        self.told: list[wire.Call] = []
        self.rows: list[JournalRow] = []

    def publish(self, topic: str, event: str, kind: str, body: Any, **more: Any) -> None:  # noqa: ANN401, ARG002
        if kind == "call":
            self.told.append(body)

    def notice(self, row: JournalRow) -> None:
        self.rows.append(row)

    def reached(self, row: JournalRow) -> None:
        assert row.role == "caller"

    def take_back(self, row: JournalRow) -> None:
        raise AssertionError(row)


def played(name: str) -> tuple[Counted, Listener]:
    """Let the daemon hear a recorded call; Anna's own book knows the caller."""
    directory, listener, time = Counted(), Listener(), [NOON]
    index = Index()
    index.add(Contact(href="1", id=1, name="Mama", numbers=(ContactNumber("x", CALLER),)), "Privat")
    directory.replace(index, "owner:anna")
    directory.replace(index)

    def now() -> datetime:
        time[0] += timedelta(milliseconds=1)
        return time[0]

    board = Board("town", hints_context="hints", new_id=lambda _now: "CALL1")
    board.replace(Floor(legs=(), hints={"101": ("PJSIP/101",)}), NOON)
    desk = Desk(
        board=board,
        bubbles=Bubbles(numbers=Numbers(SITE), names=directory, lines={}),
        people=People([Person(login="anna", name="Anna", extensions=("101",))]),
        hub=listener,
        journal=listener,
        now=now,
    )
    dispatch = Dispatch(board=board, desk=desk, now=now)
    dispatch.hold()
    dispatch.go_live(Picture(floor=Floor(legs=(), hints={"101": ("PJSIP/101",)})))
    for block in (RECORDINGS / f"{name}.ami").read_bytes().split(b"\r\n\r\n"):
        if block:
            dispatch.handle(Message(block))
    return directory, listener


def test_a_caller_who_shows_the_number_is_looked_up() -> None:
    directory, listener = played("from_outside")
    assert CALLER in directory.asked
    assert {one.peer.name for one in listener.told} == {"Mama"}


def test_a_caller_who_withholds_it_is_not() -> None:
    directory, listener = played("withheld")
    assert listener.told
    assert set(directory.asked) <= {"101", "+498999998101"}, "nobody but Anna, as the line that was called"
    assert {one.peer for one in listener.told} == {wire.Peer()}
    assert [row.peer_number for row in listener.rows] == [None]


@pytest.mark.parametrize("said", ["anonymous", "", "unknown", "Anonymous", "<unknown>", "+"])
def test_the_dialplans_question_for_nobody_is_answered_without_a_look(said: str) -> None:
    directory = Counted()
    question = NameQuestion(
        directory=directory, numbers=Numbers(SITE), people=People(), extension_of=lambda _channel: None
    )
    assert question({"n": said, "to": "101"}) == "="
    assert directory.asked == []

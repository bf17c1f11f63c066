"""What the desk tells of calls: what is kept goes to the writer, and who is reached has been called back."""

from collections.abc import Sequence
from typing import Any

from ami_bridge.config_journal import Journal, NoJournal
from ami_bridge.journal.intake import REMEMBER_REACHED, Intake
from ami_bridge.journal.model import Kept
from ami_bridge.journal.rules import Rules
from ami_bridge.journal.writer import CalledBack, Key
from ami_bridge.people.model import People
from tests.journal.world import ANNA, BAKER, BEN, CARLA, finished, missed


class Writer:
    def __init__(self) -> None:
        self.taken: list[tuple[Key, list[str | None]]] = []
        self.said: list[CalledBack] = []

    def take(self, key: Key, rows: Sequence[Kept]) -> None:
        self.taken.append((key, [row.login for row in rows]))

    def call_back(self, said: CalledBack) -> None:
        self.said.append(said)


def world(**config: Any) -> tuple[Intake, Writer]:  # noqa: ANN401 - any key
    people, writer = People([ANNA, BEN, CARLA]), Writer()
    rules = Rules(Journal(**config), people=people, extension_of=lambda _device: None)
    return Intake(rules=rules, people=people, writer=writer), writer


def test_a_finished_call_is_kept_and_taken_back_by_call_and_extension() -> None:
    intake, writer = world()
    intake.notice(missed(1))
    intake.take_back(missed(1))
    assert writer.taken == [(("CALL1", "101"), ["anna"]), (("CALL1", "101"), [])]
    assert writer.said == []


def test_who_reaches_somebody_has_called_back_once_per_call() -> None:
    intake, writer = world(department="dept")
    call = finished(1, direction="out", role="caller")
    intake.reached(call)
    intake.reached(call)
    intake.notice(call)
    assert writer.said == [
        CalledBack(number=BAKER, at=call.answered_at or call.ended_at, by="anna", department="Bürgerbüro")
    ]
    assert len(writer.taken) == 1


def test_a_call_that_only_its_end_tells_of_counts_too() -> None:
    intake, writer = world()
    intake.notice(finished(1, "103", direction="out", role="caller"))
    assert [(one.by, one.department) for one in writer.said] == [("carla", None)]


def test_nobody_has_called_back_who_was_called_or_reached_nobody() -> None:
    intake, writer = world()
    for call in (
        finished(1),
        missed(2, direction="out", role="caller"),
        finished(3, role="caller", peer_number=None),
        finished(4, "109", role="caller"),
    ):
        intake.notice(call)
    assert writer.said == []


def test_a_private_call_tells_the_department_nothing() -> None:
    intake, writer = world(department="dept", private_prefix="*9", none=NoJournal(numbers=["103"]))
    intake.notice(finished(1, role="caller", dialled="*90300"))
    intake.notice(finished(2, "103", role="caller"))
    assert writer.said == []
    assert [key for key, _ in writer.taken] == [("CALL1", "101")]


def test_remembering_who_was_reached_has_an_end() -> None:
    intake, _ = world()
    for number in range(2 * REMEMBER_REACHED):
        intake.reached(finished(number, role="caller"))
    assert len(intake._reached) == REMEMBER_REACHED

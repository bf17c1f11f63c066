"""What is kept of a finished call: of whom, for how long, and of whom nothing."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs

from ami_bridge.config_journal import Journal, KeepDays, NoJournal
from ami_bridge.journal.model import Kept
from ami_bridge.journal.rules import Rules
from ami_bridge.people.model import People
from tests.journal.world import ANNA, BAKER, BEN, CARLA, DEVICES, NOON, finished, missed


def rules(**config: Any) -> Rules:  # noqa: ANN401 - any key
    people = People(
        [ANNA, structs.replace(BEN, extensions=("102", "8101")), structs.replace(CARLA, groups=("Personalrat",))]
    )
    return Rules(Journal(**config), people=people, extension_of=DEVICES.get)


def test_a_call_is_kept_for_whose_telephone_it_was_at() -> None:
    (kept,) = rules().kept(finished(1, dialled="123"))
    assert (kept.login, kept.department, kept.peer_number, kept.private) == ("anna", None, BAKER, False)
    assert (kept.call_id, kept.extension, kept.started_at) == ("CALL1", "101", NOON + timedelta(minutes=1))


def test_who_shares_a_telephone_has_a_row_each_with_an_id_of_its_own() -> None:
    annas, bens = rules().kept(finished(1, "8101"))
    assert (annas.login, bens.login) == ("anna", "ben")
    assert annas.id != bens.id
    assert {annas.id, bens.id} == {one.id for one in rules().kept(missed(1, "8101"))}, "the same when it ends again"


def test_what_is_nobodys_is_kept_as_nobodys() -> None:
    (kept,) = rules().kept(finished(1, "109"))
    assert (kept.id, kept.login, kept.department) == ("CALL1-109", None, None)


def test_a_department_is_noted_only_while_it_reads_a_journal() -> None:
    assert rules(department="own").kept(finished(1))[0].department is None
    assert rules(department="dept").kept(finished(1))[0].department == "Bürgerbüro"
    assert rules(department="dept").kept(finished(1, "109"))[0].department is None


def test_without_a_journal_nothing_is_kept_and_what_was_is_over() -> None:
    off = rules(department="off")
    assert off.kept(finished(1)) == []
    assert not off.may_tell(finished(1))
    assert off.limits(NOON).answered == NOON
    assert off.kept_for("answered") == 0


@pytest.mark.parametrize(
    "none",
    [
        NoJournal(numbers=["101"]),
        NoJournal(numbers=[BAKER]),
        NoJournal(numbers=["200"]),
        NoJournal(devices=["PJSIP/101"]),
        NoJournal(groups=["Bürgerbüro"]),
    ],
)
def test_of_whom_nothing_is_to_be_kept_nothing_is(none: NoJournal) -> None:
    """Neither as the own extension, nor as the other side, nor as the line."""
    silent = rules(none=none)
    assert silent.kept(finished(1, line="200")) == []
    assert not silent.may_tell(finished(1, line="200"))
    assert silent.kept(finished(1, "103", line="103", peer_number="+4930"))


def test_who_called_them_has_nothing_kept_either() -> None:
    silent = rules(none=NoJournal(groups=["Personalrat"]))
    assert silent.kept(finished(1, peer_number="103", direction="internal", role="caller")) == []
    assert silent.kept(finished(1, "103")) == []
    assert silent.kept(finished(1))


@pytest.mark.parametrize(
    ("how", "number", "kept"),
    [
        ("none", "+493023125001", None),
        ("cut", "+493023125001", "+493023125xxx"),
        ("cut", "101", None),
        ("cut", None, None),
    ],
)
def test_of_a_private_call_no_number_is_kept_or_not_all_of_it(how: str, number: str | None, kept: str | None) -> None:
    private = rules(private_prefix="*9", private_number=how)
    (row,) = private.kept(finished(1, role="caller", dialled="*9003023125001", peer_number=number))
    assert (row.private, row.peer_number) == (True, kept)
    assert "dialled" not in Kept.__struct_fields__
    assert not private.may_tell(finished(1, role="caller", dialled="*9003023125001"))
    assert private.may_tell(finished(1, role="caller", dialled="003023125001"))


def test_nobody_is_private_by_chance_where_no_prefix_is_configured() -> None:
    assert not rules().is_private("*9003023125001")
    assert not rules(private_prefix="*9").is_private(None)


def test_each_class_has_its_time_and_the_shortest_counts() -> None:
    some = rules(keep_days=30, keep=KeepDays(missed=10, private=5, external=20))
    assert some.kept_for("internal", "answered") == 30
    assert some.kept_for("external", "answered") == 20
    assert some.kept_for("external", "missed") == 10
    assert some.kept_for("private") == 5
    limits = some.limits(NOON)
    assert (limits.answered, limits.missed) == (NOON - timedelta(days=30), NOON - timedelta(days=10))


def test_a_class_of_no_days_is_not_kept_at_all() -> None:
    some = rules(keep=KeepDays(internal=0))
    assert some.kept(finished(1, direction="internal")) == []
    assert some.kept(finished(1))
    assert rules(keep=KeepDays(missed=0)).kept(missed(1)) == []
    assert rules(keep=KeepDays(private=0), private_prefix="*9").kept(finished(1, role="caller", dialled="*91")) == []


def test_an_own_number_is_silent_however_it_is_written() -> None:
    numbers = {"+498999998101": "101"}
    config = Journal(none=NoJournal(numbers=["+498999998101"]))
    silent = Rules(
        config, people=People([ANNA]), extension_of=DEVICES.get, comparable=lambda raw: numbers.get(raw, raw)
    )
    assert silent.is_silent("101")
    assert not silent.is_silent("102")

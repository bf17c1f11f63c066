"""What a person can do: from what the PBX is prepared for, what they have, and what the telephone at hand can."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from ami_bridge.calls.abilities import Abilities
from ami_bridge.calls.actions import Means
from ami_bridge.people.model import Person
from tests.calls.test_actions import view

ANNA = Person(login="anna", name="Anna", roles=("user", "switchboard"))
BEN = Person(login="ben", name="Ben")


class Phone(NamedTuple):
    id: str


class World:
    """Anna has two telephones, one of which is steered; Ben has none."""

    def __init__(self) -> None:
        self.calls = 1

    def can_ring(self, login: str) -> bool:
        return login == "anna"

    def of(self, login: str) -> Sequence[Phone]:
        return [Phone("PJSIP/101"), Phone("PJSIP/151")] if login == "anna" else []

    def can(self, device: str) -> Collection[str]:
        return ("answer", "hold") if device == "PJSIP/151" else ()

    def calls_at(self, device_: str) -> int:
        assert device_
        return self.calls


def abilities(world: World) -> Abilities:
    return Abilities(devices=world, drivers=world, board=world)


def test_what_somebody_has_and_is_decides() -> None:
    made = abilities(World())
    anna, ben = made.of(ANNA, None), made.of(BEN, None)
    assert (anna.rings, anna.clears, set(anna.drives)) == (True, True, {"answer", "hold"})
    assert (ben.rings, ben.clears, set(ben.drives)) == (False, False, set())
    made.means = Means(send=True)
    assert made.of(BEN, None).means == Means(send=True)


def test_a_telephone_is_steered_where_it_is_the_only_one_and_has_no_other_call() -> None:
    world = World()
    made = abilities(world)

    def drives(*devices: str, **more: Any) -> set[str]:  # noqa: ANN401 - any field of a view
        return set(made.of(ANNA, view("ringing", devices=devices, **more)).drives)

    assert drives("PJSIP/151") == {"answer", "hold"}
    assert drives("PJSIP/101") == set()
    assert drives("PJSIP/101", "PJSIP/151") == set(), "which one is meant?"
    assert drives() == set()
    world.calls = 2
    assert drives("PJSIP/151") == set(), "the key might take the other call"

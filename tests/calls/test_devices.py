"""Whose telephones are whose, what they are, whether they are there, and which one is chosen."""

from collections.abc import Collection
from dataclasses import dataclass

import pytest

from ami_bridge.calls.devices import Device, Devices, Registered, model_of
from ami_bridge.errors import NotAllowedError, NotFoundError, NotReachableError
from ami_bridge.people.model import People, Person

HINTS = {"101": ("PJSIP/101", "PJSIP/151"), "102": ("PJSIP/102",)}
PEOPLE = [
    Person(login="anna", name="Anna", extensions=("101", "102")),
    Person(login="ben", name="Ben", extensions=("102",)),
    Person(login="none", name="None"),
]
THERE = Registered(reachable=True)


@dataclass
class Known:
    device: str
    label: str = ""
    model: str = ""


class Board:
    def devices_of(self, extension: str) -> tuple[str, ...]:
        return HINTS.get(extension, ())


class Drivers:
    def can(self, device: str) -> Collection[str]:
        return ("hold", "answer") if device == "PJSIP/151" else ()


class Store:
    def __init__(self) -> None:
        self.chosen: dict[str, str] = {"ben": "PJSIP/102"}

    async def chosen_devices(self) -> dict[str, str]:
        return dict(self.chosen)

    async def choose_device(self, login: str, device: str | None) -> None:
        if device is None:
            self.chosen.pop(login, None)
        else:
            self.chosen[login] = device


def make(*known: Known, people: People | None = None) -> Devices:
    return Devices(
        pbx="town",
        people=people or People(PEOPLE),
        board=Board(),
        known=known,
        drivers=Drivers(),
        auto_answer={"PJSIP/101": "snom"},
        store=Store(),
    )


@pytest.fixture
def devices() -> Devices:
    return make(Known("PJSIP/151", label="Zweitplatz"), Known("PJSIP/102", model="Elmeg"))


def test_a_person_has_the_telephones_of_all_their_extensions(devices: Devices) -> None:
    devices.registered({"PJSIP/101": Registered(reachable=True, agent="snomD785/10.1.99.15"), "PJSIP/102": THERE})
    assert devices.of("anna") == [
        Device(
            id="PJSIP/101", pbx="town", extension="101", label="snomD785", model="snomD785", registered=True,
            capabilities=("auto-answer",), chosen=False,
        ),
        Device(
            id="PJSIP/151", pbx="town", extension="101", label="Zweitplatz", model=None, registered=False,
            capabilities=("answer", "hold"), chosen=False,
        ),
        Device(
            id="PJSIP/102", pbx="town", extension="102", label="Elmeg", model="Elmeg", registered=True,
            capabilities=(), chosen=False,
        ),
    ]  # fmt: skip
    assert devices.of("none") == devices.of("gone") == []


def test_as_long_as_nobody_has_told_all_might_be_there(devices: Devices) -> None:
    assert all(one.registered for one in devices.of("anna"))
    assert not devices.arrived("PJSIP/101"), "no news"
    devices.registered({})
    assert not devices.can_ring("anna")
    assert devices.arrived("PJSIP/101"), "it registered just now"
    assert not devices.arrived("PJSIP/101")
    assert devices.can_ring("anna")
    assert not devices.can_ring("none")


def test_who_came_or_went_is_told(devices: Devices) -> None:
    devices.registered({"PJSIP/101": THERE, "PJSIP/102": Registered(reachable=False)})
    changed = devices.registered({"PJSIP/101": Registered(reachable=True, agent="x"), "PJSIP/102": THERE})
    assert changed == {"PJSIP/102"}
    assert devices.registered({}) == {"PJSIP/101", "PJSIP/102"}


async def test_the_chosen_telephone_rings_first_unless_only_another_can(devices: Devices) -> None:
    await devices.load()
    devices.registered({"PJSIP/101": THERE, "PJSIP/151": THERE})
    assert devices.rung_first("anna").id == "PJSIP/101"
    assert devices.rung_first("anna").auto_answer == "snom"
    await devices.choose("anna", "PJSIP/151")
    assert [one.id for one in devices.of("anna") if one.chosen] == ["PJSIP/151"]
    assert (devices.rung_first("anna").id, devices.rung_first("anna").auto_answer) == ("PJSIP/151", "")
    devices.registered({"PJSIP/101": THERE})
    assert devices.rung_first("anna").id == "PJSIP/101"
    await devices.choose("anna", None)
    assert not any(one.chosen for one in devices.of("anna"))
    assert devices.of("ben")[0].chosen, "from the last run"


async def test_at_a_seat_its_telephone_rings_and_not_the_one_chosen_for_another_place() -> None:
    people = People(PEOPLE)
    devices = make(people=people)
    await devices.load()
    devices.registered(dict.fromkeys(("PJSIP/101", "PJSIP/102", "PJSIP/151"), THERE))
    await devices.choose("anna", "PJSIP/102")
    people.seat({"anna": "101"})
    devices.moved({"anna"})
    assert devices.rung_first("anna").id == "PJSIP/101"
    await devices.choose("anna", "PJSIP/151")
    assert devices.rung_first("anna").id == "PJSIP/151", "there she may choose too"
    people.seat({})
    devices.moved({"anna"})
    assert devices.rung_first("anna").id == "PJSIP/151"
    people.seat({"ben": "101"})
    await devices.load()
    assert devices.rung_first("ben").id == "PJSIP/101", "the daemon was started while he sat there"


async def test_another_persons_telephone_cannot_be_chosen(devices: Devices) -> None:
    for device in ("PJSIP/101", "PJSIP/999", "", "PJSIP/102\r\n"):
        with pytest.raises(NotFoundError):
            await devices.choose("ben", device)


def test_without_a_telephone_nothing_rings(devices: Devices) -> None:
    with pytest.raises(NotAllowedError):
        devices.rung_first("none")
    devices.registered({})
    with pytest.raises(NotReachableError):
        devices.rung_first("anna")


def test_extensions_are_those_that_have_telephones(devices: Devices) -> None:
    assert devices.are_of("101")
    assert not devices.are_of("003023125001")


@pytest.mark.parametrize(
    ("agent", "model"),
    [
        ("snomD785/10.1.99.15", "snomD785"),
        ("snom-PhoneManager/10.1.169.16", "snom-PhoneManager"),
        ("Yealink SIP-T46S 66.86.0.15", "Yealink SIP-T46S"),
        ("Yealink SIP-T46S 66.86.0.15 00:15:65:aa:bb:cc", "Yealink SIP-T46S"),
        ("Grandstream GXP2170 1.0.11.79", "Grandstream GXP2170"),
        ("baresip v1.1.0 (x86_64/linux)", "baresip"),
        ("Cisco/SPA504G-7.6.2", "Cisco SPA504G-7.6.2"),
        ("Zoiper rv2.10.20.5", "Zoiper rv2.10.20.5"),
        ("evil\r\nX: y\x00(", "evil X: y"),
        ("", ""),
        ("x" * 500, "x" * 60),
    ],
)
def test_a_model_is_what_a_telephone_calls_itself(agent: str, model: str) -> None:
    assert model_of(agent) == model

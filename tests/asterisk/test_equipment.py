"""What an Asterisk is prepared for and which telephones are there, as it tells."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from ami_bridge.asterisk import equipment as module
from ami_bridge.asterisk.equipment import Equipment
from ami_bridge.asterisk.link import AmiLink
from ami_bridge.calls.actions import Means
from ami_bridge.calls.devices import Registered
from tests.asterisk.conftest import linked
from tests.fakes.asterisk import SOON, Action, FakeAsterisk, Headers

LACKING = "Need 'Interface' and 'Paused' parameters."
CONTACT = '{"via_addr":"10.1.2.3","endpoint":"101","user_agent":"snomD785/10.1","uri":"sip:101@10.1.2.3:5060"}'


class House:
    """What the daemon is told."""

    def __init__(self) -> None:
        self.means: list[Means] = []
        self.telephones: list[dict[str, Registered]] = []
        self.arrived: list[str] = []
        self.told = asyncio.Event()

    def registered(self, found: Mapping[str, Registered]) -> None:
        self.telephones.append(dict(found))
        self.told.set()

    async def next(self) -> None:
        async with asyncio.timeout(SOON):
            await self.told.wait()
        self.told.clear()


def prepared(
    pbx: FakeAsterisk, *, dial: str = "internal", consult: str = "yes", send: bool = True, queues: str = LACKING
) -> None:
    """Let the dialplan be like this."""
    values = {"BRIDGE_DIAL": dial, "BRIDGE_CONSULT": consult}

    def says(action: Action) -> list[Headers]:
        name = str(action["Variable"])
        return [{"Response": "Success", "Variable": name, "Value": values[name]}]

    pbx.answers["Getvar"] = says
    if send:
        pbx.knows_list("ShowDialPlan", "ListDialplan", [{"Context": "bridge-send", "Extension": "_[0-9]."}])
    else:
        pbx.answers["ShowDialPlan"] = lambda _action: [{"Response": "Error", "Message": "Did not find context"}]
    pbx.answers["QueuePause"] = lambda _action: [{"Response": "Error", "Message": queues}]
    pbx.knows_list("Parkinglots", "Parkinglot", [{"Name": "default"}])


@asynccontextmanager
async def looking(pbx: FakeAsterisk) -> AsyncIterator[tuple[House, Equipment]]:
    house = House()

    async with linked(pbx) as link:
        made = equipment(link, house)
        running = asyncio.get_running_loop().create_task(made.run())
        try:
            yield house, made
        finally:
            running.cancel()
            await asyncio.wait({running})


def equipment(link: AmiLink, house: House) -> Equipment:
    return Equipment(
        pbx="town",
        link=link,
        means=house.means.append,
        registered=house.registered,
        arrived=house.arrived.append,
    )


@pytest.mark.parametrize(
    ("plan", "means"),
    [
        ({}, Means(send=True, consult=True, park=True, take=True, queues=True)),
        ({"consult": ""}, Means(send=True, consult=False, park=True, take=True, queues=True)),
        ({"dial": ""}, Means(send=False, consult=False, park=True, queues=True)),
        ({"send": False}, Means(send=False, consult=False, park=True, queues=True)),
        ({"queues": "Permission denied"}, Means(send=True, consult=True, park=True, take=True)),
        ({"queues": "Invalid/unknown command"}, Means(send=True, consult=True, park=True, take=True)),
    ],
)
async def test_the_dialplan_says_what_it_is_prepared_for(
    pbx: FakeAsterisk, plan: dict[str, object], means: Means
) -> None:
    prepared(pbx, **plan)  # type: ignore[arg-type]
    async with looking(pbx) as (house, _):
        await house.next()
    assert house.means == [means]


async def test_telephones_are_told_with_what_they_call_themselves(pbx: FakeAsterisk) -> None:
    prepared(pbx)
    contacts = [{"Key": "/registrar/contact/101;@abc", "Val": CONTACT}, {"Key": "x", "Val": "no JSON"}]
    pbx.knows_list("DBGetTree", "DBGetTreeResponse", contacts)
    states = [("PJSIP/101", "NOT_INUSE"), ("PJSIP/102", "UNAVAILABLE"), ("PJSIP/103", "RINGING"), ("Custom:x", "INUSE")]
    pbx.knows_list("DeviceStateList", "DeviceStateChange", [{"Device": one, "State": state} for one, state in states])
    async with looking(pbx) as (house, _):
        await house.next()
    assert house.telephones == [
        {
            "PJSIP/101": Registered(reachable=True, agent="snomD785/10.1"),
            "PJSIP/102": Registered(reachable=False),
            "PJSIP/103": Registered(reachable=True),
        }
    ]


async def test_who_registers_is_there_at_once_and_looked_at_soon(
    pbx: FakeAsterisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SETTLES", 0.0)
    prepared(pbx)
    async with looking(pbx) as (house, made):
        await house.next()
        assert not made.take({"Event": "ContactStatus", "EndpointName": "101", "ContactStatus": "Created"})
        assert house.arrived == ["PJSIP/101"]
        await house.next()
        made.take({"Event": "ContactStatus", "EndpointName": "101", "ContactStatus": "Removed"})
        await house.next()
    assert house.arrived == ["PJSIP/101"], "another registration of it may still be there"
    assert len(house.telephones) == 3
    assert not made.take({"Event": "Newchannel"})


async def test_a_missing_right_is_said_once_and_costs_nothing_else(
    pbx: FakeAsterisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AGAIN_AFTER", 0.01)
    pbx.answers["ShowDialPlan"] = lambda _action: [{"Response": "Error", "Message": "Permission denied"}]
    with capture_logs() as logs:
        async with looking(pbx) as (house, _):
            await pbx.asked("ShowDialPlan", times=3)
    assert [(one["event"], one["why"]) for one in logs if one["event"].startswith("control")] == [
        ("control.not_told", "Permission denied")
    ]
    assert house.means == []

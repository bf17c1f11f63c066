"""The doctor."""

from dataclasses import dataclass

from ami_bridge.compose.base import AddRoutes, Base
from ami_bridge.compose.calls import CallParts
from ami_bridge.compose.contacts import ContactParts
from ami_bridge.compose.rooms import RoomParts
from ami_bridge.doctor.checks import Memory
from ami_bridge.doctor.checks import doctor as make_doctor
from ami_bridge.doctor.control import DoctorDesk
from ami_bridge.doctor.examine import Doctor
from ami_bridge.doctor.visit import Ear


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorParts:
    """What others need of it."""

    doctor: Doctor
    control: list[AddRoutes]


def doctor(base: Base, calls: CallParts, contacts: ContactParts, rooms: RoomParts | None) -> DoctorParts:
    """Make it."""
    ear = Ear()
    calls.hearing.append(ear.take)
    made = make_doctor(
        base.config,
        dav=base.dav,
        now=base.now,
        new_id=base.new_id,
        memory=Memory(
            link=base.link,
            ear=ear,
            people=base.people.all,
            seen=contacts.sync.seen,
            names=base.directory.__len__,
            crowds=(lambda _now: ()) if rooms is None else rooms.keeper.crowds,
        ),
    )
    return DoctorParts(doctor=made, control=[DoctorDesk(made).add_to])

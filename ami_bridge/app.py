"""The composition root: what `compose` makes is tied together here, run, and stopped by one cancel."""

import asyncio
import gc
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime

import structlog
from msgspec import Struct

from ami_bridge.admin.routes import OPERATIONS as ADMIN
from ami_bridge.alarms.by_hand_routes import OPERATIONS as BY_HAND
from ami_bridge.alarms.maintenance_routes import OPERATIONS as MAINTENANCE
from ami_bridge.alarms.reach_routes import OPERATIONS as ALARM_TESTS
from ami_bridge.alarms.routes import OPERATIONS as ALARMS
from ami_bridge.alarms.sound_routes import OPERATIONS as ALARM_SOUNDS
from ami_bridge.alarms.sources.routes import OPERATIONS as ALARM_SOURCES
from ami_bridge.compose.admin import admin as make_admin
from ami_bridge.compose.alarms import alarms as make_alarms
from ami_bridge.compose.base import base as make_base
from ami_bridge.compose.calendars import calendars
from ami_bridge.compose.calls import calls as make_calls
from ami_bridge.compose.contacts import contacts as make_contacts
from ami_bridge.compose.control import OPERATIONS as CALLS
from ami_bridge.compose.control import control as make_control
from ami_bridge.compose.dial import dial as make_dial
from ami_bridge.compose.doctor import doctor as make_doctor
from ami_bridge.compose.figures import alarm_figures, figures
from ami_bridge.compose.people import people as make_people
from ami_bridge.compose.privacy import audit as make_audit
from ami_bridge.compose.privacy import privacy as make_privacy
from ami_bridge.compose.queues import queues as make_queues
from ami_bridge.compose.rooms import rooms as make_rooms
from ami_bridge.config import Config, control_socket
from ami_bridge.contacts.own import OPERATIONS as OWN
from ami_bridge.contacts.routes import OPERATIONS as CONTACTS
from ami_bridge.dav.client import DavClient
from ami_bridge.db.database import open_database
from ami_bridge.drivers.driver import drivers
from ami_bridge.journal.routes import OPERATIONS as JOURNAL
from ami_bridge.journal.webhook import LOOK_EVERY
from ami_bridge.people.kerberos_routes import OPERATIONS as KERBEROS
from ami_bridge.people.pairing_routes import OPERATIONS as PAIRING
from ami_bridge.people.routes import OPERATIONS as PEOPLE
from ami_bridge.people.seat_routes import OPERATIONS as SEATS
from ami_bridge.people.signin_routes import OPERATIONS as SIGN_IN
from ami_bridge.phonebooks.ldap import serve_ldap
from ami_bridge.phonebooks.routes import OPERATIONS as PHONEBOOKS
from ami_bridge.privacy.routes import OPERATIONS as PRIVACY
from ami_bridge.queues.routes import OPERATIONS as QUEUES
from ami_bridge.rooms.live_routes import OPERATIONS as ROOMS_LIVE
from ami_bridge.rooms.recording_routes import OPERATIONS as RECORDINGS
from ami_bridge.rooms.routes import OPERATIONS as ROOMS
from ami_bridge.tasks import every
from ami_bridge.web.asyncapi import OPERATIONS as ASYNCAPI
from ami_bridge.web.asyncapi import asyncapi_routes
from ami_bridge.web.control import serve_control
from ami_bridge.web.metrics import registry
from ami_bridge.web.openapi import openapi_routes
from ami_bridge.web.ops import Ops
from ami_bridge.web.pbx import Answer, serve_pbx
from ami_bridge.web.server import Check, serve
from ami_bridge.web.socket import Sockets
from ami_bridge.web.topics import Topics

log = structlog.get_logger()

PURGE_EVERY = 3600.0
KEYS_EVERY = 600.0
SEATS_EVERY = 60.0


class Ready(Struct, frozen=True):
    """Where the daemon listens, once it does."""

    web: int
    questions: int


def now() -> datetime:
    """Return the time, aware and in UTC: the one clock of the program."""
    return datetime.now(UTC)


async def run(config: Config, *, ready: Callable[[Ready], None] | None = None) -> None:
    """Run the daemon until it is cancelled; `ready` is told where it listens."""
    pbx = config.pbx[0]
    async with (
        open_database(config.database.url) as db,
        DavClient(config.groupware.address, config.groupware.user, config.groupware.password) as dav,
        drivers(config.phone) as phones,
        asyncio.TaskGroup() as tasks,
    ):
        base = make_base(config, db, dav, now)
        people = make_people(base)
        audit = make_audit(base)
        calls = make_calls(base, people.access, audit, phones, people.when_moved)
        contacts = make_contacts(base, people, calls)
        privacy = make_privacy(base, audit, people, calls, contacts)
        dial = make_dial(base, people, calls, contacts)
        rooms = make_rooms(base, people.access, audit, calls, dial)
        if rooms is not None:
            privacy.files["recordings"] = rooms.recordings
        doctor = make_doctor(base, calls, contacts, rooms)
        admin = make_admin(base, audit, people, calls, contacts, doctor)
        queues = make_queues(base, people.access, calls, dial)
        steering = make_control(base, people.access, calls, dial, rooms, phones)
        alarms = make_alarms(base, people, calls, dial)
        loads = [contacts.load, people.load, dial.dial.load, calls.devices.load]
        for load in [*loads, *(part.load for part in (rooms, alarms) if part is not None)]:
            await load()

        journal = calls.journal
        room_topics = {} if rooms is None else {"rooms": rooms.desk, "room:": rooms.desk}
        topics = Topics(
            {
                **room_topics,
                **({} if alarms is None else {"alarms": alarms.desk}),
                "bridge": calls.desk,
                "calls.self": calls.desk,
                "calls.dept:": calls.neighbours,
                "presence.dept:": calls.presence,
                "queue:": queues.desk,
                "journal.self": journal.desk,
                "journal.dept:": journal.desk,
            }
        )
        ops = Ops(
            {
                **dial.ops,
                **steering.ops,
                **queues.ops,
                **journal.ops,
                **({} if rooms is None else rooms.ops),
                **(alarms.ops if alarms else {}),
            }
        )
        sockets = Sockets(
            hub=base.hub,
            guard=people.access,
            desk=calls.desk,
            topics=topics,
            ops=ops,
            now=now,
            arrived=people.seats.arrived,
        )
        routes = [
            lambda router: router.add_get("/api/v1/ws", sockets.handle),
            *people.routes,
            *calls.routes,
            *dial.routes,
            *steering.routes,
            *queues.routes,
            *journal.routes,
            *contacts.routes,
            *privacy.routes,
            *admin.routes,
            *([] if rooms is None else rooms.routes),
            *([] if alarms is None else alarms.routes),
            openapi_routes(
                [
                    *PEOPLE,
                    *SIGN_IN,
                    *KERBEROS,
                    *SEATS,
                    *PAIRING,
                    *CALLS,
                    *QUEUES,
                    *JOURNAL,
                    *CONTACTS,
                    *PHONEBOOKS,
                    *OWN,
                    *PRIVACY,
                    *ADMIN,
                    *ASYNCAPI,
                ]
                + ([] if rooms is None else [*ROOMS, *ROOMS_LIVE, *RECORDINGS])
                + (
                    []
                    if alarms is None
                    else [*ALARM_SOURCES, *ALARM_TESTS, *ALARM_SOUNDS, *BY_HAND, *MAINTENANCE, *ALARMS]
                )
            ),
            asyncapi_routes,
        ]
        control = [
            *people.control, *contacts.control, *privacy.control, *doctor.control,
            *([] if rooms is None else rooms.control),
        ]  # fmt: skip
        checks: dict[str, Check] = {
            "store": db.answers,
            "ami": lambda: calls.desk.bridge.ami == "up",
            "names": contacts.looked.is_set,
            **({} if alarms is None else {"engine": alarms.ticks, "sweeper": alarms.sweeps}),
        }
        told = figures(
            board=calls.board,
            desk=calls.desk,
            hub=base.hub,
            journal=journal.writer,
            link=base.link,
            sync=contacts.sync,
            directory=base.directory,
        )
        answers: dict[str, Answer] = {"name": contacts.question, **(alarms.answers if alarms is not None else {})}
        tasks.create_task(base.hub.run(), name="hub")
        tasks.create_task(journal.writer.run(), name="journal")
        async with (
            serve_control(control_socket(config), add_routes=control),
            serve(
                config.web,
                add_routes=routes,
                checks=checks,
                registry=registry([*told, *alarm_figures(alarms)]),
                longest_header=people.longest_header,
            ) as web_port,
            serve_pbx(pbx.questions.listen, pbx.questions.secret, answers) as questions_port,
            alarms.mail() if alarms is not None else nullcontext(),
            serve_ldap(config.phonebook.ldap, contacts.ldap),
        ):
            tasks.create_task(calls.listen(), name="ami link")
            tasks.create_task(
                every(config.groupware.sync_every, contacts.look, name="address books", wake=contacts.wake)
            )
            tasks.create_task(every(PURGE_EVERY, journal.retention.forget, name="journal retention"))
            if journal.webhook is not None:
                tasks.create_task(every(LOOK_EVERY, journal.webhook.send, name="missed calls webhook"))
            tasks.create_task(every(PURGE_EVERY, audit.write, name="audit log", wake=audit.wake))
            tasks.create_task(every(PURGE_EVERY, audit.forget, name="audit retention"))
            tasks.create_task(dial.run(), name="dialling")
            tasks.create_task(steering.keys.run(), name="keys")
            tasks.create_task(every(KEYS_EVERY, dial.dial.purge, name="dialling retention"))
            tasks.create_task(every(PURGE_EVERY, people.access.purge, name="credentials retention"))
            for name, loop in [item for part in (rooms, alarms) if part is not None for item in part.loops.items()]:
                tasks.create_task(loop(), name=name)
            if rooms is not None:
                tasks.create_task(calendars(base, rooms), name="calendars")
            tasks.create_task(every(SEATS_EVERY, people.seats.look, name="seats"))
            _say(Ready(web=web_port, questions=questions_port), pbx.id, ready)
            await asyncio.Event().wait()  # until cancelled


def _say(where: Ready, pbx: str, ready: Callable[[Ready], None] | None) -> None:
    """Tell that all is ready."""
    gc.freeze()  # what is there now stays; looking through it for garbage would stop everything for a moment
    log.info("daemon.ready", web=where.web, questions=where.questions, pbx=pbx)
    if ready is not None:
        ready(where)

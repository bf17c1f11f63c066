"""Where alarms come from and where else they are told; the middle, which keeps them and rings, is given."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from ipaddress import ip_network
from time import monotonic

from ami_bridge.alarms.model import LogEntry
from ami_bridge.alarms.outputs.mail import MailOutput
from ami_bridge.alarms.outputs.watcher import EVERY, Watcher
from ami_bridge.alarms.outputs.webhook import WebhookOutput
from ami_bridge.alarms.ports import Output, Takes
from ami_bridge.alarms.sources.called import Called
from ami_bridge.alarms.sources.credentials import Credentials
from ami_bridge.alarms.sources.heartbeats import LOOK_EVERY, Heartbeats
from ami_bridge.alarms.sources.mail import Mailbox, serve_mail
from ami_bridge.alarms.sources.misuse import CALM_EVERY, Gate
from ami_bridge.alarms.sources.mqtt import LOOK_EVERY as LOOK_AT_BROKERS_EVERY
from ami_bridge.alarms.sources.mqtt import Subscriber
from ami_bridge.alarms.sources.ourselves import Ourselves
from ami_bridge.alarms.sources.routes import SourceRoutes
from ami_bridge.alarms.sources.store import SourceStore
from ami_bridge.alarms.sources.watching import LOOK_EVERY as LOOK_AT_VALUES_EVERY
from ami_bridge.alarms.store import AlarmStore
from ami_bridge.asterisk.alarm_numbers import AlarmNumbers
from ami_bridge.compose.alarm_watched import watch
from ami_bridge.compose.base import ZONE, AddRoutes, Base
from ami_bridge.compose.calls import CallParts
from ami_bridge.errors import NotReachableError
from ami_bridge.journal.post import Post
from ami_bridge.mail import Post as Letters
from ami_bridge.people.model import Person
from ami_bridge.tasks import Errands, every


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceParts:
    """What the composition root needs of it."""

    load: Callable[[], Awaitable[None]]
    """Before anything is taken."""
    heartbeats: Heartbeats
    troubles: Ourselves
    routes: list[AddRoutes]
    loops: Mapping[str, Callable[[], Awaitable[None]]]
    gate: Gate
    mail: Callable[[], AbstractAsyncContextManager[int]]
    """Listens for mails as long as it is entered."""


def outputs(base: Base) -> dict[str, Output]:
    """Make what is told of alarms besides people by telephone, by the names that letters have."""
    alarms, language = base.config.alarms, base.config.site.language
    found: dict[str, Output] = {}
    if alarms.mail_to:
        found["mail"] = MailOutput(Letters(base.config.mail), to=alarms.mail_to, language=language)
    if alarms.webhook_url:
        found["webhook"] = WebhookOutput(
            _poster(base),
            kind=alarms.webhook_kind,
            url=alarms.webhook_url,
            secret=alarms.webhook_secret,
            language=language,
        )
    return found


def sources(base: Base, takes: Takes, *, audited: Callable[[], datetime | None]) -> SourceParts:
    """Make it; `audited` tells when the auditor last went through all open alarms."""
    configured, rows = base.config.source, SourceStore(base.db)
    troubles = Ourselves(takes=takes, known=rows)
    heartbeats = Heartbeats(configured, rows=rows, takes=takes, now=base.now)
    gate = Gate(configured, takes=takes, lives=heartbeats, troubles=troubles, now=base.now)
    loops: dict[str, Callable[[], Awaitable[None]]] = {
        "alarm heartbeats": partial(every, LOOK_EVERY, heartbeats.look, name="alarm heartbeats"),
        "alarm floods": partial(every, CALM_EVERY, gate.calm, name="alarm floods"),
    }
    for source in configured:
        if source.kind == "mqtt":
            subscriber = Subscriber(source, gate=gate, troubles=troubles, monotonic=monotonic)
            name = f"alarm broker {source.name}"
            loops[f"mqtt {source.name}"] = subscriber.run
            loops[name] = partial(every, LOOK_AT_BROKERS_EVERY, subscriber.look, name=name)
        elif source.kind in {"modbus", "opcua"}:
            watched = watch(source, gate=gate, known=rows, troubles=troubles, language=base.config.site.language)
            name = f"alarm values {source.name}"
            loops[f"{source.kind} {source.name}"] = watched.run
            loops[name] = partial(every, LOOK_AT_VALUES_EVERY, watched.look, name=name)
    if base.config.alarms.watcher_url:
        watcher = Watcher(_poster(base), url=base.config.alarms.watcher_url, audited=audited, now=base.now)
        loops["outside watcher"] = partial(every, EVERY, watcher.beat, name="outside watcher")

    async def load() -> None:
        await troubles.load()
        await heartbeats.load()

    return SourceParts(
        load=load,
        heartbeats=heartbeats,
        troubles=troubles,
        routes=[SourceRoutes(gate=gate, credentials=Credentials(configured, base.now)).add_to],
        loops=loops,
        gate=gate,
        mail=partial(serve_mail, base.config.alarms.mail_listen, Mailbox(configured, gate=gate)),
    )


def numbers(base: Base, calls: CallParts, parts: SourceParts, store: AlarmStore, errands: Errands) -> None:
    """Make what takes calls to alarm numbers, where there are any."""
    if not any(one.kind == "call" for one in base.config.source):
        return

    async def log(entry: LogEntry) -> None:
        with suppress(NotReachableError):
            await store.note(entry)

    def whose(endpoint: str) -> Person | None:
        extension = calls.board.extension_of(f"PJSIP/{endpoint}-") if endpoint else None
        people = base.people.by_extension(extension) if extension else ()
        return people[0] if len(people) == 1 else None

    called = Called(
        base.config.source,
        gate=parts.gate,
        troubles=parts.troubles,
        whose=whose,
        write=lambda entry: errands.start(log(entry), name="alarm log"),
        zone=ZONE,
        now=base.now,
    )
    taking = AlarmNumbers(pbx=base.pbx.id, astdb=calls.astdb, called=called, seconds=lambda: base.now().timestamp())
    calls.hearing.append(taking.take)
    calls.beside.append(taking.run)


def _poster(base: Base) -> Post:
    return Post([ip_network(one) for one in base.config.alarms.webhook_networks])

"""Alarms of plants."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

from ami_bridge.alarms.calling import Caller
from ami_bridge.alarms.calls import Calls
from ami_bridge.alarms.classes import Rules
from ami_bridge.alarms.console import Console
from ami_bridge.alarms.desk import AlarmDesk
from ami_bridge.alarms.duty import Duty
from ami_bridge.alarms.engine import Engine
from ami_bridge.alarms.intake import Intake
from ami_bridge.alarms.letters import LOOK_EVERY as LOOK_AT_LETTERS_EVERY
from ami_bridge.alarms.letters import Outbox, Writer
from ami_bridge.alarms.paging import Loudspeakers, maker_of
from ami_bridge.alarms.pbx import AlarmQuestions
from ami_bridge.alarms.ports import Fact
from ami_bridge.alarms.routes import AlarmRoutes
from ami_bridge.alarms.self_test import SelfTest
from ami_bridge.alarms.sources.telephony import LOOK_EVERY as LOOK_AT_TELEPHONY_EVERY
from ami_bridge.alarms.sources.telephony import Telephony
from ami_bridge.alarms.speech import Speech
from ami_bridge.alarms.spoken_names import LOOK_EVERY as SAY_NAMES_EVERY
from ami_bridge.alarms.spoken_names import SpokenNames
from ami_bridge.alarms.states import MANAGES, OPERATES
from ami_bridge.alarms.store import AlarmStore
from ami_bridge.alarms.sweeper import EVERY as SWEEP_EVERY
from ami_bridge.alarms.sweeper import PURGE_EVERY, Sweeper
from ami_bridge.alarms.upkeep import Upkeep
from ami_bridge.alarms.voice import Voice
from ami_bridge.asterisk.acks import Acks
from ami_bridge.asterisk.alarm_call import ACKED, ALERT_INFO
from ami_bridge.asterisk.alarm_phone import AlarmPhone
from ami_bridge.asterisk.paging import Paging
from ami_bridge.compose.alarm_console import console_routes, maintenance
from ami_bridge.compose.alarm_duty import on_call
from ami_bridge.compose.alarm_sounds import sounds
from ami_bridge.compose.alarm_sources import numbers
from ami_bridge.compose.alarm_sources import outputs as make_outputs
from ami_bridge.compose.alarm_sources import sources as make_sources
from ami_bridge.compose.alarm_tests import tests as make_tests
from ami_bridge.compose.base import AddRoutes, Base
from ami_bridge.compose.calls import CallParts
from ami_bridge.compose.dial import DialParts
from ami_bridge.compose.people import PeopleParts
from ami_bridge.errors import BridgeError
from ami_bridge.tasks import Errands, every
from ami_bridge.web.ops import Op
from ami_bridge.web.pbx import Answer
from ami_bridge.wire import Alarm

LOOK_AT_WORKS_EVERY = 15.0
STALE = timedelta(seconds=30)
"""A loop that did not turn for so long is stuck."""
SWEPT_LATE = timedelta(seconds=180)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmParts:
    """What others need of it."""

    intake: Intake
    engine: Engine
    desk: AlarmDesk
    sweeper: Sweeper
    duty: Duty
    load: Callable[[], Awaitable[None]]
    loops: dict[str, Callable[[], Coroutine[Any, Any, None]]]
    """By name: what runs as long as the daemon."""
    routes: list[AddRoutes]
    ops: dict[str, Op]
    answers: Mapping[str, Answer]
    """To the dialplan's questions."""
    mail: Callable[[], AbstractAsyncContextManager[int]]
    ticks: Callable[[], bool]
    sweeps: Callable[[], bool]


def alarms(base: Base, people: PeopleParts, calls: CallParts, dial: DialParts) -> AlarmParts | None:
    """Make it; None where the site has no sources of alarms."""
    config = base.config.alarms
    if not base.config.source:
        return None
    guard = people.access
    errands, store, upkeep = Errands(), AlarmStore(base.db), Upkeep(base.db)
    rules = Rules(
        alarms=config,
        classes=base.config.alarm_class,
        ladders=base.config.ladder,
        sources=base.config.source,
        staff=base.people.all,
    )
    outputs = make_outputs(base)
    writer = Writer(tuple(outputs), base.new_id)

    def changed(ids: Any) -> None:  # noqa: ANN401 - any iterable of ids
        desk.changed(ids)
        engine.wake.set()

    intake = Intake(
        store=store,
        rules=rules,
        writer=writer,
        errands=errands,
        new_id=base.new_id,
        now=base.now,
        changed=changed,
        alive=lambda _source: None,  # the sources' own gate counts signs of life
    )
    sources = make_sources(base, intake, audited=lambda: sweeper.swept)
    duty, looks = on_call(base, rules, intake, reachable=calls.devices.can_ring)
    facts = _Facts()
    follow = Calls(heard=facts.heard, clock=monotonic)
    phone = AlarmPhone(
        link=base.link,
        calls=follow,
        keys=lambda number: dial.plan.keys(dial.plan.read(number)),
        new_id=base.new_id,
        outside_line=base.config.site.outside_line,
        caller=config.call_number,
    )
    media = Path(config.media_dir)
    speech = Speech(media)
    voice = Voice(folder=media, speech=speech, errands=errands)
    names = SpokenNames(
        speech=speech,
        staff=base.people.all,
        extension=lambda login: _extension(base, login),
        language=base.config.site.language,
    )
    engine = Engine(
        store=store,
        upkeep=upkeep,
        caller=Caller(
            phone=phone,
            sounds=voice,
            speakers=_speakers(base, calls),
            new_id=base.new_id,
            random=secrets.randbelow,
            digits=config.code_digits,
            language=base.config.site.language,
            caller=config.call_number,
            alerts={device.partition("/")[2]: ALERT_INFO[maker] for device, maker in config.alert_info.items()},
            spoken=names.of,
        ),
        on_call=duty,
        writer=writer,
        errands=errands,
        lines=config.channels - config.own_lines_reserve,
        # One daemon alone has an SQLite file: started again after a crash it need not wait until its lease is stale.
        holder="alone" if base.db.dialect == "sqlite" else base.new_id(),
        now=base.now,
        changed=lambda ids: desk.changed(ids),  # noqa: PLW0108 - it is made below
    )
    desk = AlarmDesk(store=store, people=base.people, hub=base.hub, on_call=duty, now=base.now)
    sweeper = Sweeper(store=upkeep, keep=timedelta(days=config.log_keep_days), now=base.now, found=changed)
    acks = Acks(
        pbx=base.pbx.id,
        link=base.link,
        astdb=calls.astdb,
        book=lambda attempt: engine.acknowledge(attempt=attempt, by="dialplan"),
        adopt=partial(_adopt, follow, engine),
    )
    test = SelfTest(
        phone=phone,
        new_id=base.new_id,
        random=secrets.randbelow,
        sound=lambda: "alarm-say-test",
        noted=lambda: _noted(calls),
        failed=lambda why: sources.troubles.wrong(
            "self-test", f"Die Telefonanlage kann keine Alarme melden: {why}", point="telephone"
        ),
        passed=lambda: sources.troubles.fine("self-test", point="telephone"),
        clock=monotonic,
    )
    telephony = Telephony(
        up=lambda: base.link.up,
        trunks=config.paths,
        there=calls.devices.there,
        troubles=sources.troubles,
        language=base.config.site.language,
        clock=monotonic,
    )
    facts.test, facts.engine = test, engine
    calls.dispatch.alarms = follow
    calls.beside.append(acks.run)
    calls.beside.append(test.run)
    calls.when_lost.append(engine.lost)
    numbers(base, calls, sources, store, errands)
    console = Console(
        store=store,
        desk=desk,
        writer=writer,
        bundles=engine,
        errands=errands,
        changed=changed,
        wake=engine.wake.set,
        now=base.now,
    )
    works = maintenance(base, people, store=store, desk=desk, changed=changed)

    def known_sources() -> list[dict[str, object]]:
        return _sources(base, sources.heartbeats.states(), works.shown)

    tests = make_tests(base, guard, rules, intake, desk, known_sources, sources.troubles)
    routes = AlarmRoutes(
        guard=guard,
        console=console,
        desk=desk,
        archive=store,
        log=upkeep,
        rota=duty.shown,
        sources=known_sources,
    )
    by_hand = console_routes(base, people, rules=rules, on_call=duty, takes=intake, desk=desk, console=console)
    listening = sounds(
        base, guard, desk=desk, phone=phone, named=voice.alarm, is_extension=calls.devices.are_of, store=store
    )
    outbox = Outbox(store=upkeep, outputs=outputs, show=partial(_for_outputs, store, desk), now=base.now)
    questions = AlarmQuestions(engine=engine, store=store, spoken=names.of, tested=test.is_own)

    async def load() -> None:
        await sources.load()
        await duty.load()
        await desk.load()
        await works.look()

    loops: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
        "alarm errands": errands.run,
        "alarm engine": partial(_ring, engine),
        "alarm desk": desk.run,
        "alarm sweeper": partial(every, SWEEP_EVERY, sweeper.sweep, name="alarm sweeper"),
        "alarm retention": partial(every, PURGE_EVERY, sweeper.purge, name="alarm retention"),
        "alarm maintenance": partial(every, LOOK_AT_WORKS_EVERY, works.look, name="alarm maintenance"),
        "alarm letters": partial(every, LOOK_AT_LETTERS_EVERY, outbox.look, name="alarm letters"),
        "alarm duty": looks,
        "alarm names": partial(every, SAY_NAMES_EVERY, names.look, name="alarm names"),
        "alarm telephony": partial(every, LOOK_AT_TELEPHONY_EVERY, telephony.look, name="alarm telephony"),
        **{name: partial(_run, loop) for name, loop in sources.loops.items()},
        **tests.loops,
    }
    return AlarmParts(
        intake=intake,
        engine=engine,
        desk=desk,
        sweeper=sweeper,
        duty=duty,
        load=load,
        loops=loops,
        routes=[*sources.routes, *tests.routes, *by_hand, listening, works.add_to, routes.add_to],
        ops={**routes.ops(), **tests.ops},
        answers=questions.answers,
        mail=sources.mail,
        ticks=lambda: _fresh(engine.ticked, base.now(), STALE),
        sweeps=lambda: _fresh(sweeper.swept, base.now(), SWEPT_LATE),
    )


def _speakers(base: Base, calls: CallParts) -> Loudspeakers:
    """Make the loudspeakers; a house may have none."""
    config, paging = base.config.alarms, Paging(base.link)
    if config.speakers:
        calls.beside.append(paging.run)
    return Loudspeakers(
        speakers=config.speakers,
        codec=config.speaker_codec,
        makers=lambda device: maker_of(calls.devices.agent(device), config.alert_info, device),
        phone=paging,
        new_id=base.new_id,
    )


class _Facts:
    """Facts of calls: those of the PBX's test of itself are for the test, all others for the engine."""

    test: SelfTest
    engine: Engine

    def heard(self, attempt: str, fact: Fact) -> None:
        if not self.test.take(attempt, fact):
            self.engine.heard(attempt, fact)


async def _ring(engine: Engine) -> None:
    """Run the engine, and give its lease back at the end."""
    try:
        await engine.run()
    finally:
        with suppress(BridgeError, TimeoutError):
            async with asyncio.timeout(1):
                await engine.release()


async def _run(loop: Callable[[], Awaitable[None]]) -> None:
    await loop()


async def _adopt(follow: Calls, engine: Engine, live: frozenset[str]) -> None:
    follow.adopt(live)
    await engine.adopt(live)


async def _noted(calls: CallParts) -> set[str]:
    return set(await calls.astdb.rows(ACKED))


async def _for_outputs(store: AlarmStore, desk: AlarmDesk, id_: str) -> Alarm | None:
    """Return an alarm as outputs tell it: a chat need not know the private numbers of who was called."""
    alarm = await store.get(id_)
    if alarm is None:
        return None
    return desk.show(alarm, (await store.attempts_of([id_])).get(id_, ()), tuple(OPERATES - MANAGES))


def _sources(base: Base, states: Mapping[str, Any], works: Callable[[str], object]) -> list[dict[str, object]]:
    """Return what people see of the sources: never a token."""
    return [
        {
            "name": one.name,
            "label": one.label or one.name,
            "place": one.place,
            "kind": one.kind,
            "heartbeat_every": one.heartbeat_every,
            "beat_at": getattr(states.get(one.name), "beat_at", None),
            "missing_since": getattr(states.get(one.name), "missing_since", None),
            "maintenance": works(one.name),
        }
        for one in base.config.source
    ]


def _extension(base: Base, login: str) -> str:
    person = base.people.by_login(login)
    return person.extensions[0] if person is not None and person.extensions else ""


def _fresh(at: datetime | None, now: datetime, within: timedelta) -> bool:
    return at is not None and now - at <= within

"""Finished calls: what is kept, who reads it, who is told of changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network

from ami_bridge.calls.board import Board
from ami_bridge.calls.bubble import Bubbles
from ami_bridge.compose.base import ZONE, AddRoutes, Base
from ami_bridge.journal.desk import JournalDesk
from ami_bridge.journal.entries import Entries
from ami_bridge.journal.hours import HouseHours
from ami_bridge.journal.intake import Intake
from ami_bridge.journal.post import Post
from ami_bridge.journal.retention import Retention
from ami_bridge.journal.routes import JournalRoutes
from ami_bridge.journal.rules import Rules
from ami_bridge.journal.store import JournalStore, NoticeStore
from ami_bridge.journal.webhook import Webhook
from ami_bridge.journal.writer import Writer
from ami_bridge.numbers import Number
from ami_bridge.privacy.audit import Audit
from ami_bridge.web.identity import Guard
from ami_bridge.web.ops import Op


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalParts:
    """What others need of it."""

    intake: Intake
    writer: Writer
    desk: JournalDesk
    retention: Retention
    webhook: Webhook | None
    """None where missed calls are told nowhere else."""
    rules: Rules
    ops: Mapping[str, Op]
    routes: list[AddRoutes]


def journal(base: Base, guard: Guard, audit: Audit, *, board: Board, bubbles: Bubbles) -> JournalParts:
    """Make it."""
    config = base.config
    rules = Rules(
        config.journal,
        people=base.people,
        extension_of=board.extension_of,
        comparable=lambda number: _as_kept(base.numbers.from_pbx(number)) or number,
    )
    entries = Entries(names=bubbles, numbers=base.numbers, people=base.people)
    webhook = None
    if config.missed_webhook.url:
        webhook = Webhook(
            config.missed_webhook,
            notices=NoticeStore(base.db),
            calls=JournalStore(base.db),
            entries=entries,
            people=base.people,
            lives=board.lives,
            poster=Post([ip_network(one) for one in config.missed_webhook.networks]),
            language=config.site.language,
            new_id=base.new_id,
            now=base.now,
        )
    store = JournalStore(base.db, new_notice=webhook.notice if webhook is not None else None)
    desk = JournalDesk(
        store=store,
        rules=rules,
        entries=entries,
        numbers=base.numbers,
        people=base.people,
        hub=base.hub,
        audit=audit,
        country=config.site.country,
        now=base.now,
    )
    hours = HouseHours(
        store=store,
        telephones=lambda: sum(bool(one.extensions) for one in base.people.all()),
        zone=ZONE,
        now=base.now,
    )
    writer = Writer(store=store, written=desk.told)
    return JournalParts(
        intake=Intake(rules=rules, people=base.people, writer=writer),
        writer=writer,
        desk=desk,
        rules=rules,
        retention=Retention(store=store, files=base.db, rules=rules, now=base.now),
        webhook=webhook,
        ops=desk.ops(),
        routes=[JournalRoutes(guard=guard, desk=desk, hours=hours).add_to],
    )


def _as_kept(number: Number | None) -> str | None:
    """Write a number as the journal does: our own as extensions."""
    return None if number is None else number.exten or number.e164

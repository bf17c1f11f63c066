"""The sounds of alarms: the site's own and ours, and how one is tried at a telephone."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from ami_bridge.alarms.desk import AlarmDesk
from ami_bridge.alarms.ports import AlarmCall
from ami_bridge.alarms.sound_routes import SoundRoutes
from ami_bridge.alarms.sounds import Library
from ami_bridge.alarms.store import AlarmStore
from ami_bridge.asterisk.alarm_phone import AlarmPhone
from ami_bridge.compose.base import AddRoutes, Base
from ami_bridge.share import shared
from ami_bridge.web.identity import Guard


def sounds(
    base: Base,
    guard: Guard,
    *,
    desk: AlarmDesk,
    phone: AlarmPhone,
    named: Callable[[str], str],
    is_extension: Callable[[str], bool],
    store: AlarmStore,
) -> AddRoutes:
    """Make its routes; `named` tells how Asterisk knows a sound."""
    config = base.config.alarms

    async def play(extension: str, name: str) -> None:
        await phone.ring_with_alarm(
            AlarmCall(
                attempt=f"att-{base.new_id()}",
                number=extension,
                path="",
                ring_seconds=config.ring_seconds,
                code="",
                sounds=(named(name),),
                purpose="sound",
            )
        )

    return SoundRoutes(
        guard=guard,
        desk=desk,
        library=Library(folder=Path(config.media_dir), ours=shared("sounds")),
        used=_used(base),
        is_extension=is_extension,
        play=play,
        note=store.note,
        now=base.now,
    ).add_to


def _used(base: Base) -> dict[str, Sequence[str]]:
    """Say by the name of each sound which classes and points have it."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for kind in base.config.alarm_class:
        found[kind.sound].append(kind.name)
    for source in base.config.source:
        for name, point in source.points.items():
            found[point.sound].append(f"{source.name}/{name}")
    found.pop("", None)
    return dict(found)

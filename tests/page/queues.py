"""Queues as a town hall has them: busy, empty, without members, and where nobody is told what colleagues do."""

from typing import get_args

from ami_bridge.wire import Peer, Queue, QueueCaller, QueueMember, QueueMemberState
from tests.page.counterpart import utc
from tests.page.town import ERIKA, UNKNOWN, ago


def caller(id_: str, peer: Peer = ERIKA, seconds: int = 65) -> QueueCaller:
    return QueueCaller(id=id_, peer=peer, since=ago(seconds), actions=("take",))


def member(id_: str, name: str, state: QueueMemberState = "free", **more: object) -> QueueMember:
    return QueueMember(**{"id": id_, "name": name, "extension": id_, "state": state, **more})  # type: ignore[arg-type]


ANNA = member("101", "Anna Amsel", me=True, actions=("pause",))
BEN = member("102", "Ben Biber", "talking")


def queue(*waiting: QueueCaller, rev: int = 1, members: tuple[QueueMember, ...] = (ANNA, BEN)) -> Queue:
    return Queue(name="300", label="Bürgerbüro", rev=rev, waiting=waiting, members=members)


def every_kind() -> list[Queue]:
    """All that can be seen of one."""
    states = get_args(QueueMemberState)
    members = [member(f"11{at}", f"Kollegin {at}", one, actions=("pause", "logout")) for at, one in enumerate(states)]
    resting = [
        member(f"12{at}", f"Kollege {at}", one, paused=True, actions=("unpause",)) for at, one in enumerate(states)
    ]
    withheld = QueueCaller(id="w3", since=utc())
    busy = queue(caller("w1"), caller("w2", UNKNOWN, 20), withheld, members=(ANNA, *members, *resting))
    return [
        busy,
        Queue(name="301", label="Bauamt", rev=1, actions=("login",)),
        Queue(name="302", label="Standesamt", rev=1, members=(ANNA,), all_members=False),
        Queue(name="303", label="Ordnungsamt", rev=1, waiting=(caller("w4"),), all_members=False),
    ]

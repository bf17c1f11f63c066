"""What happens when Asterisk says something: from its message to the clients' queue in one synchronous call.

Nothing called from `handle` may wait.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime

import structlog

from ami_bridge.alarms.calls import Calls
from ami_bridge.asterisk.snapshot import Picture
from ami_bridge.asterisk.translate import translate
from ami_bridge.asterisk.translate_alarms import in_alarm
from ami_bridge.asterisk.translate_queues import in_queue
from ami_bridge.asterisk.translate_rooms import in_room
from ami_bridge.calls.board import Board
from ami_bridge.calls.desk import Desk
from ami_bridge.calls.events import CallEvent, Originated
from ami_bridge.queues.desk import QueueDesk
from ami_bridge.rooms.lobby import Lobby

log = structlog.get_logger()

OVERTAKES = 0.3
"""Seconds by which the news that nothing could be rung is ahead, at most, of what was rung: Asterisk tells both by
different threads, and what happened to the telephone says more (busy, declined)."""


class Dispatch:
    """Takes the events of one PBX. While the state is being read they wait, then all is live."""

    def __init__(
        self,
        *,
        board: Board,
        desk: Desk,
        now: Callable[[], datetime],
        lobby: Lobby | None = None,
        alarms: Calls | None = None,
        queues: QueueDesk | None = None,
    ) -> None:
        """`lobby` shows who is in which room, `alarms` follows calls about alarms, `queues` who waits in them."""
        self._board = board
        self._desk = desk
        self.lobby = lobby
        self.alarms = alarms
        self.queues = queues
        self._now = now
        self._waiting: list[Mapping[str, str]] | None = []

    def handle(self, message: Mapping[str, str]) -> None:
        """Take one message of Asterisk."""
        if self._waiting is not None:
            self._waiting.append(message)
            return
        if self.lobby is not None and (told := in_room(message)) is not None:
            self.lobby.apply(told)
        if self.alarms is not None and (heard := in_alarm(message)) is not None:
            self.alarms.apply(heard)
        if self.queues is not None and (served := in_queue(message)) is not None:
            self.queues.apply(served)
        event = translate(message)
        if event is None:
            return
        if type(event) is Originated and not event.ok and self._board.awaits(event.id):
            asyncio.get_running_loop().call_later(OVERTAKES, self._take, event)
            return
        self._take(event)

    def _take(self, event: CallEvent) -> None:
        views = self._board.apply(event, self._now())
        if views:
            self._desk.show(views)
        if self.queues is not None:
            self.queues.heard(event)

    def hold(self) -> None:
        """Let events wait from now on: the state is about to be read."""
        self._waiting = []

    def go_live(self, picture: Picture) -> int:
        """Take a snapshot as the truth, then what came while it was read, and be live; all in one go.

        Returns how many views the snapshot changed.
        """
        try:
            changed = self._board.replace(picture.floor, self._now())
        except Exception:  # a bug met by one snapshot must not end the daemon; the events go on from what is known
            log.exception("dispatch.snapshot_failed", pbx=self._board.pbx)
            changed = []
        for view in changed:
            try:
                self._desk.show((view,))
            except Exception:  # likewise: one view's bug must not cost the others
                log.exception("dispatch.view_failed", pbx=self._board.pbx)
        if self.lobby is not None:
            self.lobby.replace(picture.rooms)
        if self.queues is not None:
            self.queues.replace(picture.queues)
        waiting, self._waiting = self._waiting or [], None
        self._desk.bridge_is("up")
        for message in waiting:
            try:
                self.handle(message)
            except Exception:  # one event's bug must not cost the others
                log.exception("dispatch.event_failed", pbx=self._board.pbx)
        return len(changed)

    def lost(self) -> None:
        """Say that the connection is gone: nothing on the screens is live any more."""
        self._waiting = []
        self._board.lost()
        self._desk.bridge_is("down")
        if self.queues is not None:
            self.queues.lost()

    def restarted(self) -> None:
        """Say that the PBX began anew: no call of before exists any more."""
        self._desk.show(self._board.forget_all(self._now()))
        if self.lobby is not None:
            self.lobby.replace(())
        if self.queues is not None:
            self.queues.emptied()

"""What is told to Prometheus."""

from ami_bridge.asterisk.link import AmiLink
from ami_bridge.calls.board import Board
from ami_bridge.calls.desk import Desk
from ami_bridge.compose.alarms import AlarmParts
from ami_bridge.contacts.directory import Directory
from ami_bridge.contacts.sync import Sync
from ami_bridge.journal.writer import Writer
from ami_bridge.web.hub import Hub
from ami_bridge.web.metrics import Figure


def figures(
    *, board: Board, desk: Desk, hub: Hub, journal: Writer, link: AmiLink, sync: Sync, directory: Directory
) -> list[Figure]:
    """Say what is told to Prometheus; a new figure is one more entry, and a row in docs/reference/metrics.md."""
    pbx = {"pbx": board.pbx}
    return [
        Figure(
            name="ami_connected",
            meaning="Whether Asterisk is connected and what is shown is live",
            read=lambda: desk.bridge.ami == "up",
            labels=pbx,
        ),
        Figure(
            name="ami_events_total",
            meaning="Events of Asterisk that were taken in",
            read=lambda: link.events,
            kind="counter",
            labels=pbx,
        ),
        Figure(name="calls_active", meaning="Calls on the board", read=lambda: board.counts()[0], labels=pbx),
        Figure(name="ws_clients", meaning="Websockets that have said hello", read=lambda: len(hub.links())),
        Figure(
            name="ws_slow_disconnects_total",
            meaning="Websockets closed because the client read too slowly",
            read=lambda: hub.cut_slow,
            kind="counter",
        ),
        Figure(
            name="journal_waiting",
            meaning="Finished calls that are not in the database yet",
            read=lambda: journal.waiting,
        ),
        Figure(
            name="groupware_away",
            meaning="Whether no address book could be reached at the last look",
            read=lambda: sync.away,
        ),
        Figure(name="names", meaning="Numbers that have a name", read=lambda: len(directory)),
    ]


def alarm_figures(alarms: AlarmParts | None) -> list[Figure]:
    """Say what is told of alarms, where there are sources of them."""
    if alarms is None:
        return []
    engine, sweeper, desk = alarms.engine, alarms.sweeper, alarms.desk
    return [
        Figure(name="alarms_open", meaning="Alarms that are open", read=lambda: sum(desk.figures()[0].values())),
        Figure(
            name="alarm_oldest_unacked_seconds",
            meaning="For how long the oldest alarm has been nobody's",
            read=lambda: desk.figures()[1],
        ),
        Figure(
            name="alarm_attempts_total",
            meaning="Calls about alarms that have ended",
            read=lambda: sum(engine.counts.values()),
            kind="counter",
        ),
        Figure(name="alarm_lease_held", meaning="Whether this instance rings for alarms", read=lambda: engine.leads),
        Figure(
            name="engine_last_cycle_timestamp_seconds",
            meaning="When the engine of alarms last went through all that was due",
            read=lambda: engine.ticked.timestamp() if engine.ticked else None,
        ),
        Figure(
            name="sweeper_repairs_total",
            meaning="Alarms that would have been silent, had the sweeper not found them",
            read=lambda: sweeper.repairs,
            kind="counter",
        ),
    ]

"""What Prometheus' Alertmanager (version 4) and Grafana send: each of their alerts is a report of its own. Pure."""

from collections.abc import Mapping

from ami_bridge.alarms.model import LONGEST_NAME, Report
from ami_bridge.alarms.sources import words

_TEXTS = ("summary", "description", "message")
_NO_VALUES = frozenset({"alertname", "point", "priority", "severity", "alarm_class"})
WATCHDOG = "watchdog"
"""The rule that always fires: as long as it does, the whole way from the monitoring to us works."""


def is_ours(said: Mapping[str, object]) -> bool:
    """Whether a message has their form."""
    return isinstance(said.get("alerts"), list) and any(
        key in said for key in ("version", "groupKey", "receiver", "status")
    )


def reports(said: Mapping[str, object], *, source: str, raw: str) -> list[Report]:
    """Read all alerts, and say aloud how many were left out."""
    alerts = said["alerts"]
    found = [
        _report(alert, source=source, raw=raw)
        if isinstance(alert, dict)
        else words.unreadable(str(alert).encode("utf-8", "replace"), source, "kein Alarm")
        for alert in (alerts if isinstance(alerts, list) else [])
    ]
    left_out = said.get("truncatedAlerts")
    if isinstance(left_out, int) and left_out > 0:
        group = str(said.get("groupKey", ""))
        found.append(
            Report(
                source=source,
                point="truncated",
                dedup=f"truncated/{words.short(group)}",
                text=f"{left_out} weitere Meldungen der Überwachung, die nicht mitgeschickt wurden",
                values=words.values({"group": group}),
                raw=raw,
            )
        )
    return found


def _report(alert: Mapping[str, object], *, source: str, raw: str) -> Report:
    labels, notes = _mapping(alert.get("labels")), _mapping(alert.get("annotations"))
    name = words.clean(labels.get("alertname"), LONGEST_NAME)
    over = words.state(alert.get("status")) == "go"
    if name.casefold() == WATCHDOG:
        # Its end is news: whoever watches has stopped, or the way to us is broken.
        return Report(
            source=source,
            point=words.HEARTBEAT,
            dedup=words.HEARTBEAT,
            what="come" if over else "alive",
            text="Die Überwachung meldet, dass sie nicht mehr läuft" if over else "",
            raw=raw if over else "",
        )
    fingerprint = words.clean(alert.get("fingerprint"), LONGEST_NAME) or words.short(
        *(f"{key}={value}" for key, value in sorted(labels.items()))
    )
    began = words.when(alert.get("startsAt"))
    shown = next((text for key in _TEXTS if (text := words.clean(notes.get(key)))), "")
    where = words.clean(labels.get("instance"), LONGEST_NAME)
    return Report(
        source=source,
        point=words.clean(labels.get("point"), LONGEST_NAME) or name or words.MESSAGE,
        dedup=f"{fingerprint}/{began.isoformat() if began else words.clean(alert.get('startsAt'), LONGEST_NAME)}",
        what="go" if over else "come",
        text=shown or " ".join(one for one in (name, where) if one),
        alarm_class=words.clean(labels.get("alarm_class"), LONGEST_NAME) or None,
        priority=words.priority(labels["priority"] if "priority" in labels else labels.get("severity", "")),
        event_time=words.when(alert.get("endsAt")) if over else began,
        values=words.values(
            _mapping(alert.get("values")), {key: value for key, value in labels.items() if key not in _NO_VALUES}
        ),
        raw=raw,
    )


def _mapping(said: object) -> Mapping[object, object]:
    return said if isinstance(said, dict) else {}

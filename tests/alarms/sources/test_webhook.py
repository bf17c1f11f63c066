"""What sources write, as their makers document it, becomes reports; what nobody understands becomes one, too."""

import json
from datetime import UTC, datetime
from typing import TypedDict, Unpack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_bridge.alarms.model import MOST_RAW, MOST_TEXT, Report, What
from ami_bridge.alarms.sources.webhook import LARGEST, MOST, reports

JSON = "application/json"


class More(TypedDict, total=False):
    headers: dict[str, str]
    point: str
    what: What
    whole: bool


def read(said: object, content_type: str = JSON, **more: Unpack[More]) -> list[Report]:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    return reports(body, source="plant", content_type=content_type, **more)


def only(said: object, content_type: str = JSON, **more: Unpack[More]) -> Report:
    (found,) = read(said, content_type, **more)
    return found


ALERTMANAGER = {  # prometheus.io/docs/alerting/latest/configuration/#webhook_config
    "version": "4",
    "groupKey": '{}/{severity="critical"}:{alertname="PumpDown"}',
    "truncatedAlerts": 0,
    "status": "firing",
    "receiver": "telephones",
    "groupLabels": {"alertname": "PumpDown"},
    "commonLabels": {"alertname": "PumpDown", "severity": "critical"},
    "commonAnnotations": {},
    "externalURL": "http://alertmanager:9093",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "PumpDown", "instance": "ruesselsheim:9100", "severity": "critical"},
            "annotations": {"summary": "Pumpe 3 steht", "description": "seit fünf Minuten kein Durchfluss"},
            "startsAt": "2026-11-28T03:17:09.123456789Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus:9090/graph?g0.expr=up",
            "fingerprint": "c3b6ab7e1c8c0b2f",
        },
        {
            "status": "resolved",
            "labels": {"alertname": "PumpDown", "instance": "other:9100", "severity": "critical"},
            "annotations": {},
            "startsAt": "2026-11-28T03:00:00Z",
            "endsAt": "2026-11-28T03:10:00Z",
            "generatorURL": "",
            "fingerprint": "aaaaaaaaaaaaaaaa",
        },
    ],
}
GRAFANA = {  # grafana.com/docs/grafana/latest/alerting/…/webhook-notifier
    "receiver": "My Super Webhook",
    "status": "firing",
    "orgId": 1,
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "High memory usage", "team": "blue", "zone": "us-1"},
            "annotations": {
                "description": "The system has high memory usage",
                "runbook_url": "https://myrunbook.com/runbook/1234",
                "summary": "This alert was triggered for zone us-1",
            },
            "startsAt": "2021-10-12T09:51:03.157076+02:00",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "https://play.grafana.org/alerting/1afz29v7z/edit",
            "fingerprint": "c6eadffa33fcdf37",
            "silenceURL": "https://play.grafana.org/alerting/silence/new",
            "dashboardURL": "",
            "panelURL": "",
            "values": {"B": 44.23943737541908, "C": 1},
            "valueString": "[ metric='' labels={} value=14151.331895396988 ]",
        },
    ],
    "groupLabels": {},
    "commonLabels": {"team": "blue"},
    "commonAnnotations": {},
    "externalURL": "https://play.grafana.org/",
    "version": "1",
    "groupKey": "{}:{}",
    "truncatedAlerts": 0,
    "title": "[FIRING:1]  (blue)",
    "state": "alerting",
    "message": "**Firing**",
}
CLOUDEVENT = {  # github.com/cloudevents/spec, JSON format
    "specversion": "1.0",
    "type": "com.example.someevent",
    "source": "/mycontext",
    "subject": None,
    "id": "C234-1234-1234",
    "time": "2018-04-05T17:31:00Z",
    "comexampleextension1": "value",
    "datacontenttype": "application/json",
    "data": {"appinfoA": "abc", "appinfoB": 123, "appinfoC": True},
}


def test_each_alert_of_alertmanager_is_a_report_and_pairs_with_its_end() -> None:
    first, second = read(ALERTMANAGER)
    assert (first.what, first.point, first.text, first.priority) == ("come", "PumpDown", "Pumpe 3 steht", 1)
    assert first.dedup == "c3b6ab7e1c8c0b2f/2026-11-28T03:17:09.123456+00:00"
    assert first.event_time == datetime(2026, 11, 28, 3, 17, 9, 123456, UTC)
    assert first.values == {"instance": "ruesselsheim:9100"}
    assert (second.what, second.event_time) == ("go", datetime(2026, 11, 28, 3, 10, tzinfo=UTC))
    assert second.text == "PumpDown other:9100"
    over = json.loads(json.dumps(ALERTMANAGER))
    over["alerts"] = [{**over["alerts"][0], "status": "resolved", "endsAt": "2026-11-28T04:00:00Z"}]
    assert only(over).dedup == first.dedup
    again = {**ALERTMANAGER, "groupKey": "another group", "receiver": "repeated"}
    assert [one.dedup for one in read(again)] == [first.dedup, second.dedup]


def test_what_alertmanager_left_out_is_said_aloud() -> None:
    *_, last = read({**ALERTMANAGER, "truncatedAlerts": 7})
    assert (last.point, last.what) == ("truncated", "come")
    assert last.text.startswith("7 weitere Meldungen")


def test_the_rule_that_always_fires_is_a_sign_of_life_and_its_end_is_an_alarm() -> None:
    alert = {"status": "firing", "labels": {"alertname": "Watchdog", "severity": "none"}, "fingerprint": "f"}
    assert only({"version": "4", "alerts": [alert]}).what == "alive"
    over = only({"version": "4", "alerts": [{**alert, "status": "resolved"}]})
    assert (over.what, over.point, over.dedup) == ("come", "heartbeat", "heartbeat")


def test_grafana_sends_values() -> None:
    found = only(GRAFANA)
    assert (found.what, found.point, found.text) == (
        "come",
        "High memory usage",
        "This alert was triggered for zone us-1",
    )
    assert found.values == {"B": "44.23943737541908", "C": "1", "team": "blue", "zone": "us-1"}
    assert found.event_time == datetime(2021, 10, 12, 7, 51, 3, 157076, UTC)
    assert not found.unreadable


def test_alerts_without_a_fingerprint_are_told_apart_by_their_labels() -> None:
    alerts = [{"status": "firing", "labels": {"alertname": "A", "n": n}, "startsAt": "x"} for n in "112"]
    first, same, other = (one.dedup for one in read({"version": "4", "alerts": alerts}))
    assert first == same != other


def test_a_cloudevent_is_known_by_source_and_id() -> None:
    found = only(CLOUDEVENT, "application/cloudevents+json")
    assert found.text == found.point == "com.example.someevent"
    assert found.values == {"appinfoA": "abc", "appinfoB": "123", "appinfoC": "True"}
    assert found.event_time == datetime(2018, 4, 5, 17, 31, tzinfo=UTC)
    assert found.dedup.startswith("event/")
    assert found.dedup == only({**CLOUDEVENT, "data": "otherwise"}).dedup
    assert found.dedup != only({**CLOUDEVENT, "id": "another"}).dedup
    assert found.dedup != only({**CLOUDEVENT, "source": "/another"}).dedup


def test_a_cloudevent_with_our_form_inside_pairs_by_its_point() -> None:
    come = only({**CLOUDEVENT, "data": {"point": "p3", "text": "Pumpe"}})
    go = only({**CLOUDEVENT, "id": "2", "data": {"point": "p3", "state": "go"}})
    assert (come.dedup, come.what, go.dedup, go.what) == ("p3", "come", "p3", "go")


def test_cloudevents_in_headers_and_in_batches() -> None:
    headers = {"ce-specversion": "1.0", "ce-type": "pump", "ce-source": "/mycontext", "ce-id": "C234-1234-1234"}
    inside = only({"appinfoA": "abc"}, headers=headers)
    assert inside.dedup == only(CLOUDEVENT).dedup
    assert only(b"Pumpe steht", "text/plain", headers=headers).text == "Pumpe steht"
    batch = read([CLOUDEVENT, {**CLOUDEVENT, "id": "2"}], "application/cloudevents-batch+json")
    assert len({one.dedup for one in batch}) == 2
    packed = {key: value for key, value in CLOUDEVENT.items() if key != "data"} | {"data_base64": "UHVtcGU="}
    assert only(packed).text == "Pumpe"


OWN: list[tuple[dict[str, object], dict[str, object]]] = [
    (
        {"point": "gas-engine", "text": "Gasmotor steht", "class": "machine", "priority": 1},
        {"point": "gas-engine", "dedup": "gas-engine", "what": "come", "alarm_class": "machine", "priority": 1},
    ),
    ({"point": "gas-engine", "state": "go"}, {"what": "go", "dedup": "gas-engine", "text": ""}),
    ({"point": "gas-engine", "state": False}, {"what": "go"}),
    ({"point": "gas-engine", "state": 1}, {"what": "come"}),
    ({"point": "gas-engine", "state": "Gegangen"}, {"what": "go"}),
    ({"point": "gas-engine", "state": "reset"}, {"what": "reset"}),
    ({"state": "alive"}, {"what": "alive"}),
    ({"point": "p", "state": "on fire"}, {"what": "come", "values": {"state": "on fire"}}),
    ({"point": "p", "priority": "9"}, {"priority": None, "values": {"priority": "9"}}),
    ({"point": "p", "priority": "critical"}, {"priority": 1}),
    ({"point": "p", "dedup": "order-7"}, {"dedup": "order-7"}),
    ({"text": "Füllstand"}, {"point": "message", "text": "Füllstand"}),
    ({"message": "Füllstand"}, {"point": "message", "text": "Füllstand"}),
    ({"point": "p", "time": 1764299829}, {"event_time": datetime(2025, 11, 28, 3, 17, 9, tzinfo=UTC)}),
    ({"point": "p", "time": "2026-11-28T04:17:09+01:00"}, {"event_time": datetime(2026, 11, 28, 3, 17, 9, tzinfo=UTC)}),
    ({"point": "p", "time": "2026-11-28T04:17:09"}, {"event_time": None}),
    ({"point": "p", "time": 1e300}, {"event_time": None}),
    ({"point": "p", "time": True}, {"event_time": None}),
    ({"point": "p", "values": {"pegel": 3.5, "einheit": "m", "x": [1]}}, {"values": {"pegel": "3.5", "einheit": "m"}}),
    ({"point": "p", "values": "none"}, {"values": {}}),
    ({"point": "p\u0000\u0007q", "text": "a\nb\u202ec"}, {"point": "p q", "text": "a b c"}),
    ({"point": "p", "text": "x" * 9000}, {"text": "x" * MOST_TEXT}),
]


@pytest.mark.parametrize(("said", "expected"), OWN)
def test_our_own_form(said: dict[str, object], expected: dict[str, object]) -> None:
    found = only(said)
    assert {key: getattr(found, key) for key in expected} == expected
    assert not found.unreadable
    assert found.source == "plant"


def test_our_own_form_comes_several_at_once_and_an_acknowledgement_is_none() -> None:
    found = read([{"point": "a"}, {"point": "b", "state": "ack"}, {"point": "c", "state": "go"}])
    assert [(one.point, one.what) for one in found] == [("a", "come"), ("c", "go")]
    assert read({"point": "a", "state": "ack"}) == []


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        (b"Gasmotor steht", "text/plain", "Gasmotor steht"),
        (b"Gasmotor steht", "application/x-www-form-urlencoded", "Gasmotor steht"),
        (b"Gasmotor steht", "", "Gasmotor steht"),
        ("Füllstand über 3,5 m\r\n".encode(), "text/plain", "Füllstand über 3,5 m"),
        ("Füllstand".encode("cp1252"), "text/plain", "Füllstand"),
        ("\ufeffFüllstand".encode(), "text/plain", "Füllstand"),
        (b"1", "text/plain", "1"),
    ],
)
def test_any_text_is_an_alarm_with_that_text(body: bytes, content_type: str, text: str) -> None:
    found = only(body, content_type)
    assert (found.text, found.what, found.point, found.unreadable) == (text, "come", "message", False)
    assert found.dedup == only(body, content_type).dedup != only(b"something else", content_type).dedup


def test_a_form_with_our_fields_is_our_form() -> None:
    found = only(b"point=gas-engine&state=go&text=l%C3%A4uft", "application/x-www-form-urlencoded")
    assert (found.point, found.what, found.text) == ("gas-engine", "go", "läuft")
    other = only(b"point=gas-engine&colour=red", "application/x-www-form-urlencoded")
    assert other.text == "point=gas-engine&colour=red"


@pytest.mark.parametrize(
    ("body", "what", "text"),
    [
        (b"ON", "come", ""),
        (b"0", "go", ""),
        (b"true", "come", ""),
        (b"gegangen", "go", ""),
        (b"Pegel 3,5", "come", "Pegel 3,5"),
        (b'"off"', "go", ""),
        (b'{"state": "off", "values": {"rpm": 0}}', "go", ""),
        (b'{"rpm": 0}', "come", ""),
    ],
)
def test_where_the_point_is_known_a_word_says_the_state(body: bytes, what: str, text: str) -> None:
    found = only(body, "", point="gas-engine")
    assert (found.point, found.dedup, found.what, found.text) == ("gas-engine", "gas-engine", what, text)
    assert not found.unreadable


def test_point_and_state_from_elsewhere_are_enough() -> None:
    found = only(b"", "", point="gas-engine", what="go")
    assert (found.point, found.what) == ("gas-engine", "go")


UNREADABLE: list[tuple[bytes, str, str]] = [
    (b"", "", "leer"),
    (b"  \n", JSON, "leer"),
    (b"{", JSON, "kein JSON"),
    (b'{"point": "a"', "text/plain", "kein JSON"),
    (b"[" * 100_000, JSON, "kein JSON"),
    (b"Gasmotor", JSON, "kein JSON"),
    (b"\x00\x01\x02", "application/octet-stream", "kein Text"),
    (b"\xff\x81", "", "kein Text"),
    (b'{"pump": 3}', JSON, "unbekannte Form"),
    (b'{"alerts": 3, "version": "4"}', JSON, "unbekannte Form"),
    (b"3", JSON, "unbekannte Form"),
    (b"null", JSON, "unbekannte Form"),
    (b"[3]", JSON, "unbekannte Form"),
    (b"[]", JSON, "leer"),
    (b'{"version": "4", "alerts": []}', JSON, "leer"),
    (b'{"version": "4", "alerts": [3]}', JSON, "kein Alarm"),
    (b"x" * (LARGEST + 1), "text/plain", "zu gro\xc3\x9f"),
]


@pytest.mark.parametrize(("body", "content_type", "why"), UNREADABLE)
def test_what_nobody_understands_is_an_alarm_that_says_so(body: bytes, content_type: str, why: str) -> None:
    why = why.encode("latin-1").decode()
    found = only(body, content_type)
    assert found.unreadable
    assert (found.what, found.text) == ("come", why)
    assert len(found.raw) <= MOST_RAW
    assert "\0" not in found.raw
    assert found.dedup != only(b"{other" + body[:100], JSON).dedup


def test_half_a_message_is_kept_and_told() -> None:
    assert only(b'{"point": "gas-en', whole=False).raw == '{"point": "gas-en'


def test_too_many_at_once_are_told() -> None:
    found = read([{"point": f"p{n}"} for n in range(MOST + 3)])
    assert len(found) == MOST + 1
    assert found[-1].text == "3 Meldungen zu viel auf einmal"


_KEYS = [
    "alerts",
    "version",
    "labels",
    "annotations",
    "status",
    "fingerprint",
    "startsAt",
    "alertname",
    "point",
    "text",
    "state",
    "priority",
    "values",
    "time",
    "id",
    "source",
    "type",
    "specversion",
    "data",
    "truncatedAlerts",
]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=6),
    max_leaves=12,
)


@given(said=_JSON, point=st.sampled_from(["", "p"]))
def test_no_json_is_too_strange(said: object, point: str) -> None:
    for report in read(said, point=point):
        assert report.dedup
        assert report.point
        assert len(report.raw) <= MOST_RAW
        assert "\0" not in report.raw + report.text + report.dedup + "".join(report.values.values())
        report.text.encode()


@given(
    body=st.binary(max_size=200),
    content_type=st.sampled_from(["", JSON, "text/plain", "application/x-www-form-urlencoded"]),
)
def test_no_bytes_are_too_strange(body: bytes, content_type: str) -> None:
    found = reports(body, source="plant", content_type=content_type)
    assert len(found) == 1 or b"ack" in body.lower() or body.lstrip().startswith(b"[")

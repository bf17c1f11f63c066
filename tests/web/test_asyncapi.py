"""The websocket's contract: right by the official schema, complete, served, and what the daemon sends fits it."""

import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from aiohttp import ClientSession, web
from jsonschema import Draft7Validator, Draft202012Validator

from ami_bridge import wire
from ami_bridge.config import Web
from ami_bridge.web import asyncapi
from ami_bridge.web.asyncapi import CLOSES, OBJECTS, PATH, REQUESTS, TOPICS, asyncapi_routes, document
from ami_bridge.web.server import serve
from tests.real.schema import must_fit

HERE = Path(__file__).parent
SOURCES = Path(asyncapi.__file__).parents[1]
OFFICIAL = Draft7Validator(json.loads((HERE / "asyncapi-3.0.0.json").read_text(encoding="utf-8")))
WHOLE = document()
EXAMPLES = [
    (name, example["payload"])
    for name, message in WHOLE["components"]["messages"].items()
    for example in message["examples"]
]
SENT = [(name, payload) for name, payload in EXAMPLES if name not in {"hello", "request"}]


def payload_of(name: str) -> dict[str, Any]:
    """The first example of a message, to be changed."""
    return deepcopy(next(payload for one, payload in EXAMPLES if one == name))


def validator_of(name: str) -> Draft202012Validator:
    schema = WHOLE["components"]["messages"][name]["payload"]
    return Draft202012Validator({**schema, "components": WHOLE["components"]})


def references(node: object) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if "$ref" in node else set()
        return own.union(*map(references, node.values()))
    return set().union(*map(references, node)) if isinstance(node, list) else set()


def test_the_document_is_right_by_the_official_schema() -> None:
    OFFICIAL.validate(WHOLE)


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        (("operations", "greet", "action"), "publish"),
        (("asyncapi",), "2.6.0"),
        (("operations", "ask", "channel"), "events"),
        (("servers", "local", "host"), None),
        (("components", "securitySchemes", "session", "in"), "nowhere"),
        (("components", "messages", "event", "examples"), "none"),
        (("components", "schemas", "Call", "type"), "call"),
        (("channels", "events", "place"), "/api/v1/ws"),
    ],
)
def test_a_wrong_document_is_found_wrong(place: tuple[str, ...], wrong: object) -> None:
    broken = deepcopy(WHOLE)
    node = broken
    for step in place[:-1]:
        node = node[step]
    node[place[-1]] = wrong
    assert not OFFICIAL.is_valid(broken)


def test_every_reference_leads_somewhere() -> None:
    for reference in references(WHOLE):
        node = WHOLE
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


def test_every_schema_is_json_schema_of_2020_and_of_draft_7() -> None:
    for schema in WHOLE["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
        Draft7Validator.check_schema(schema)


def test_the_client_is_received_and_the_daemon_sends() -> None:
    def spoken(action: str) -> set[str]:
        operations = [one for one in WHOLE["operations"].values() if one["action"] == action]
        return {message["$ref"].rpartition("/")[2] for one in operations for message in one["messages"]}

    assert spoken("receive") == {"hello", "request"}
    assert spoken("send") == {"snapshot", "event", "tick"}
    replies = {name: one["reply"]["messages"] for name, one in WHOLE["operations"].items() if "reply" in one}
    assert replies == {
        "greet": [{"$ref": "#/channels/events/messages/welcome"}],
        "ask": [{"$ref": "#/channels/events/messages/response"}],
    }


def test_no_message_of_the_protocol_is_missing() -> None:
    kinds = {*wire.FromClient.__args__, *wire.FromServer.__args__}
    assert {one["title"] for one in WHOLE["components"]["messages"].values()} == {kind.__name__ for kind in kinds}
    assert set(WHOLE["channels"]["events"]["messages"]) == set(WHOLE["components"]["messages"])


@pytest.mark.parametrize(("name", "payload"), EXAMPLES)
def test_every_example_fits_its_schema(name: str, payload: dict[str, Any]) -> None:
    validator_of(name).validate(payload)


@pytest.mark.parametrize(("name", "payload"), [one for one in EXAMPLES if one not in SENT])
def test_what_clients_may_say_is_what_the_daemon_reads(name: str, payload: dict[str, Any]) -> None:
    assert wire.decode_from_client(json.dumps(payload)).__struct_config__.tag == name


def test_an_event_carries_a_call_and_not_just_anything() -> None:
    event = payload_of("event")
    event["call"] = {"whatever": 5}
    assert not validator_of("event").is_valid(event)
    del event["call"]
    assert not validator_of("event").is_valid(event)


def test_messages_may_grow_for_clients_but_not_behind_the_back_of_the_contract() -> None:
    event = payload_of("event")
    event["call"]["mood"] = "good"
    validator_of("event").validate(event)
    with pytest.raises(AssertionError, match="mood"):
        must_fit(event)


@pytest.mark.parametrize(("name", "payload"), SENT)
def test_what_the_daemon_sends_fits(name: str, payload: dict[str, Any]) -> None:
    assert payload["type"] == name
    must_fit(payload)


def test_every_field_that_is_always_sent_is_required() -> None:
    event = payload_of("event")
    for field in event["call"]:
        broken = deepcopy(event)
        del broken["call"][field]
        with pytest.raises(AssertionError, match=field):
            must_fit(broken)
    welcome = payload_of("welcome")
    for field in set(welcome) - {"type"}:
        with pytest.raises(AssertionError, match=field):
            must_fit({one: value for one, value in welcome.items() if one != field})


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"type": None},
        {"type": "hello"},
        {"type": "request", "id": "1", "op": "resync"},
        {"type": "tick", "seq": 1},
        {"type": "tick", "seq": "1", "prev": 0},
        {"type": "response", "id": "1", "ok": False},
        {"type": "snapshot", "topic": "bridge", "seq": 1, "prev": 1},
        {"type": "snapshot", "topic": "somewhere", "seq": 1, "prev": 1, "calls": []},
    ],
)
def test_what_the_contract_does_not_tell_of_does_not_fit(wrong: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        must_fit(wrong)


@pytest.mark.parametrize("time", ["yesterday", "2026-11-21T12:00:00", "2026-11-21T13:00:00+01:00", ""])
def test_a_time_that_is_not_utc_does_not_fit(time: str) -> None:
    with pytest.raises(AssertionError, match="date-time"):
        must_fit({**payload_of("event"), "ts": time})


def test_every_close_code_that_the_daemon_uses_is_told() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.py") if path.name != "asyncapi.py")
    used = {
        int(code)
        for code in re.findall(r"(?:close_soon\(|code=|\()\*?\(?(1\d{3}|4\d{3})\b, ?(?:\"|f\"|reason)", sources)
    }
    assert {4008, 4010, 4500, 4501, 4504, 1001, 1011} <= used <= set(CLOSES)


def test_topics_operations_and_close_codes_stand_in_the_text() -> None:
    text = WHOLE["info"]["description"]
    for word in (*TOPICS, *REQUESTS, *CLOSES):
        assert f"`{word}`" in text
    assert set(OBJECTS) == set(TOPICS)


async def test_the_document_is_served_as_yaml_to_anybody(tmp_path: Path) -> None:
    async with (
        serve(Web(listen="http://127.0.0.1:0"), add_routes=[asyncapi_routes], static=tmp_path) as port,
        ClientSession(f"http://127.0.0.1:{port}") as session,
        session.get(PATH) as answer,
    ):
        assert answer.status == web.HTTPOk.status_code
        assert answer.content_type == "application/yaml"
        text = await answer.text()
    assert yaml.safe_load(text) == msgspec.json.decode(text) == WHOLE

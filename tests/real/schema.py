"""Whether what the daemon sends fits the contract that it publishes."""

from datetime import datetime
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from ami_bridge.web.asyncapi import OBJECTS, TOPICS, document

FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time", raises=ValueError)
def _is_a_time(text: object) -> bool:
    return not isinstance(text, str) or (text.endswith("Z") and datetime.fromisoformat(text).tzinfo is not None)


def must_fit(message: dict[str, Any]) -> None:
    """Raise AssertionError unless a server's message, as decoded from its JSON, is what the contract says."""
    validator = _validators().get(message.get("type"))
    assert validator is not None, f"the contract knows no message of the type {message.get('type')!r} of the server"
    wrong = next(validator.iter_errors(message), None)
    assert wrong is None, f"{wrong.json_path}: {wrong.message}"


@cache
def _validators() -> dict[object, Draft202012Validator]:
    """One per type of the server's messages. Messages may grow; what the contract does not tell of is wrong here."""
    whole = document()
    for schema in whole["components"]["schemas"].values():
        if "properties" in schema:
            schema["additionalProperties"] = False
    for name in ("Snapshot", "Event"):
        topic = whole["components"]["schemas"][name]["properties"]["topic"]
        topic["anyOf"] = [{"enum": [*TOPICS]}, *({"pattern": f"^{one}."} for one in TOPICS if one.endswith(":"))]
    whole["components"]["schemas"]["Event"]["properties"]["event"]["enum"] = [event for _, event, _ in OBJECTS.values()]
    sent = {
        reference["$ref"].rpartition("/")[2]
        for operation in whole["operations"].values()
        for reference in (
            operation["messages"] if operation["action"] == "send" else operation.get("reply", {}).get("messages", ())
        )
    }
    return {
        name: Draft202012Validator(
            {"$ref": whole["components"]["messages"][name]["payload"]["$ref"], "components": whole["components"]},
            format_checker=FORMATS,
        )
        for name in sent
    }

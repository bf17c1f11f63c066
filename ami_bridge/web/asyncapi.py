"""The contract of the websocket: an AsyncAPI 3.0.0 document made from the messages in `wire`."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, get_args

import msgspec
from aiohttp import web
from msgspec import Struct, structs

from ami_bridge import wire
from ami_bridge.web.link import TICK_EVERY
from ami_bridge.web.openapi import Operation
from ami_bridge.web.socket import HELLO_WITHIN, LARGEST_MESSAGE, LINKS_PER_PERSON, REQUESTS_PER_SECOND

PATH = "/api/v1/asyncapi.yaml"
OPERATIONS = (Operation(method="GET", path=PATH, summary="The contract of the websocket (AsyncAPI)", anybody=True),)
SCHEMAS = "#/components/schemas/"
MESSAGES = "#/components/messages/"
CHANNEL = {"$ref": "#/channels/events"}

TOPICS = {
    "bridge": "Whether what is shown is live (`bridge.changed`). Everybody follows it always.",
    "calls.self": "One's own calls, each change of them (`call.changed`).",
    "calls.dept:": "Calls that ring at others' telephones of the pickup group whose name follows (`call.changed`); one "
    "is over as soon as it no longer rings there. Who is calling is told where the group may know it.",
    "presence.dept:": "Whether the colleagues of the department whose name follows are free, rung, talking or away "
    "(`presence.changed`); one's own, for the switchboard any. Never with whom.",
    "queue:": "One queue, whose name follows, such as `queue:300`: who waits and who serves it (`queue.changed`); for "
    "its members, those named in `[[queue]]`, and the switchboard. Never with whom somebody talks, or how often.",
    "journal.self": "One's own finished calls (`journal.changed`). Its snapshot says only from which `seq` on changes "
    "are told; what the journal holds is read by `GET /api/v1/journal`, after the snapshot.",
    "journal.dept:": "Finished calls of the department whose name follows, such as `journal.dept:Bauamt`, where "
    "departments read journals; the same otherwise.",
    "rooms": "The conference rooms one may see (`room.changed`).",
    "alarms": "Alarms of plants, for the roles plant, alarm-manager and admin (`alarm.changed`).",
    "room:": "One room, whose number follows, such as `room:8123`; the same otherwise.",
}
OBJECTS: dict[str, tuple[str | None, str, str]] = {
    "calls.self": ("calls", "call.changed", "call"),
    "calls.dept:": (None, "call.changed", "call"),
    "presence.dept:": (None, "presence.changed", "presence"),
    "bridge": ("bridges", "bridge.changed", "bridge"),
    "journal.self": (None, "journal.changed", "entry"),
    "journal.dept:": (None, "journal.changed", "entry"),
    "rooms": ("rooms", "room.changed", "room"),
    "room:": (None, "room.changed", "room"),
    "alarms": ("alarms", "alarm.changed", "alarm"),
    "queue:": (None, "queue.changed", "queue"),
}
"""Per topic: what its snapshot holds, the name of its event, and what that holds. A colon stands before a name."""
REQUESTS = {
    "subscribe": "Follow the topics in `params.topics`: first a `snapshot` of each new one, then the answer. "
    "`result.topics` are all that are followed now, `result.refused` those that are not allowed.",
    "unsubscribe": "Leave the topics in `params.topics`.",
    "journal.done": "Say that nothing is left to do about the missed call `params.id`; it is done for the whole "
    "department where that reads a journal. `result` is the entry.",
    "call.originate": "Call `params.to`: one's own telephone rings first, `params.device` if that is given. Needs a "
    "`key`, and `params.confirmed` for emergency and premium numbers. `result.call` is the call's id, at once; what "
    "becomes of it comes as news of this call.",
    "resync": "Get a `snapshot` of each topic; ask this when `prev` is not the `seq` seen last.",
    "room.make": "Make a conference room as `params` wishes it; `result` is the room, which can be dialled at once.",
    "room.change": "Change the room `params.room` by `params.change`.",
    "room.delete": "End the room `params.room`: nobody gets in any more.",
    "room.invite": "Give `params.who`, or each of `params.people`, a PIN of their own for the room `params.room`.",
    "room.let_moderate": "Have who got the PIN `params.pin` of the room `params.room` moderate: `params.moderates`.",
    "room.revoke": "Revoke the PIN `params.pin` of the room `params.room`; guests, and who made it, get another one.",
    "room.call": "Call `params.to` into the room `params.room`; they are in when they press 1. Needs a `key`.",
    "room.mute": "Silence `params.participant` of the room `params.room`.",
    "room.unmute": "Let `params.participant` of the room `params.room` be heard again.",
    "room.remove": "Remove `params.participant` from the room `params.room`; their PIN opens it no more.",
    "room.lock": "Let nobody else into the room `params.room`.",
    "room.unlock": "Let people into the room `params.room` again.",
    "room.mute_all": "Silence all but moderators of the room `params.room`.",
    "room.unmute_all": "Let all of the room `params.room` be heard again.",
    "room.record": "Record what is said in the room `params.room`; everybody is told.",
    "room.stop": "Stop recording the room `params.room`.",
    "room.end": "End the room `params.room`: everybody is sent away, nobody gets in any more.",
    "alarm.take-over": "Take care of the alarm `params.alarm`: nobody else is called. `result` is the alarm.",
    "alarm.acknowledge": "Confirm the alarm `params.alarm`; that never closes what is still there.",
    "alarm.clear": "Say that the fault of the alarm `params.alarm` is over, for a source that cannot.",
    "alarm.reset": "Unlock the alarm `params.alarm`.",
    "alarm.shelve": "Set the alarm `params.alarm` aside for `params.minutes`, at most 480, for `params.reason`; "
    "`params.overlay` may be `suppressed` or `out-of-service` instead of `shelved`.",
    "alarm.unshelve": "Look at the alarm `params.alarm` again, before that time.",
    "alarm.escalate": "Call more people now about the alarm `params.alarm`.",
    "alarm.test": "Call everybody of `params.to` for a test, by the way of a real alarm; `params.text` and "
    "`params.seconds` as over HTTP. Needs a `key`. `result` is the report, so far empty.",
    "queue.take": "Have one's own telephone rung by `params.caller`, who waits in the queue `params.queue`; not "
    "answered, they go back to its front. Needs a `key`. As of all these, `result` is the queue.",
    "queue.pause": "Have the queue `params.queue` not ring one's own telephone, or that of `params.member`.",
    "queue.unpause": "Have the queue `params.queue` ring it again.",
    "queue.login": "Serve the queue `params.queue` with one's own telephone.",
    "queue.logout": "Serve the queue `params.queue` no longer; `params.member` as above.",
    "call.answer": "Have one's own telephone answer the call `params.call`. As all of call control: `params.extension` "
    "says which of one's own is meant, where several take part; `result.call` repeats the call.",
    "call.reject": "Refuse a call that rings at one's own telephone: its caller hears busy, others go on ringing.",
    "call.hangup": "End one's own part of a call.",
    "call.hold": "Have one's own telephone put the other on hold.",
    "call.resume": "Take the other back from hold, or from a consultation.",
    "call.redirect": "Send a call that rings here on to `params.to`. Needs a `key`.",
    "call.transfer": "Give the other to `params.to`, with a `key`; without `to`, to whom one has consulted.",
    "call.consult": "Ask `params.to` while the other waits. Needs a `key`.",
    "call.park": "Let the other wait on a parking place.",
    "call.fetch": "Have one's own telephone rung, to take a call from its parking place. Needs a `key`.",
    "call.pickup": "Have one's own telephone rung, to take a call that rings in one's group. Needs a `key`.",
    "call.conference": "Make the call a conference and call all of `params.add` into it. Needs a `key`.",
    "call.note": "Write `params.text` down about a call; it is kept with the finished call.",
    "call.forget": "Compare with what Asterisk says is going on: a call that hangs on the screen disappears.",
}
CLOSES = {
    1001: "The daemon or the client goes away; come back after a moment.",
    1009: f"A message was longer than {LARGEST_MESSAGE} bytes.",
    1011: "A fault of the daemon; come back.",
    4001: "The session or token is over, and nobody renewed it; sign in again, then come back.",
    4008: "The client read too slowly; come back.",
    4010: "The person's rights have changed; come back, and take the new state.",
    4500: "The credential was revoked, or the person is gone. Do not come back; tell the user.",
    4501: "The protocol was broken: no JSON, no `hello` first, bytes, a flood. Do not come back.",
    4504: f"No `hello` came within {HELLO_WITHIN:g} seconds. Do not come back.",
}

_RULES = f"""\
Text frames of JSON, without compression. Offer the subprotocol `{wire.PROTOCOL}`; without it the answer is 400.
A program shows its app token (`Authorization: Bearer …`, scope `events`), a browser its session cookie, and then its
`Origin` must be ours. At most {LINKS_PER_PERSON} connections per person, {REQUESTS_PER_SECOND} requests per second and
{LARGEST_MESSAGE} bytes per message of a client.

The client says `hello` first. The answer is `welcome`; if it says `recovered`, the events missed since `resume` follow,
else a `snapshot` of each topic, which replaces everything the client had of it. Then events come as things change.
`seq` counts on for as long as `epoch` is the same. `prev` is the `seq` sent before on this connection: if it is not the
one seen last, something is missing, so ask for `resync`. Every object comes whole, with `rev`: the highest counts.
On an idle connection a `tick` comes every {TICK_EVERY:g} seconds; after 60 seconds of silence the connection is dead.

Messages may grow: ignore fields, events and types that you do not know. What is described here stays.
"""

_NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
_CALL = wire.Call(
    id="01KAH2Y5RD3V6S0M8Q4B7N9XCE",
    pbx="rathaus",
    rev=3,
    state="ringing",
    direction="in",
    role="callee",
    since=_NOON,
    peer=wire.Peer(
        number="+493023125001", display="030 23125001", name="Bäckerei Huber", source="Rathaus", matches=1,
        reason="exact",
    ),
    line=wire.Line(exten="101", label="Anna Amsel"),
    extension="101",
)  # fmt: skip
_BRIDGE = wire.Bridge(pbx="rathaus", ami="up", since=_NOON)
_ENTRY = wire.Entry(
    id=_CALL.id,
    call=_CALL.id,
    pbx="rathaus",
    rev=1,
    extension="101",
    direction="in",
    role="callee",
    result="missed",
    peer=_CALL.peer,
    line=_CALL.line,
    started_at=_NOON,
    ended_at=_NOON,
)
_ANNA = wire.User(login="anna", name="Anna Amsel", extensions=("101",), department="Bürgerbüro")
_EPOCH = "01KAH2XK1T8J5W2R9F6D3P0ZAV"

_EXAMPLES: dict[type[Struct], tuple[Struct, ...]] = {
    wire.Hello: (
        wire.Hello(client="desktop/1.0"),
        wire.Hello(client="desktop/1.0", resume=wire.Resume(epoch=_EPOCH, seq=4711)),
    ),
    wire.Request: (
        wire.Request(id="1", op="subscribe", params={"topics": ["calls.self"]}),
        wire.Request(id="2", op="unsubscribe", params={"topics": ["calls.self"]}),
        wire.Request(id="3", op="resync"),
        wire.Request(id="5", op="journal.done", params={"id": _CALL.id}),
    ),
    wire.Welcome: (
        wire.Welcome(
            epoch=_EPOCH,
            seq=4720,
            recovered=False,
            user=_ANNA,
            topics=("bridge", "calls.self"),
            refused=("journal.dept:Bauamt",),
            offers=("calls.dept:Bürgerbüro", "journal.dept:Bürgerbüro"),
        ),
    ),
    wire.Snapshot: (
        wire.Snapshot(topic="calls.self", seq=4720, prev=4720, calls=(_CALL,)),
        wire.Snapshot(topic="bridge", seq=4720, prev=4720, bridges=(_BRIDGE,)),
    ),
    wire.Event: (
        wire.Event(seq=4721, prev=4720, ts=_NOON, topic="calls.self", event="call.changed", call=_CALL),
        wire.Event(seq=4724, prev=4721, ts=_NOON, topic="bridge", event="bridge.changed", bridge=_BRIDGE),
        wire.Event(seq=4728, prev=4724, ts=_NOON, topic="journal.self", event="journal.changed", entry=_ENTRY),
    ),
    wire.Tick: (wire.Tick(seq=4724, prev=4724),),
    wire.Response: (
        wire.Response(id="1", ok=True, result={"topics": ["bridge", "calls.self"], "refused": []}),
        wire.Response(id="4", ok=False, error=wire.Problem(code="unknown_op", message="There is no such operation.")),
    ),
}
_FROM_CLIENT = get_args(wire.FromClient)


def document() -> dict[str, Any]:
    """Return the document as plain data."""
    whole = {
        "asyncapi": "3.0.0",
        "info": {"title": "ami-bridge", "version": "1", "description": _description(), "license": {"name": "EUPL-1.2"}},
        "defaultContentType": "application/json",
        "servers": {"secure": _server("wss", "example.org"), "local": _server("ws", "127.0.0.1:8088")},
        "channels": {
            "events": {
                "address": "/api/v1/ws",
                "title": wire.PROTOCOL,
                "messages": {_name(kind): {"$ref": MESSAGES + _name(kind)} for kind in _EXAMPLES},
                "bindings": {"ws": {"method": "GET", "headers": _headers(), "bindingVersion": "0.1.0"}},
            }
        },
        "operations": {
            "greet": _operation("receive", "A client says who it is and what it follows", wire.Hello, wire.Welcome),
            "ask": _operation("receive", "A client asks for something", wire.Request, wire.Response),
            "tellState": _operation("send", "The daemon tells the whole state of a topic", wire.Snapshot),
            "tellNews": _operation("send", "The daemon tells that something has changed", wire.Event),
            "showLife": _operation("send", "The daemon shows that it is there", wire.Tick),
        },
        "components": {
            "messages": {_name(kind): _message(kind, examples) for kind, examples in _EXAMPLES.items()},
            "schemas": _schemas(),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "An app token with the scope `events`."},
                "session": {
                    "type": "httpApiKey", "in": "cookie", "name": "__Host-amib",
                    "description": "A browser's session, together with our own `Origin`; `amib` where the daemon is "
                    "reached without TLS on its own machine.",
                },
            },
        },
    }  # fmt: skip
    plain: dict[str, Any] = msgspec.json.decode(wire.encode(whole))  # examples are structs until here
    return plain


def asyncapi_routes(router: web.UrlDispatcher) -> None:
    """Serve the document. It is JSON, which every reader of YAML reads."""
    whole = msgspec.json.format(wire.encode(document()), indent=2)

    async def show(_request: web.Request) -> web.Response:
        return web.Response(body=whole, content_type="application/yaml", charset="utf-8")

    router.add_get(PATH, show)


def _description() -> str:
    """Put the rules into words, with all topics, operations and close codes."""

    def listed(title: str, entries: Iterable[tuple[object, str]]) -> str:
        return "\n".join([f"\n## {title}\n", *(f"* `{name}`: {text}" for name, text in entries), ""])

    return "".join(
        [
            _RULES,
            listed("Topics", TOPICS.items()),
            listed("Operations (`op` of a request)", REQUESTS.items()),
            listed("Close codes (4000 to 4499: come back; 4500 to 4999: do not)", CLOSES.items()),
        ]
    )


def _server(protocol: str, usual: str) -> dict[str, Any]:
    return {
        "host": "{host}",
        "protocol": protocol,
        "variables": {"host": {"default": usual}},
        "security": [{"$ref": f"#/components/securitySchemes/{name}"} for name in ("token", "session")],
    }


def _headers() -> dict[str, Any]:
    """Say what the upgrade must carry besides a credential."""
    return {
        "type": "object",
        "properties": {"Sec-WebSocket-Protocol": {"type": "string", "const": wire.PROTOCOL}},
        "required": ["Sec-WebSocket-Protocol"],
    }


def _operation(action: str, summary: str, kind: type[Struct], reply: type[Struct] | None = None) -> dict[str, Any]:
    """Make an operation as the daemon sees it: it receives what clients say."""
    operation: dict[str, Any] = {
        "action": action,
        "channel": CHANNEL,
        "summary": summary,
        "messages": [{"$ref": f"#/channels/events/messages/{_name(kind)}"}],
    }
    if reply is not None:
        operation["reply"] = {
            "channel": CHANNEL,
            "messages": [{"$ref": f"#/channels/events/messages/{_name(reply)}"}],
        }
    return operation


def _message(kind: type[Struct], examples: tuple[Struct, ...]) -> dict[str, Any]:
    return {
        "name": _name(kind),
        "title": kind.__name__,
        "summary": (kind.__doc__ or "").strip(),
        "payload": {"$ref": SCHEMAS + kind.__name__},
        "examples": [{"payload": example} for example in examples],
    }


def _schemas() -> dict[str, Any]:
    """Return the schemas of all messages: JSON Schema 2020-12, of which only what draft 07 knows too is used."""
    _, schemas = msgspec.json.schema_components(_EXAMPLES, ref_template=SCHEMAS + "{name}")
    for name, schema in schemas.items():
        kind = getattr(wire, name)
        for field in structs.fields(kind):
            schema["properties"][field.encode_name] = _property(kind, field, schema["properties"][field.encode_name])
        if kind not in _FROM_CLIENT and not kind.__struct_config__.omit_defaults:
            schema["required"] = list(schema["properties"])  # we never leave a field out
    schemas["Response"]["oneOf"] = [
        {"properties": {"ok": {"const": True}}},
        {"properties": {"ok": {"const": False}}, "required": ["error"]},
    ]
    schemas["Snapshot"]["allOf"] = [_holds("topic", topic, every) for topic, (every, _, _) in OBJECTS.items() if every]
    schemas["Event"]["allOf"] = [
        _holds("event", event, one) for event, one in dict.fromkeys((event, one) for _, event, one in OBJECTS.values())
    ]
    return schemas


def _holds(field: str, value: str, needed: str) -> dict[str, Any]:
    """Say that a message whose field has this value carries this object."""
    return {"if": {"properties": {field: {"const": value}}}, "then": {"required": [needed]}}


def _property(kind: type[Struct], field: structs.FieldInfo, schema: dict[str, Any]) -> dict[str, Any]:
    """Say of a field what its type alone does not."""
    types = get_args(field.type) or (field.type,)
    if kind not in _FROM_CLIENT:
        schema.pop("default", None)  # clients need not know it: the field is there, or it says nothing
    if kind.__struct_config__.omit_defaults and "anyOf" in schema:  # None is never written there
        schema = next(one for one in schema["anyOf"] if one not in ({}, {"type": "null"}))
    if datetime in types:
        schema = _with_format(schema)
    return schema


def _with_format(schema: dict[str, Any]) -> dict[str, Any]:
    """Say of every text in it that it is a time, as RFC 3339 writes it."""
    if "anyOf" in schema:
        return {**schema, "anyOf": [_with_format(one) for one in schema["anyOf"]]}
    return {**schema, "format": "date-time"} if schema.get("type") == "string" else schema


def _name(kind: type[Struct]) -> str:
    return str(kind.__struct_config__.tag)

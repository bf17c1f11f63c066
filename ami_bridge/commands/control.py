"""Commands that do something with one's live calls, as the page would: over HTTP, with one's own token."""

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp

from ami_bridge.calls.actions import VERBS
from ami_bridge.commands.common import TOKEN, Command, where_to_watch, with_json
from ami_bridge.commands.rest import ask, over_http, signed_in
from ami_bridge.errors import NotFoundError


def add(command: Command) -> None:
    """Add them."""
    control = command("control", _control, "List one's live calls and what can be done with them, or do it.")
    control.add_argument("verb", nargs="?", choices=["list", *VERBS], default="list", help="default: %(default)s")
    control.add_argument("call", nargs="?", metavar="CALL", help="its id; default: the only call that can be told so")
    control.add_argument("--to", metavar="NUMBER", help="redirect, transfer, consult: whom to")
    control.add_argument("--add", metavar="NUMBER", action="append", default=[], help="conference: whom to call, again")
    control.add_argument("--text", help="note: what to write down")
    control.add_argument("--extension", metavar="NUMBER", help="which of one's own is meant, where several take part")
    control.add_argument("--confirmed", action="store_true", help="an emergency or premium number is meant")
    control.add_argument("--url", help="websocket of the daemon; default: $AMI_BRIDGE_URL, else that of the demo")
    control.add_argument("--token-file", type=Path, help=f"default: $AMI_BRIDGE_TOKEN, else {TOKEN}, else the demo's")
    control.add_argument("--user", help="with the demo: whose calls; default: the first person's")
    with_json(control)


def _control(arguments: argparse.Namespace) -> int:
    url, token = where_to_watch(arguments)
    return asyncio.run(_do(arguments, f"{over_http(url)}/api/v1", token))


async def _do(arguments: argparse.Namespace, api: str, token: str) -> int:
    async with signed_in(token) as session:
        if arguments.verb == "list":
            calls = (await ask(session, "GET", f"{api}/calls"))["calls"]
            print(json.dumps(calls) if arguments.json else "\n".join(map(_line, calls)) or "no calls")
            return 0
        call = arguments.call or await _only_one(session, api, arguments.verb)
        said = {"to": arguments.to, "text": arguments.text, "extension": arguments.extension}
        body = {name: value for name, value in said.items() if value is not None}
        body |= {"add": arguments.add} if arguments.add else {}
        body |= {"confirmed": True} if arguments.confirmed else {}
        done = await ask(session, "POST", f"{api}/calls/{quote(call, safe='')}/{arguments.verb}", body)
        print(json.dumps(done) if arguments.json else "done")
        return 0


async def _only_one(session: aiohttp.ClientSession, api: str, verb: str) -> str:
    """Find the call that is meant where none is named."""
    calls = (await ask(session, "GET", f"{api}/calls"))["calls"]
    fits = [call["id"] for call in calls if verb in call["actions"]]
    if len(fits) != 1:
        raise NotFoundError(f"{len(fits) or 'none'} of your calls can be told to {verb}; name one by its id")
    return str(fits[0])


def _line(call: dict[str, Any]) -> str:
    """Show a call in one line."""
    peer = call["peer"]
    who = peer["name"] or peer["display"] or "?"
    room = f" in room {call['room']}" if call.get("room") else ""
    waits = f" ({call['waits']['name'] or call['waits']['display']} waits)" if call["waits"] else ""
    return f"{call['id']}  {call['state']:10}  {who}{waits}{room}  [{' '.join(call['actions'])}]"

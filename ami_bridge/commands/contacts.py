"""Commands about names: lookup, sync."""

import argparse
import asyncio
import json
import sys

from ami_bridge.commands.common import Command, ask_daemon, no_daemon, with_config, with_json
from ami_bridge.config import Config, control_socket
from ami_bridge.config_file import load
from ami_bridge.errors import NotReachableError


def add(command: Command) -> None:
    """Add them."""
    lookup = command("lookup", _lookup, "Say whose number this is, why, and what was asked.")
    lookup.add_argument("number", metavar="NUMBER", help="in any spelling")
    lookup.add_argument("--user", help="for whom: their groups and own books too; default: shared books only")
    with_config(lookup)
    with_json(lookup)

    sync = command("sync", _sync, "Look at all address books now.")
    with_config(sync)
    with_json(sync, "every step as one line of JSON")


def _lookup(arguments: argparse.Namespace) -> int:
    from ami_bridge.contacts.told import explanation  # noqa: PLC0415 - as above

    query = {"number": arguments.number} | ({"user": arguments.user} if arguments.user else {})
    found = ask_daemon(load(arguments.config), "GET", "/lookup", query=query)
    for line in [json.dumps(found)] if arguments.json else explanation(found):
        print(line)
    return 0


def _sync(arguments: argparse.Namespace) -> int:
    return asyncio.run(_follow_sync(load(arguments.config), as_json=arguments.json))


async def _follow_sync(config: Config, *, as_json: bool) -> int:
    from ami_bridge.contacts.told import step  # noqa: PLC0415 - as above
    from ami_bridge.web.control import follow  # noqa: PLC0415

    path = control_socket(config)
    try:
        async for line in follow(path, "/sync"):
            said = json.dumps(line) if as_json else step(line, live=sys.stdout.isatty())
            if said is not None:
                print(said, flush=True)
            if line.get("state") == "done":
                return 1 if line.get("failed") else 0
    except NotReachableError as error:
        raise no_daemon(path) from error
    raise NotReachableError("the daemon stopped before the end")

"""Commands about what is stored of people: export, erase, audit."""

import argparse
import json
import sys
from urllib.parse import quote

from ami_bridge.commands.common import Command, ask_daemon, with_config, with_json
from ami_bridge.config_file import load
from ami_bridge.errors import BadRequestError


def add(command: Command) -> None:
    """Add them."""
    export = command("export", _export, "Hand out everything that is stored about a person, in JSON.")
    export.add_argument("login", metavar="LOGIN")
    with_config(export)

    erase = command("erase", _erase, "Delete everything that is stored about a person.")
    erase.add_argument("login", metavar="LOGIN")
    erase.add_argument("--yes", action="store_true", help="do not ask whether that is meant")
    with_config(erase)
    with_json(erase)

    audit = command("audit", _audit, "Show who looked at what of others, the newest first.")
    audit.add_argument("--user", required=True, metavar="LOGIN", help="who reads it: somebody with the role auditor")
    audit.add_argument("--limit", type=int, default=100, help="how many entries, at most 500; default: %(default)s")
    with_config(audit)
    with_json(audit)


def _export(arguments: argparse.Namespace) -> int:
    found = ask_daemon(load(arguments.config), "GET", f"/stored/{quote(arguments.login, safe='')}")
    print(json.dumps(found, indent=2, ensure_ascii=False))
    return 0


def _erase(arguments: argparse.Namespace) -> int:
    config = load(arguments.config)
    if not arguments.yes:
        if not sys.stdin.isatty():
            raise BadRequestError("nothing was deleted: say --yes where nobody can be asked")
        if (
            input(f"Everything about {arguments.login} will be deleted for good. Their login again: ")
            != arguments.login
        ):
            raise BadRequestError("nothing was deleted: that was another login")
    erased = ask_daemon(config, "DELETE", f"/stored/{quote(arguments.login, safe='')}")["erased"]
    if arguments.json:
        print(json.dumps(erased))
        return 0
    for what, count in sorted(erased.items()):
        print(f"{count:6}  {what}")
    print("deleted, in all files of the database; copies of it elsewhere are yours to delete")
    return 0


def _audit(arguments: argparse.Namespace) -> int:
    query = {"user": arguments.user, "limit": str(arguments.limit)}
    found = ask_daemon(load(arguments.config), "GET", "/audit", query=query)["entries"]
    if arguments.json:
        print(json.dumps(found))
        return 0
    for one in found:
        print(f"{one['at'][:19]}  {one['who']:24}  {one['did']:8}  {one['whose']:24}  {one['how']}")
    return 0

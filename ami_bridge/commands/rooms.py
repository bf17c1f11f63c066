"""Commands about conference rooms: room new, list, end, stop."""

import argparse
import json
import sys
from datetime import datetime

from ami_bridge.commands.common import Command, ask_daemon, language, with_config, with_json
from ami_bridge.config_file import load
from ami_bridge.errors import BadRequestError

TIME = "%Y-%m-%d %H:%M"
LINES_SHORT = {
    "de": "Achtung: Zu dieser Zeit sind viele Konferenzen gebucht; vielleicht reichen die Leitungen nicht für alle.",
    "en": "Mind: many conferences are booked for this time; there may not be lines enough for all.",
}


def add(command: Command) -> None:
    """Add them."""
    room = command("room", _room, "Make, list or end conference rooms, or stop recording one.")
    room.add_argument("verb", choices=["new", "list", "end", "stop"])
    room.add_argument("number", nargs="?", metavar="NUMBER", help="with end and stop: which room")
    room.add_argument("--owner", help="with new: login of who moderates it")
    room.add_argument("--title", help="with new: what it is about")
    room.add_argument("--from", dest="starts", help='with new: "2026-11-30 10:00", in the time of this machine')
    room.add_argument("--until", dest="ends", help="with new: likewise")
    room.add_argument(
        "--kind", choices=["booked", "department", "personal"], default="booked", help="default: %(default)s"
    )
    room.add_argument(
        "--invite", action="append", default=[], metavar="LOGIN", help="with new: gets a PIN; several allowed"
    )
    with_config(room)
    with_json(room)


def _room(arguments: argparse.Namespace) -> int:
    config = load(arguments.config)
    match arguments.verb:
        case "new":
            if not arguments.owner or not arguments.title:
                raise BadRequestError("say whose room it is and what it is about: --owner LOGIN --title TEXT")
            wish: dict[str, object] = {
                "title": arguments.title,
                "kind": arguments.kind,
                "people": [{"login": login} for login in arguments.invite],
            }
            if arguments.kind == "booked":
                wish |= {"starts": _time(arguments.starts, "--from"), "ends": _time(arguments.ends, "--until")}
            made = ask_daemon(config, "POST", "/rooms", {"owner": arguments.owner, "room": wish})
            print(json.dumps(made) if arguments.json else made["invitation"][language()])
            if made["lines_short"]:
                print(LINES_SHORT[language()], file=sys.stderr)
        case "list":
            found = ask_daemon(config, "GET", "/rooms")["rooms"]
            if arguments.json:
                print(json.dumps(found))
                return 0
            for one in found:
                when = _here(one["starts"]) if one["starts"] else "stays"
                print(f"{one['number']:8}  {when:16}  {one['owner']:24}  {one['title']}")
        case verb:
            if not arguments.number:
                raise BadRequestError("name the room; `room list` shows those that there are")
            if verb == "stop":
                ask_daemon(config, "POST", f"/rooms/{arguments.number}/stop")
                print("no longer recorded")
            else:
                ask_daemon(config, "DELETE", f"/rooms/{arguments.number}")
                print("ended")
    return 0


def _here(time: str) -> str:
    """Write a time of the daemon's as `room new` takes it."""
    return datetime.fromisoformat(time).astimezone().strftime(TIME)


def _time(text: str | None, option: str) -> str:
    """Read a time as people write it here, and write it for the daemon."""
    try:
        return datetime.strptime(text or "", TIME).astimezone().isoformat()
    except ValueError as error:
        raise BadRequestError(f'{option} needs a time such as "2026-11-30 10:00"') from error

"""The command about alarm sounds, over HTTP with one's own token: list, add, remove, play."""

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp

from ami_bridge.alarms.sounds import LARGEST
from ami_bridge.commands.common import TOKEN, Command, where_to_watch, with_json
from ami_bridge.commands.rest import ask, over_http, send, signed_in
from ami_bridge.errors import BadRequestError

VERBS = ("list", "add", "remove", "play")


def add(command: Command) -> None:
    """Add it."""
    sound = command("sound", _sound, "Sounds of alarms: which there are, the site's own, and what they sound like.")
    sound.add_argument("verb", nargs="?", choices=VERBS, default="list", help="default: %(default)s")
    sound.add_argument("name", nargs="?", metavar="NAME", help="remove, play: which; add: its name, or a file")
    sound.add_argument("--file", type=Path, help="add: the recording, in any form that ffmpeg reads")
    sound.add_argument("--to", default="", metavar="EXTENSION", help="play: the telephone that rings")
    sound.add_argument("--url", help="websocket of the daemon; default: $AMI_BRIDGE_URL, else that of the demo")
    sound.add_argument("--token-file", type=Path, help=f"default: $AMI_BRIDGE_TOKEN, else {TOKEN}, else the demo's")
    sound.add_argument("--user", help="with the demo: as whom; default: the first person")
    with_json(sound)


def _sound(arguments: argparse.Namespace) -> int:
    url, token = where_to_watch(arguments)
    return asyncio.run(_do(arguments, f"{over_http(url)}/api/v1/sounds", token))


async def _do(arguments: argparse.Namespace, api: str, token: str) -> int:
    async with signed_in(token) as session:
        match arguments.verb:
            case "list":
                found = (await ask(session, "GET", api))["sounds"]
                print(json.dumps(found) if arguments.json else "\n".join(map(_line, found)))
            case "add":
                kept = await _add(arguments, session, api)
                print(json.dumps(kept) if arguments.json else f"{kept['name']} is kept, {kept['seconds']} s")
            case "remove":
                await ask(session, "DELETE", f"{api}/{_which(arguments)}")
                print(f"{arguments.name} is removed")
            case _:
                if not arguments.to:
                    raise BadRequestError("say which telephone rings: --to 101")
                await ask(session, "POST", f"{api}/{_which(arguments)}/play", {"to": arguments.to})
                print(f"{arguments.to} rings and plays {arguments.name}")
    return 0


async def _add(arguments: argparse.Namespace, session: aiohttp.ClientSession, api: str) -> dict[str, Any]:
    file: Path | None = arguments.file
    if file is None and arguments.name:  # the name of the file is the sound's
        file, arguments.name = Path(arguments.name), Path(arguments.name).stem.lower()
    if file is None:
        raise BadRequestError("say which recording: sound add FILE, or sound add NAME --file FILE")
    try:
        if file.stat().st_size > LARGEST:
            raise BadRequestError(f"a recording has at most {LARGEST // 1_000_000} MB")
        recording = await asyncio.to_thread(file.read_bytes)
    except OSError as error:
        raise BadRequestError(f"{file}: {error.strerror}") from error
    return await send(session, "PUT", f"{api}/{_which(arguments)}", recording)


def _which(arguments: argparse.Namespace) -> str:
    if not arguments.name:
        raise BadRequestError("name the sound; `sound list` shows those that there are")
    return quote(arguments.name, safe="")


def _line(one: dict[str, Any]) -> str:
    own, used = "own" if one["own"] else "", ", ".join(one["used"])
    return f"{one['name']:20} {one['seconds']:5.1f} s  {own:4} {used}".rstrip()

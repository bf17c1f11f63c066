"""The command about alarms, over HTTP with one's own token: list, show, ack, test, reach, rota, log; and codes."""

import argparse
import asyncio
import csv
import getpass
import json
import secrets
import sys
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import msgspec

from ami_bridge.alarms.chain import first_fault
from ami_bridge.alarms.model import Chained
from ami_bridge.alarms.sources import codes
from ami_bridge.commands.common import TOKEN, Command, where_to_watch, with_json
from ami_bridge.commands.rest import ask, over_http, signed_in
from ami_bridge.errors import BadRequestError, NotFoundError

VERBS = ("list", "show", "ack", "test", "reach", "rota", "log", "code")
LOOK_EVERY = 1.0
AT_ONCE = 1000
COLUMNS = ("seq", "at", "actor", "kind", "alarm", "attempt", "data", "prev", "hash")


def add(command: Command) -> None:
    """Add it."""
    alarm = command("alarm", _alarm, "Alarms of plants: what is open, who is on duty, test alarms, the log; codes.")
    alarm.add_argument("verb", nargs="?", choices=VERBS, default="list", help="default: %(default)s")
    alarm.add_argument(
        "id", nargs="?", metavar="ID", help="show, ack: which alarm; reach: which test, default: the last"
    )
    alarm.add_argument("--closed", action="store_true", help="list: those that are over")
    alarm.add_argument(
        "--to", action="append", default=[], metavar="WHO",
        help="test: whom to call: everyone, a login, role:, department: or group: and a name; several allowed",
    )  # fmt: skip
    alarm.add_argument("--text", default="", help="test: what is said besides")
    alarm.add_argument("--seconds", type=int, default=900, help="test: time to confirm; default: %(default)s")
    alarm.add_argument("--wait", action="store_true", help="test: until it is over, then the report")
    alarm.add_argument("--check", action="store_true", help="log: whether a line is missing or was changed")
    alarm.add_argument("--export", choices=["csv", "json"], help="log: as a table, or as lines of JSON")
    alarm.add_argument("--url", help="websocket of the daemon; default: $AMI_BRIDGE_URL, else that of the demo")
    alarm.add_argument("--token-file", type=Path, help=f"default: $AMI_BRIDGE_TOKEN, else {TOKEN}, else the demo's")
    alarm.add_argument("--user", help="with the demo: as whom; default: the first person")
    with_json(alarm)


def _alarm(arguments: argparse.Namespace) -> int:
    if arguments.verb == "code":
        return _code()
    url, token = where_to_watch(arguments)
    return asyncio.run(_do(arguments, f"{over_http(url)}/api/v1/alarms", token))


def _code() -> int:
    """Ask for a code, and print it as the configuration keeps it; it is no argument, for those can be read by all."""
    said = getpass.getpass("code: ") if sys.stdin.isatty() else sys.stdin.readline().strip()
    if not codes.CODE.fullmatch(said):
        raise BadRequestError("a code has 4 to 12 digits; 6 or more are better")
    print(codes.kept(said, secrets.token_hex(8)))
    return 0


async def _do(arguments: argparse.Namespace, api: str, token: str) -> int:
    async with signed_in(token) as session:
        match arguments.verb:
            case "list":
                query = "?state=closed" if arguments.closed else ""
                found = (await ask(session, "GET", f"{api}{query}"))["alarms"]
                print(json.dumps(found) if arguments.json else "\n".join(map(_line, found)) or "no alarms")
            case "show" | "ack":
                one = f"{api}/{quote(_which(arguments), safe='')}"
                shown = await (
                    ask(session, "GET", one) if arguments.verb == "show" else ask(session, "POST", f"{one}/acknowledge")
                )
                print(json.dumps(shown) if arguments.json else _whole(shown))
            case "test" | "reach":
                return await _reach(arguments, session, f"{api}/tests")
            case "rota":
                rotas = (await ask(session, "GET", f"{api}/rota"))["rotas"]
                print(json.dumps(rotas) if arguments.json else "\n".join(map(_rota, rotas)) or "no rota")
            case _:
                return await _log(arguments, session, api)
    return 0


def _which(arguments: argparse.Namespace) -> str:
    if not arguments.id:
        raise BadRequestError("name the alarm; `alarm list` shows those that there are")
    return str(arguments.id)


# -- tests ------------------------------------------------------------------------------------------------------------


async def _reach(arguments: argparse.Namespace, session: aiohttp.ClientSession, api: str) -> int:
    """Begin a test, or show one; 1 where it is over and somebody was not reached."""
    if arguments.verb == "test":
        if not arguments.to:
            raise BadRequestError("say whom to call: --to everyone, --to LOGIN, --to role:plant")
        wish = {"to": arguments.to, "text": arguments.text, "seconds": arguments.seconds}
        report = await ask(session, "POST", api, wish)
    else:
        id_ = arguments.id or await _newest(session, api)
        report = await ask(session, "GET", f"{api}/{quote(id_, safe='')}")
    while arguments.wait and report["ended_at"] is None:
        await asyncio.sleep(LOOK_EVERY)
        report = await ask(session, "GET", f"{api}/{quote(report['id'], safe='')}")
    print(json.dumps(report) if arguments.json else _report(report))
    return int(report["ended_at"] is not None and report["confirmed"] < report["people"])


async def _newest(session: aiohttp.ClientSession, api: str) -> str:
    tests = (await ask(session, "GET", api))["tests"]
    if not tests:
        raise NotFoundError("there was no test yet")
    return str(tests[0]["id"])


def _report(report: dict[str, Any]) -> str:
    state = "" if report["ended_at"] else "  (under way)"
    lines = [f"{report['id']}  {_time(report['started_at'])}  {report['headline']}{state}"]
    for row in report["rows"]:
        took = f"  {row['seconds']:.0f} s" if row["seconds"] is not None else ""
        again = "  (zum zweiten Mal)" if row["name"] in report["again"] else ""
        numbers = " ".join(way["number"] for way in row["ways"])
        lines.append(f"  {row['name']:28}  {numbers:16}  {row['text']}{took}{again}")
    return "\n".join(lines)


# -- the log ----------------------------------------------------------------------------------------------------------


async def _log(arguments: argparse.Namespace, session: aiohttp.ClientSession, api: str) -> int:
    """Print the log, or look whether it is whole: reckoned here, the daemon is not believed."""
    table = csv.writer(sys.stdout, lineterminator="\n") if arguments.export == "csv" else None
    if table:
        table.writerow(COLUMNS)
    count, fault, last = 0, None, None
    async for page in _pages(session, api):
        lines = msgspec.convert(page, list[Chained])
        begins = last or lines[0]
        before = (last.seq, last.hash) if last else (begins.seq - 1, begins.prev)
        if fault is None:
            fault = first_fault(lines, seq=before[0], prev=before[1])
        count, last = count + len(lines), lines[-1]
        if table:
            table.writerows([_harmless(_cell(one[name])) for name in COLUMNS] for one in page)
        elif arguments.export or arguments.json:
            print("\n".join(map(json.dumps, page)))
        elif not arguments.check:
            print("\n".join(map(_entry, page)))
    if not arguments.check:
        return 0
    said = f"line {fault} is missing or was changed" if fault is not None else f"whole: {count} lines"
    end = f", the last one {last.seq} with {last.hash}" if last is not None and fault is None else ""
    print(said + end, file=sys.stderr if arguments.export or arguments.json else sys.stdout)
    return int(fault is not None)


async def _pages(session: aiohttp.ClientSession, api: str) -> AsyncIterator[list[dict[str, Any]]]:
    after: int | None = 0
    while after is not None:
        found = await ask(session, "GET", f"{api}/log?after={after}&limit={AT_ONCE}")
        if found["lines"]:
            yield found["lines"]
        after = found["next"]


def _cell(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def _harmless(text: str) -> str:
    """Put in quotes what a program for tables would take for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" and text else text


# -- in words ---------------------------------------------------------------------------------------------------------


def _line(alarm: dict[str, Any]) -> str:
    who = alarm.get("acknowledged") or alarm.get("taken_over")
    name = who["name"] if who else ", ".join(alarm.get("next", ()))
    overlay = f" {alarm['overlay']}" if alarm.get("overlay") else ""
    when = _time(alarm["raised_at"])
    return f"{alarm['id']}  {when}  {alarm['priority']}  {alarm['state']:15}{overlay}  {alarm['text']}  [{name}]"


def _entry(one: dict[str, Any]) -> str:
    data = " ".join(f"{name}={value}" for name, value in one["data"].items())
    alarm = one["alarm"] or ""
    return f"{one['seq']:8}  {_time(one['at'])}  {one['kind']:20}  {one['actor']:16}  {alarm}  {data}"


def _whole(alarm: dict[str, Any]) -> str:
    lines = [_line(alarm)]
    for one in alarm.get("attempts", ()):
        ended = one.get("outcome") or one["state"]
        lines.append(f"  {_time(one['started_at'])}  {one['person']:28}  {one['number']:16}  {ended}")
    return "\n".join(lines)


def _rota(rota: dict[str, Any]) -> str:
    lines = [f"{rota['calendar']}  ({', '.join(rota['ladders'])})"]
    for one in rota["shifts"]:
        who = ", ".join(one["logins"]) or f"? {', '.join(one['strangers'])}"
        lines.append(f"  {_time(one['starts'])} to {_time(one['ends'])}  {one['rank']}  {who}")
    lines += [f"  {_time(one['starts'])} to {_time(one['ends'])}  {one['rank']}  nobody" for one in rota["gaps"]]
    lines += [f"  ! {one['text']}" for one in rota["troubles"]]
    return "\n".join(lines)


def _time(text: str) -> str:
    """Show a time as the clock of this machine has it."""
    return f"{datetime.fromisoformat(text).astimezone():%Y-%m-%d %H:%M}"

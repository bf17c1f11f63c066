"""The command `doctor`: what is wrong and how to mend it, by the running daemon, or as far as that goes without."""

import argparse
import asyncio
import logging
import shutil
import textwrap
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ami_bridge.commands.common import Command, ask_daemon, language, with_config, with_json
from ami_bridge.config import Config
from ami_bridge.config_file import load
from ami_bridge.errors import ConfigError, NotReachableError

SIGNS = {"error": "✗", "warning": "!", "ok": "✓"}
WIDEST = 100


def add(command: Command) -> None:
    """Add it."""
    doctor = command("doctor", _doctor, "Say what is wrong with the installation, and how to mend it.")
    doctor.add_argument("--lang", choices=["de", "en"], default=language(), help="default: the terminal's")
    doctor.add_argument("--all", action="store_true", help="show what is right, too")
    with_config(doctor)
    with_json(doctor)


def _doctor(arguments: argparse.Namespace) -> int:
    from ami_bridge.wire import encode  # noqa: PLC0415 - takes a moment to load, which no other command should wait for

    report = _report(arguments.config, arguments.lang)
    if arguments.json:
        print(encode(report).decode())
    else:
        _print(report, arguments.lang, everything=arguments.all)
    return 1 if report["errors"] else 0


def _report(path: Path, lang: str) -> dict[str, Any]:
    try:
        config = load(path)
    except ConfigError as error:
        return _of_the_configuration(str(error), lang)
    try:
        return ask_daemon(config, "GET", "/doctor", query={"lang": lang})
    except NotReachableError:
        return asyncio.run(_without_daemon(config, lang))


def _of_the_configuration(why: str, lang: str) -> dict[str, Any]:
    german = lang == "de"
    finding = {
        "code": "config.wrong",
        "severity": "error",
        "what": why,
        "do": "Das zuerst berichtigen; alles andere lässt sich erst danach prüfen."
        if german
        else "Mend that first; nothing else can be checked before.",
    }
    now = datetime.now(UTC)
    return {"at": now, "daemon": False, "errors": 1, "warnings": 0, "findings": [finding]}


async def _without_daemon(config: Config, lang: str) -> dict[str, Any]:
    """Look at what can be looked at from here."""
    import msgspec  # noqa: PLC0415 - as above
    import structlog  # noqa: PLC0415

    from ami_bridge.dav.client import DavClient  # noqa: PLC0415
    from ami_bridge.doctor.checks import doctor  # noqa: PLC0415
    from ami_bridge.ids import new_id  # noqa: PLC0415

    # What goes wrong stands in the report, and a log line would stand in its way.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))

    def now() -> datetime:
        return datetime.now(UTC)

    groupware = config.groupware
    async with DavClient(groupware.address, groupware.user, groupware.password) as dav:
        made = doctor(config, dav=dav, now=now, new_id=lambda: new_id(now()), memory=None)
        found: dict[str, Any] = msgspec.to_builtins(await made.look("de" if lang == "de" else "en"))
        return found


def _print(report: dict[str, Any], lang: str, *, everything: bool) -> None:
    width = min(WIDEST, shutil.get_terminal_size().columns)
    shown = [one for one in report["findings"] if everything or one["severity"] != "ok"]
    for one in shown:
        print(textwrap.fill(f"{SIGNS[one['severity']]} {one['what']}", width, subsequent_indent="  "))
        if one["do"]:
            print(textwrap.fill(f"→ {one['do']}", width, initial_indent="  ", subsequent_indent="    "))
        print(f"  [{one['code']}]")
    fine = sum(one["severity"] == "ok" for one in report["findings"])
    if lang == "de":
        print(f"{report['errors']} Fehler, {report['warnings']} Warnungen, {fine} Prüfungen in Ordnung.")
    else:
        print(f"{report['errors']} errors, {report['warnings']} warnings, {fine} checks are fine.")

"""Commands about calls: watch, call, and the demo."""

import argparse
from datetime import datetime
from pathlib import Path

from ami_bridge.commands.common import (
    TOKEN,
    Command,
    first_of,
    language,
    until_told_to_stop,
    where_to_watch,
    with_json,
)
from ami_bridge.errors import BridgeError


def add(command: Command) -> None:
    """Add them."""
    watch = command("watch", _watch, "Show one's live calls in the terminal, as a bubble would.")
    _as_a_client(watch)

    out = command("call", _call, "Dial: one's own telephone rings first. Tells how it goes until the call is over.")
    out.add_argument("number", metavar="NUMBER", help="an extension, or a number as people write it")
    out.add_argument("--device", help="which of one's own telephones rings, like PJSIP/101")
    out.add_argument("--yes", action="store_true", help="the call is meant: for emergency and premium numbers")
    _as_a_client(out)

    demo = command("demo", _demo, "Run a whole town hall: Asterisk, groupware, telephones and the daemon.")
    kinds = demo.add_subparsers(metavar="WHAT")
    call = kinds.add_parser("call", help="In a running demo: call from outside over the trunk.")
    call.set_defaults(do=_demo_call)
    alarm = kinds.add_parser("alarm", help="In a running demo: raise an alarm of the sewage plant.")
    alarm.set_defaults(do=_demo_alarm)
    alarm.add_argument("--point", default="gas-engine", help="what reports; default: gas-engine")
    alarm.add_argument("--text", default="", help="what is the matter; default: what the point means")
    call.add_argument(
        "--from", dest="caller", default="+493023125001", help="the caller's number; default: %(default)s"
    )
    call.add_argument("--to", default="101", help="extension, or number as dialled from outside; default: %(default)s")
    call.add_argument("--name", help="name that the caller's network sends")
    call.add_argument("--seconds", type=float, default=20, help="the caller hangs up after that; default: %(default)g")


def _as_a_client(command: argparse.ArgumentParser) -> None:
    """Let the command be told which daemon, whose calls, and how to speak."""
    command.add_argument("--url", help="websocket of the daemon; default: $AMI_BRIDGE_URL, else that of the demo")
    command.add_argument("--token-file", type=Path, help=f"default: $AMI_BRIDGE_TOKEN, else {TOKEN}, else the demo's")
    command.add_argument("--user", help="with the demo: as whom; default: the first person")
    command.add_argument("--language", choices=["de", "en"], default=language(), help="default: %(default)s")
    with_json(command, "every message of the daemon as one line of JSON")


def _call(arguments: argparse.Namespace) -> int:
    from ami_bridge.callout import CallOut  # noqa: PLC0415 - only this command needs it

    url, token = where_to_watch(arguments)
    out = CallOut(
        url=url, token=token, language=arguments.language, json=arguments.json, now=lambda: datetime.now().astimezone()
    )
    wanted = {"to": arguments.number, "device": arguments.device, "confirmed": arguments.yes}
    try:
        until_told_to_stop(out.dial(wanted))
    except* BridgeError as group:
        raise first_of(group) from None
    return 0 if out.last is None or out.last.state != "ended" or out.last.result == "answered" else 1


def _watch(arguments: argparse.Namespace) -> int:
    from ami_bridge.watch import Watch  # noqa: PLC0415 - only this command needs it

    url, token = where_to_watch(arguments)
    watch = Watch(
        url=url, token=token, language=arguments.language, json=arguments.json, now=lambda: datetime.now().astimezone()
    )
    until_told_to_stop(watch.run())
    return 0


def _demo(arguments: argparse.Namespace) -> int:  # noqa: ARG001 - the demo takes its settings from the environment
    from ami_bridge.demo import run as demo  # noqa: PLC0415 - its parts need not be installed where the daemon runs

    return demo.main()


def _demo_alarm(arguments: argparse.Namespace) -> int:
    from ami_bridge.demo import run as demo  # noqa: PLC0415

    return demo.alarm(arguments.point, arguments.text)


def _demo_call(arguments: argparse.Namespace) -> int:
    from ami_bridge.demo import run as demo  # noqa: PLC0415

    return demo.call(arguments.caller, arguments.to, seconds=arguments.seconds, name=arguments.name)

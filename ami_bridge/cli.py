"""The command `ami-bridge`. Exit codes: 0 done, 1 refused or failed with one clear sentence, 2 wrong usage."""

import argparse
import sys
from collections.abc import Sequence

from ami_bridge import __version__
from ami_bridge.commands import alarms, calls, contacts, control, daemon, doctor, people, privacy, rooms, signin, sounds
from ami_bridge.commands.common import Do
from ami_bridge.errors import BridgeError

SUBJECTS = (daemon, doctor, people, signin, contacts, calls, control, rooms, alarms, sounds, privacy)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command and leave with its exit code."""
    arguments = _parser().parse_args(argv)
    try:
        code = arguments.do(arguments)
    except BridgeError as error:
        print(f"ami-bridge: {error}", file=sys.stderr)
        code = 1
    except (KeyboardInterrupt, BrokenPipeError):
        code = 130
    sys.exit(code)


def _parser() -> argparse.ArgumentParser:
    """Say what can be written on the command line."""
    parser = argparse.ArgumentParser(prog="ami-bridge", description="Computer telephony integration for Asterisk.")
    parser.add_argument("--version", action="version", version=f"ami-bridge {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, do: Do, text: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=text, description=text)
        one.set_defaults(do=do)
        return one

    for subject in SUBJECTS:
        subject.add(command)
    return parser

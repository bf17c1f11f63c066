"""Commands about the daemon itself: run, check-config, migrate."""

import argparse
import asyncio
from pathlib import Path

from ami_bridge.commands.common import Command, first_of, until_told_to_stop, with_config
from ami_bridge.config import Config
from ami_bridge.config_file import check_places, load
from ami_bridge.errors import BridgeError, ConfigError


def add(command: Command) -> None:
    """Add them."""
    for name, do, text in (
        ("run", _run, "Run the daemon in the foreground."),
        ("check-config", _check_config, "Say whether the configuration is right, before anything is started."),
        ("migrate", _migrate, "Bring the database's schema up to date (SQLite does that itself at start)."),
    ):
        with_config(command(name, do, text))


def _run(arguments: argparse.Namespace) -> int:
    from ami_bridge import app  # noqa: PLC0415 - takes a second to load, which no other command should wait for
    from ami_bridge.logs import set_up_logging  # noqa: PLC0415 - as above

    config = _checked(arguments.config)
    set_up_logging(config.log)
    try:
        until_told_to_stop(app.run(config))
    except* BridgeError as group:
        raise first_of(group) from None
    return 0


def _check_config(arguments: argparse.Namespace) -> int:
    config = _checked(arguments.config)
    names = ", ".join(pbx.id for pbx in config.pbx)
    print(f"{arguments.config}: right; it serves {names} and listens on {config.web.listen}")
    return 0


def _checked(path: Path) -> Config:
    """Read the configuration, and see that this machine has what it names, before anything is started."""
    from ami_bridge.db import place  # noqa: PLC0415

    config = load(path)
    try:
        place.parse(config.database.url)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
    check_places(config, path)
    return config


def _migrate(arguments: argparse.Namespace) -> int:
    from ami_bridge.db.database import migrate  # noqa: PLC0415 - as above
    from ami_bridge.logs import set_up_logging  # noqa: PLC0415

    config = load(arguments.config)
    set_up_logging(config.log)
    revision = asyncio.run(migrate(config.database.url))
    print(f"the schema is {revision}")
    return 0

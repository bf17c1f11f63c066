"""What the types of the configuration of queues cannot tell: each mistake is one sentence with its key."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ami_bridge.config_check import NO_WORD, is_word
from ami_bridge.errors import ConfigError

if TYPE_CHECKING:
    from ami_bridge.config import Config

NAME = re.compile(r"[A-Za-z0-9_.-]{1,79}")


def check_queues(config: "Config", path: Path) -> None:
    """Raise ConfigError for the first mistake."""
    for key, why in _of_the_queues(config):
        raise ConfigError(f"{path}: [{key}]: {why}")


def _of_the_queues(config: "Config") -> Iterator[tuple[str, str]]:
    names = [queue.name for queue in config.queue]
    for queue in config.queue:
        if not NAME.fullmatch(queue.name):
            yield "queue.name", f"{queue.name!r} is not made of letters, digits, and . _ -"
        elif names.count(queue.name) > 1:
            yield "queue.name", f"{queue.name!r} stands twice"
        for key, words in (("who", queue.who), ("members", queue.members), ("manages", queue.manages)):
            if not all(is_word(word) for word in words):
                yield f"queue.{key}", f"{queue.name}: {NO_WORD}"

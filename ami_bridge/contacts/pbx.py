"""The answer to the dialplan's question before it rings: the caller's name."""

from collections.abc import Mapping
from typing import Protocol

from ami_bridge.contacts.directory import ANYBODY, Audience
from ami_bridge.contacts.model import Name
from ami_bridge.numbers import Number

HIT = "="
"""Begins every answer; alone it says that nobody is known, so that an empty or foreign one can only be a failure."""


class Directory(Protocol):
    """What we need of the names."""

    def lookup(self, number: Number | None, audience: Audience = ANYBODY) -> Name | None:
        """Whose number this is."""


class Numbers(Protocol):
    """What we need of the reader of numbers."""

    def from_pbx(self, raw: str) -> Number | None:
        """Read a caller's number."""


class NameQuestion:
    """Answers `name`: form `n` (the caller's number) and `to` (whom they call), reply `=<name>`, or `=` for nobody."""

    def __init__(self, *, directory: Directory, numbers: Numbers) -> None:
        self._directory = directory
        self._numbers = numbers

    def __call__(self, form: Mapping[str, str]) -> str:
        """Answer from memory; there is no form that could make it fail."""
        number = self._numbers.from_pbx(form.get("n", ""))
        if number is None:  # withheld, or no number at all: not even looked for
            return HIT
        name = self._directory.lookup(number, ANYBODY)
        return f"{HIT}{name.name}" if name else HIT

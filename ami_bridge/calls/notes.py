"""What people write down about calls that are going on, until it is kept with the finished call."""

from collections import OrderedDict

MOST = 5_000
"""Notes in memory; beyond that the oldest are forgotten."""


class Notes:
    """One note for each call of an extension."""

    def __init__(self) -> None:
        self._notes: OrderedDict[tuple[str, str], str] = OrderedDict()

    def write(self, call: str, extension: str, text: str) -> None:
        """Keep a note; an empty one is none."""
        self._notes.pop((call, extension), None)
        if text:
            self._notes[call, extension] = text
        while len(self._notes) > MOST:
            self._notes.popitem(last=False)

    def of(self, call: str, extension: str) -> str | None:
        """Return the note."""
        return self._notes.get((call, extension))

    def move(self, call: str, extension: str, into: str) -> None:
        """Let a note go on with the call of which this one became a part."""
        text = self._notes.pop((call, extension), None)
        if text is not None and (into, extension) not in self._notes:
            self._notes[into, extension] = text

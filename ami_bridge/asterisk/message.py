"""One message of Asterisk's manager interface, read only as far as somebody asks."""

from collections.abc import Iterator, Mapping
from typing import TypeVar, overload

T = TypeVar("T")


class Message(Mapping[str, str]):
    """A message's headers by name, in Asterisk's spelling; of a header that stands several times the first counts.

    An application asks for a handful of up to forty headers, so they are looked for in the text instead of being
    taken apart for every event.
    """

    __slots__ = ("text",)

    def __init__(self, raw: bytes) -> None:
        self.text = f"\r\n{raw.decode('utf-8', 'replace')}\r\n"
        """The message with a line end on either side of each line. A bare LF is no line end but part of a value."""

    @overload
    def get(self, name: str, /) -> str | None: ...

    @overload
    def get(self, name: str, /, default: str | T) -> str | T: ...

    def get(self, name: str, /, default: str | T | None = None) -> str | T | None:
        """Return a header's value, or the default."""
        text, start = self.text, f"\r\n{name}: "
        at = text.find(start)
        if at < 0:
            return default
        at += len(start)
        return text[at : text.find("\r\n", at)].strip()

    def __getitem__(self, name: str) -> str:
        """Return a header's value."""
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __contains__(self, name: object) -> bool:
        """Whether there is such a header, maybe an empty one."""
        return f"\r\n{name}: " in self.text

    def __iter__(self) -> Iterator[str]:
        """Go through the headers' names, each once."""
        return iter(dict(self.lines()))

    def __len__(self) -> int:
        """Count the different headers."""
        return len(dict(self.lines()))

    def all(self, name: str) -> list[str]:
        """Return all values of a header that may stand several times."""
        return [value for one, value in self.lines() if one == name]

    def lines(self) -> Iterator[tuple[str, str]]:
        """Go through all headers as they came; what is not a header is left out."""
        for line in self.text.split("\r\n"):
            name, colon, value = line.partition(": ")
            if colon:
                yield name, value.strip()

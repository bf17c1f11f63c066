"""What clients may follow: each topic, or each family of topics, and who knows its state."""

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from ami_bridge import wire


class Source(Protocol):
    """Knows the state of topics; everything from memory."""

    def may_follow(self, login: str, topic: str) -> bool:
        """Whether this person may follow a topic; what is not known is not allowed."""

    def snapshot(self, login: str, topic: str, *, seq: int) -> wire.Snapshot:
        """Return the whole state of a topic for this person."""


@runtime_checkable
class Offering(Protocol):
    """Knows topics by name that a client cannot guess, since groups and departments are called as the house likes."""

    def offers(self, login: str) -> Sequence[str]:
        """Return those that this person may follow."""


class Topics:
    """All topics by name; a name that ends with a colon stands for all that begin with it (`journal.dept:`)."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._sources = dict(sources)

    def may_follow(self, login: str, topic: str) -> bool:
        """Whether this person may follow a topic; one that nobody knows is not allowed."""
        source = self._source(topic)
        return source is not None and source.may_follow(login, topic)

    def snapshot(self, login: str, topic: str, *, seq: int) -> wire.Snapshot:
        """Return the whole state of a topic that `may_follow` has allowed."""
        source = self._source(topic)
        if source is None:
            raise LookupError(topic)
        return source.snapshot(login, topic, seq=seq)

    def offers(self, login: str) -> Sequence[str]:
        """Return the topics that this person may follow and could not guess."""
        sources = {id(source): source for source in self._sources.values()}.values()
        return [topic for source in sources if isinstance(source, Offering) for topic in source.offers(login)]

    def _source(self, topic: str) -> Source | None:
        family, colon, _ = topic.partition(":")
        return self._sources.get(topic) or (self._sources.get(family + colon) if colon else None)

"""What must be fetched and deleted so that ours becomes theirs. Pure."""

from collections.abc import Mapping

from msgspec import Struct

TOO_MUCH = 0.5
"""Losing more than this share of a book is rather a fault than somebody's intention."""


class Listing(Struct, frozen=True, kw_only=True):
    """What the server says it has."""

    etags: Mapping[str, str | None]
    """Resources that exist: all of them, or those that changed."""
    gone: frozenset[str] = frozenset()
    """Resources that the server says it has no more."""
    whole: bool
    """Whether what is not in `etags` does not exist; only ever true of a complete answer."""
    token: str | None = None
    ctag: str | None = None


class Plan(Struct, frozen=True, kw_only=True):
    """What is to be done, in a stable order."""

    fetch: tuple[str, ...]
    delete: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether all is as it was."""
        return not self.fetch and not self.delete


def plan(theirs: Listing, ours: Mapping[str, str | None]) -> Plan:
    """Compare their listing with the etags we have; an etag that nobody gave counts as changed."""
    fetch = [href for href, etag in theirs.etags.items() if href not in ours or etag is None or ours[href] != etag]
    if theirs.whole:
        delete = [href for href in ours if href not in theirs.etags]
    else:
        delete = [href for href in ours if href in theirs.gone and href not in theirs.etags]
    return Plan(fetch=tuple(fetch), delete=tuple(delete))


def drops_too_much(planned: Plan, ours: Mapping[str, str | None]) -> bool:
    """Whether so much would be deleted that a second look must confirm it."""
    return len(planned.delete) > TOO_MUCH * len(ours)

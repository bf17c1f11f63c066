"""What to fetch and what to delete."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_bridge.dav.plan import Listing, drops_too_much, plan

ETAGS = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["1", "2", None]))


@pytest.mark.parametrize(
    ("theirs", "ours", "fetch", "delete"),
    [
        (Listing(etags={}, whole=False), {"a": "1"}, "", ""),
        (Listing(etags={}, whole=True), {"a": "1"}, "", "a"),
        (Listing(etags={"a": "1"}, whole=True), {"a": "1"}, "", ""),
        (Listing(etags={"a": "2"}, whole=False), {"a": "1", "b": "1"}, "a", ""),
        (Listing(etags={"a": None}, whole=False), {"a": None}, "a", ""),
        (Listing(etags={"a": "1"}, whole=False), {"a": None}, "a", ""),
        (Listing(etags={"c": "1"}, gone=frozenset("bx"), whole=False), {"a": "1", "b": "1"}, "c", "b"),
        (Listing(etags={"b": "2"}, gone=frozenset("b"), whole=False), {"b": "1"}, "b", ""),
    ],
)
def test_the_table(theirs: Listing, ours: Mapping[str, str | None], fetch: str, delete: str) -> None:
    planned = plan(theirs, ours)
    assert ("".join(planned.fetch), "".join(planned.delete)) == (fetch, delete)


@given(ETAGS, ETAGS)
def test_a_whole_listing_makes_ours_theirs(theirs: dict[str, str | None], ours: dict[str, str | None]) -> None:
    planned = plan(Listing(etags=theirs, whole=True), ours)
    result = {href: etag for href, etag in ours.items() if href not in planned.delete}
    result |= {href: theirs[href] for href in planned.fetch}
    assert result == theirs


@given(ETAGS, ETAGS, st.frozensets(st.sampled_from("abcdef")))
def test_a_partial_listing_never_deletes_what_it_does_not_name(
    theirs: dict[str, str | None], ours: dict[str, str | None], gone: frozenset[str]
) -> None:
    assert set(plan(Listing(etags=theirs, gone=gone, whole=False), ours).delete) <= gone


def test_more_than_half_is_too_much() -> None:
    ours = dict.fromkeys("abcd", "1")
    assert not drops_too_much(plan(Listing(etags={"a": "1", "b": "1"}, whole=True), ours), ours)
    assert drops_too_much(plan(Listing(etags={"a": "1"}, whole=True), ours), ours)
    assert not drops_too_much(plan(Listing(etags={}, whole=True), {}), {})

"""What `ami-bridge lookup` and `ami-bridge sync` print. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

RULES = {
    "exact": "exactly this number is in the book",
    "extension": "it is one of our own extensions",
    "stem": "a direct-dial number of a house whose head number is in the book",
    "head": "perhaps a direct-dial number: a company without a person has the head number",
    "choice": "this reader has chosen among several",
}


def explanation(found: Mapping[str, Any]) -> Iterator[str]:
    """Tell everything about one number, line by line; `found` is what the control socket answers."""
    if not found["number"]:
        yield "This is no telephone number: no book is asked."
        return
    bubble, display = found["bubble"], found["display"]
    yield f"number      {found['number']}" + (f"  ({display})" if display != found["number"] else "")
    yield f"bubble      {_named(bubble) if bubble else 'no name'}"
    if bubble:
        more = f"; {found['matches']} have this number" if found["matches"] > 1 else ""
        yield f"because     {RULES.get(found['reason'], found['reason'])}{more}"
    yield f"telephone   {found['telephone'] or 'what the network sends'}"
    yield "asked"
    for one in found["asked"]:
        yield f"  {one['place']}: {'; '.join(map(_named, one['found'])) or 'nobody'}"
    if found["groupware"] is not None:
        yield f"  the groupware's own search: {'; '.join(map(_named, found['groupware'])) or 'nobody'}"
    if found["link"]:
        yield f"page        {found['link']}"


def step(line: Mapping[str, Any], *, live: bool) -> str | None:
    """Tell one step of a look at the address books; None for what is of no interest where nobody watches."""
    book, cards = line.get("book", ""), line.get("cards", 0)
    match line["state"]:
        case "done":
            failed = f"; {line['failed']} books failed" if line["failed"] else ""
            return f"done: {line['names']} numbers have a name{failed}"
        case "failed":
            return f"{book}: {line['why']}"
        case "changed":
            return f"{book}: {cards} cards to compare" if cards else f"{book}: nothing new"
        case "fetched" if live:
            return f"{book}: {cards} cards fetched"
        case _:
            return None


def _named(name: Mapping[str, Any]) -> str:
    """Write a name with where it comes from: `Anna Amsel (Stadt; mobile; book Bauamt)`."""
    org = name["org"] if name["org"] != name["name"] else None
    book = f"book {name['source']}" if name["source"] else None
    rest = "; ".join(part for part in (org, name["kind"], book) if part)
    return f"{name['name']} ({rest})" if rest else str(name["name"])

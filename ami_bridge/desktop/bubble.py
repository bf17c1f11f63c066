"""What a bubble says about a call, in plain text; how a desktop wants it told is `notifications`' business. Pure."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct, structs

from ami_bridge.wire import Call, Peer

LONGEST_NAME = 80
MOST_BUTTONS = 3
SHORT, USUAL, LONG = 8_000, 15_000, 30_000
MOST_NAMED = 5

Occasion = Literal["ringing", "calling", "talking", "parked", "missed", "notice", "alarm"]
Words = dict[str, str]


class Button(Struct, frozen=True):
    """What can be done: a verb, and what is written on it."""

    verb: str
    label: str


class Bubble(Struct, frozen=True, kw_only=True):
    """One bubble."""

    occasion: Occasion
    summary: str
    body: str = ""
    buttons: tuple[Button, ...] = ()
    default: str | None = None
    """The verb of a click on the bubble itself; it never rings or ends anything."""
    expires: int = SHORT
    """Milliseconds; never 0, or a client that dies leaves it for ever."""
    category: str = ""
    urgent: bool = False
    stays: bool = False
    """Whether it is shown anew before it expires, as long as it is true."""
    opens: bool = True
    """Whether it may appear; else it only takes the place of what is there."""
    kept: bool = False
    """Whether the desktop may keep it in its list."""


class Style(Struct, frozen=True, kw_only=True):
    """What a person wishes of bubbles, and may do."""

    words: Words
    names: bool = True
    outgoing: bool = True
    missed: bool = True
    capabilities: frozenset[str] = frozenset()


def bubble(call: Call, style: Style, *, live: bool = True) -> Bubble:
    """Say what is to be seen of a call that goes on; `live` is whether anybody knows that it still does."""
    if call.role == "callee" and call.state == "ringing":
        return _made(
            "ringing", call, style, verbs=("answer", "reject", "redirect"), expires=LONG, category="call.incoming",
            urgent=True, stays=live,
        )  # fmt: skip
    if call.role == "caller" and call.state in {"dialing", "ringing"}:
        return _made("calling", call, style, verbs=("hangup",), category="call", opens=style.outgoing)
    if call.state == "parked":
        return _made("parked", call, style, verbs=("fetch",), expires=USUAL, category="call")
    # «Auflegen» must not appear where «Ablehnen» was a moment ago; the conference is asked for on the page
    return _made("talking", call, style, verbs=("conference",), category="call", opens=False)


def missed(call: Call, style: Style) -> Bubble | None:
    """Say that a call was missed; None where the person does not want to know."""
    if not style.missed:
        return None
    made = _made("missed", call, style, verbs=(), expires=LONG, category="call.unanswered", kept=True)
    if style.names and call.peer.number and "originate" in style.capabilities:
        made = structs.replace(made, buttons=(Button("callback", style.words["callback"]), *made.buttons))
    return made


def several_missed(calls: Sequence[Call], style: Style) -> Bubble | None:
    """Say that several were missed while nobody could be told."""
    if not style.missed:
        return None
    names = list(dict.fromkeys(who(call.peer, style.words) for call in calls))
    return Bubble(
        occasion="missed",
        summary=style.words["missed.several"].format(len(calls)),
        body="\n".join([*names[:MOST_NAMED], *(["…"] if len(names) > MOST_NAMED else [])]) if style.names else "",
        default="page",
        expires=LONG,
        category="call.unanswered",
        kept=True,
    )


def notice(summary: str, body: str, *, default: str | None = None) -> Bubble:
    """Say something that is not about a call."""
    return Bubble(occasion="notice", summary=summary, body=body, default=default, expires=USUAL)


def safe_link(link: str | None) -> str | None:
    """Return a link if a browser may be sent there: it comes from an address book."""
    fits = link is not None and link.startswith(("https://", "http://")) and link.isprintable() and " " not in link
    return link if fits else None


def plain(text: str) -> str:
    """Names come from strangers: nothing that cannot be seen, and not too much of it."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:LONGEST_NAME]


def _made(
    occasion: Occasion,
    call: Call,
    style: Style,
    *,
    verbs: Sequence[str],
    category: str,
    expires: int = SHORT,
    urgent: bool = False,
    stays: bool = False,
    opens: bool = True,
    kept: bool = False,
) -> Bubble:
    words = style.words
    buttons = [Button(verb, words[verb]) for verb in verbs if verb in call.actions]
    link = safe_link(call.peer.link) is not None and style.names
    if link:
        buttons = [*_without_least(buttons), Button("open", words["open"])]
    return Bubble(
        occasion=occasion,
        summary=words[occasion].format(who(call.peer, words) if style.names else words["nameless"]),
        body="\n".join(_lines(occasion, call, words)) if style.names else "",
        buttons=tuple(buttons[:MOST_BUTTONS]),
        default="open" if link else "page",
        expires=expires,
        category=category,
        urgent=urgent,
        stays=stays,
        opens=opens,
        kept=kept,
    )


def _without_least(buttons: Sequence[Button]) -> list[Button]:
    """Make room for one more: to forward is what can wait for the page."""
    return [one for one in buttons if len(buttons) < MOST_BUTTONS or one.verb != "redirect"]


def _lines(occasion: Occasion, call: Call, words: Words) -> list[str]:
    peer, lines = call.peer, []
    if peer.name and peer.org and peer.org != peer.name:
        lines.append(plain(peer.org))
    if peer.name and (number := plain(peer.display or peer.number or "")):
        lines.append(number)
    if call.role == "callee" and call.line is not None and call.line.exten != call.extension:
        label = f"{call.line.label} ({call.line.exten})" if call.line.label else call.line.exten
        lines.append(words["for"].format(plain(label)))
    if call.forwarded_by is not None:
        lines.append(words["via"].format(who(call.forwarded_by, words)))
    if occasion == "parked" and call.parked_at:
        lines.append(words["place"].format(plain(call.parked_at)))
    if occasion == "missed":
        lines.append(words["at"].format(call.since.astimezone().strftime("%H:%M")))
    return lines


def who(peer: Peer, words: Words) -> str:
    """Name somebody in one line."""
    return plain(peer.name or "") or plain(peer.display or peer.number or "") or words["somebody"]

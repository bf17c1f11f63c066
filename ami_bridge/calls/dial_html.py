"""What the page that asks before it dials looks like, in German and English; everything in it is escaped. Pure."""

from collections.abc import Sequence
from html import escape
from types import MappingProxyType
from typing import Literal
from urllib.parse import urlencode

from msgspec import Struct

from ami_bridge.config import Kind

Language = Literal["de", "en"]
Answer = Literal["ask", "rings", "refused", "signed_out", "nothing"]

_WORDS = MappingProxyType(
    {
        "de": {
            "ask": "Anrufen?",
            "which": "Welche Nummer anrufen?",
            "rings": "Ihr Telefon klingelt",
            "refused": "Nicht angerufen",
            "signed_out": "Noch nicht angemeldet",
            "nothing": "Keine Rufnummer",
            "call": "Anrufen",
            "again": "Noch einmal",
            "away": "Zur Übersicht",
            "sign_in": "Anmelden",
            "lift": "Nehmen Sie ab, dann wird gewählt: ",
            "first": "Melden Sie sich erst an, dann geht es hier weiter.",
            "not_a_number": "Das ist keine Rufnummer: ",
            "sure.emergency": "Ja, das ist ein Notruf.",
            "sure.premium": "Ja, ich weiß, dass dieser Anruf teuer ist.",
            "kind.international": "Ausland",
            "kind.service": "Sonderrufnummer",
            "kind.premium": "teure Sonderrufnummer",
            "kind.satellite": "Satellitentelefon",
            "kind.emergency": "Notruf",
            "why.not_allowed": "Diese Nummer dürfen Sie nicht wählen, oder dieses Telefon ist nicht Ihres.",
            "why.not_found": "Sie haben hier kein Telefon, das klingeln könnte. Wählen Sie in den Einstellungen einen "
            "Platz, oder fragen Sie die Stelle, die Ihr Telefon betreut.",
            "why.unconfirmed": "Bestätigen Sie erst, dass Sie diese Nummer wirklich anrufen wollen.",
            "why.rate_limited": "Das waren zu viele Anrufe in kurzer Zeit. Warten Sie etwas.",
            "why.unavailable": "Die Telefonanlage oder Ihr Telefon ist gerade nicht erreichbar.",
            "why.timeout": "Niemand weiß, ob Ihr Telefon klingelt. Sehen Sie nach, bevor Sie es noch einmal versuchen.",
            "why.bad_request": "Diese Seite ist zu alt. Bestätigen Sie noch einmal.",
            "why.other": "Die Telefonanlage hat den Anruf nicht angenommen.",
        },
        "en": {
            "ask": "Call?",
            "which": "Which number shall be called?",
            "rings": "Your telephone is ringing",
            "refused": "Not called",
            "signed_out": "Not signed in yet",
            "nothing": "No telephone number",
            "call": "Call",
            "again": "Once more",
            "away": "To the overview",
            "sign_in": "Sign in",
            "lift": "Pick it up, and this is dialled: ",
            "first": "Sign in first, then go on here.",
            "not_a_number": "This is not a telephone number: ",
            "sure.emergency": "Yes, this is an emergency.",
            "sure.premium": "Yes, I know that this call is expensive.",
            "kind.international": "abroad",
            "kind.service": "service number",
            "kind.premium": "expensive service number",
            "kind.satellite": "satellite telephone",
            "kind.emergency": "emergency call",
            "why.not_allowed": "You may not dial this number, or this telephone is not yours.",
            "why.not_found": "You have no telephone here that could ring. Choose a seat in the settings, or ask "
            "whoever looks after your telephone.",
            "why.unconfirmed": "Confirm first that you really want to call this number.",
            "why.rate_limited": "Too many calls in a short time. Wait a little.",
            "why.unavailable": "The telephone system or your telephone cannot be reached just now.",
            "why.timeout": "Nobody knows whether your telephone rings. Look at it before you try again.",
            "why.bad_request": "This page is too old. Confirm once more.",
            "why.other": "The telephone system did not take the call.",
        },
    }
)

_PAGE = """\
<!doctype html>
<html lang="{language}">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>{title}</title>
    <link rel="icon" href="/static/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/static/vendor/kern.min.css">
    <link rel="stylesheet" href="/static/app.css">
    <script type="module" src="/static/dial.js"></script>
  </head>
  <body>
    <main class="column">
      <h1 class="kern-heading-large">{title}</h1>
{body}    </main>
  </body>
</html>
"""
_COME_AGAIN = """\
<!doctype html>
<html lang="{language}">
  <head>
    <meta charset="utf-8">
    <meta http-equiv="refresh" content="0; url={url}">
    <title>{title}</title>
  </head>
  <body>
    <p><a href="{url}">{title}</a></p>
  </body>
</html>
"""


class Shown(Struct, frozen=True, kw_only=True):
    """What the page is about."""

    answer: Answer
    display: str = ""
    """The number as people write it, or what was no number."""
    to: str = ""
    """The number as it is sent back."""
    kind: Kind | None = None
    name: str | None = None
    nonce: str = ""
    """With it, there is a button."""
    at_once: bool = False
    """Whether the page presses the button itself."""
    code: str = ""
    """Why it was refused."""


def page(shown: Shown, language: Language) -> str:
    """Write the page."""
    words = _WORDS[language]
    body = [_whom(shown, words)] if shown.answer != "nothing" else []
    match shown.answer:
        case "rings":
            body.append(f"<p>{escape(words['lift'] + shown.display)}</p>")
        case "refused":
            why = words.get(f"why.{shown.code}", words["why.other"])
            body.append(f'<p role="alert">{escape(why)}</p>')
        case "signed_out":
            body.append(f'<p role="alert">{escape(words["first"])}</p>')
            body.append(f'<p><a class="kern-link" href="/" target="_blank">{escape(words["sign_in"])}</a></p>')
        case "nothing":
            body.append(f'<p role="alert">{escape(words["not_a_number"] + shown.display)}</p>')
        case "ask":
            pass
    if shown.nonce:
        body.append(_form(shown, words))
    body.append(f'<p><a class="kern-link" href="/">{escape(words["away"])}</a></p>')
    text = "".join(f"      {line}\n" for line in body if line)
    return _PAGE.format(language=language, title=escape(words[shown.answer]), body=text)


def which(numbers: Sequence[tuple[str, str]], language: Language) -> str:
    """Write the page that asks which of several numbers is meant: each as it is sent back, and as it is written."""
    links = (
        f'<li><a class="kern-link" href="/dial?{escape(urlencode({"to": to}))}">{escape(display)}</a></li>'
        for to, display in numbers
    )
    body = "".join(f"      {line}\n" for line in ("<ul>", *links, "</ul>"))
    return _PAGE.format(language=language, title=escape(_WORDS[language]["which"]), body=body)


def come_again(url: str, language: Language) -> str:
    """Write the page that leads from another site's link to our own: only then the browser says who is signed in."""
    return _COME_AGAIN.format(language=language, url=escape(url), title=escape(_WORDS[language]["ask"]))


def _whom(shown: Shown, words: dict[str, str]) -> str:
    kind = words.get(f"kind.{shown.kind}", "")
    name = f"<strong>{escape(shown.name)}</strong> " if shown.name else ""
    return f"<p>{name}{escape(shown.display)}{f' ({escape(kind)})' if kind else ''}</p>"


def _form(shown: Shown, words: dict[str, str]) -> str:
    sure = words.get(f"sure.{shown.kind}")
    at_once = " data-at-once" if shown.at_once and sure is None else ""
    tick = '<input type="checkbox" name="confirmed" value="1" required>'
    box = f"<p><label>{tick} {escape(sure)}</label></p>" if sure else ""
    word = words["call"] if shown.answer == "ask" else words["again"]
    return (
        f'<form method="post" action="/dial"{at_once}>'
        f'<input type="hidden" name="to" value="{escape(shown.to)}">'
        f'<input type="hidden" name="nonce" value="{escape(shown.nonce)}">'
        f'{box}<button class="kern-btn kern-btn--primary" type="submit">'
        f'<span class="kern-label">{escape(word)}</span></button></form>'
    )

"""What a person reads whose sign-in elsewhere did not lead here, in German and English: why, and what to do. Pure."""

from html import escape
from types import MappingProxyType
from typing import Literal

Language = Literal["de", "en"]

_WORDS = MappingProxyType(
    {
        "de": {
            "title": "Die Anmeldung ist nicht gelungen",
            "again": "Noch einmal versuchen",
            "password": "Mit Benutzername und Passwort anmelden",
            "unauthorised": "Die Anmeldung wurde abgebrochen, hat zu lange gedauert oder gehörte nicht zu diesem "
            "Fenster. Bitte versuchen Sie es noch einmal.",
            "not_allowed": "Sie sind angemeldet, aber hier noch nicht eingetragen. Bitte wenden Sie sich an die "
            "Stelle, die das Personaladressbuch pflegt.",
            "unavailable": "Der Anmeldedienst antwortet gerade nicht, wie er soll. Bitte versuchen Sie es in ein paar "
            "Minuten noch einmal, oder melden Sie sich mit Benutzername und Passwort an.",
            "no_ticket": "Ihr Browser hat kein Kerberos-Ticket gezeigt. Das geht nur an einem Arbeitsplatz, der in der "
            "Domäne angemeldet ist, und wenn der Browser diesem Namen vertraut. Bitte melden Sie sich mit "
            "Benutzername und Passwort an.",
            "bad_ticket": "Das Kerberos-Ticket Ihres Arbeitsplatzes gilt hier nicht. Sperren und entsperren Sie den "
            "Bildschirm, dann ist es neu, oder melden Sie sich mit Benutzername und Passwort an.",
            "rate_limited": "Das waren zu viele Versuche. Bitte warten Sie eine Viertelstunde.",
        },
        "en": {
            "title": "Signing in did not work",
            "again": "Try again",
            "password": "Sign in with user name and password",
            "unauthorised": "The sign-in was cancelled, took too long, or did not belong to this window. "
            "Please try again.",
            "not_allowed": "You are signed in, but you are not listed here yet. Please ask whoever keeps the staff "
            "address book.",
            "unavailable": "The sign-in service does not answer as it should. Please try again in a few minutes, or "
            "sign in with user name and password.",
            "no_ticket": "Your browser has shown no Kerberos ticket. That works only at a desk that is signed in to "
            "the domain, and if the browser trusts this address. Please sign in with user name and password.",
            "bad_ticket": "The Kerberos ticket of your desk is not good here. Lock and unlock the screen to have a new "
            "one, or sign in with user name and password.",
            "rate_limited": "These were too many tries. Please wait a quarter of an hour.",
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
  </head>
  <body>
    <main class="column">
      <h1 class="kern-heading-large">{title}</h1>
      <p role="alert">{why}</p>
      <p><a class="kern-link" href="{again_at}">{again}</a></p>
      <p><a class="kern-link" href="/">{password}</a></p>
    </main>
  </body>
</html>
"""


def spoken(accepted: str) -> Language:
    """Return the first of our languages that the browser names, else German."""
    offered = [one.strip()[:2].lower() for one in accepted.split(",")]
    return "en" if "en" in offered and "de" not in offered[: offered.index("en")] else "de"


def page(code: str, language: Language, *, again_at: str) -> str:
    """Write the page about an error with this code."""
    words = _WORDS[language]
    texts = {key: escape(words[key]) for key in ("title", "again", "password")}
    why = escape(words.get(code, words["unavailable"]))
    return _PAGE.format(language=language, why=why, again_at=escape(again_at), **texts)

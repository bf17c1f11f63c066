"""The console of alarms as plain HTML: words and pages, without a script. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from html import escape

from msgspec import Struct

from ami_bridge import wire
from ami_bridge.alarms.by_hand import Scenario
from ami_bridge.alarms.states import NAMES, OVERLAYS
from ami_bridge.web.language import Language

TYPED = "ALARM"
"""What must be typed before anybody is called."""
DOES = ("take-over", "acknowledge", "clear", "reset", "escalate")
ASKS_FIRST = frozenset({"clear", "escalate"})
WORDS: dict[Language, dict[str, str]] = {
    "de": {
        "title": "Alarme",
        "sign_in": "Anmelden",
        "user": "Benutzername",
        "password": "Passwort",
        "wrong": "Benutzername oder Passwort stimmt nicht.",
        "none": "Kein Alarm offen.",
        "as_of": "Stand {time}. Diese Seite zeigt Neues erst, wenn sie neu geladen wird.",
        "as_of_every": "Stand {time}. Diese Seite lädt sich alle 15 Sekunden neu.",
        "refresh": "Aktualisieren",
        "every": "Alle 15 Sekunden von selbst aktualisieren",
        "once": "Nicht mehr von selbst aktualisieren",
        "usual": "Zur vollständigen Seite",
        "priority": "Priorität {priority}",
        "test": "Probealarm",
        "since": "seit {time}",
        "taken_over": "Übernommen von {who}, {time}",
        "acknowledged": "Quittiert von {who}, {time}",
        "nobody": "Noch niemand hat übernommen.",
        "calling": "Wird gerufen: {who}",
        "next": "Danach: {who}",
        "take-over": "Übernehmen",
        "acknowledge": "Quittieren",
        "clear": "Störung ist behoben",
        "reset": "Zurücksetzen",
        "escalate": "Mehr Personen rufen",
        "sure.clear": "Störung behoben …",
        "sure.escalate": "Mehr Personen rufen …",
        "raise": "Alarm auslösen",
        "raise_hint": "Nichts geschieht, bevor Sie im zweiten Schritt bestätigen. In Lebensgefahr: 112.",
        "which": "Welcher Alarm?",
        "what": "Was ist geschehen?",
        "go_on": "Weiter",
        "calls": "Es werden nacheinander {count} Personen angerufen, bis jemand übernimmt: {who}",
        "calls_nobody": "Dieser Alarm wird nur angezeigt, niemand wird angerufen.",
        "type": "Zum Bestätigen {word} eintippen",
        "do": "Jetzt auslösen",
        "back": "Doch nicht",
        "not_typed": "Es wurde nichts ausgelöst: Das Wort {word} fehlte.",
        "not_allowed": "Alarme sind für alle, die sich um Anlagen kümmern. Sie gehören nicht dazu.",
        "gone": "Dieser Alarm ist inzwischen erledigt.",
        "failed": "Das ging nicht: {why}",
    },
    "en": {
        "title": "Alarms",
        "sign_in": "Sign in",
        "user": "User name",
        "password": "Password",
        "wrong": "User name or password is wrong.",
        "none": "No alarm is open.",
        "as_of": "As of {time}. This page shows news only when it is loaded again.",
        "as_of_every": "As of {time}. This page loads itself again every 15 seconds.",
        "refresh": "Refresh",
        "every": "Refresh by itself every 15 seconds",
        "once": "Do not refresh by itself any more",
        "usual": "To the complete page",
        "priority": "priority {priority}",
        "test": "test alarm",
        "since": "since {time}",
        "taken_over": "Taken over by {who}, {time}",
        "acknowledged": "Acknowledged by {who}, {time}",
        "nobody": "Nobody has taken over yet.",
        "calling": "Being called: {who}",
        "next": "Then: {who}",
        "take-over": "Take over",
        "acknowledge": "Acknowledge",
        "clear": "The fault is over",
        "reset": "Reset",
        "escalate": "Call more people",
        "sure.clear": "Fault is over …",
        "sure.escalate": "Call more people …",
        "raise": "Raise an alarm",
        "raise_hint": "Nothing happens before you confirm in the second step. When life is in danger: 112.",
        "which": "Which alarm?",
        "what": "What has happened?",
        "go_on": "Go on",
        "calls": "{count} people are called one after the other until somebody takes over: {who}",
        "calls_nobody": "This alarm is only shown, nobody is called.",
        "type": "Type {word} to confirm",
        "do": "Raise it now",
        "back": "Better not",
        "not_typed": "Nothing was raised: the word {word} was missing.",
        "not_allowed": "Alarms are for those who look after plants. You are not one of them.",
        "gone": "This alarm has been closed meanwhile.",
        "failed": "That did not work: {why}",
    },
}
_PAGE = """\
<!doctype html>
<html lang="{language}">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>{title} · ami_bridge</title>
    <link rel="icon" href="/static/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/static/vendor/kern.min.css">
    <link rel="stylesheet" href="/static/app.css">
    <link rel="stylesheet" href="/static/plain.css">
  </head>
  <body>
    <main class="column plain">
      <h1>{title}</h1>
{body}
    </main>
  </body>
</html>
"""
_BUTTON = '<button class="kern-btn kern-btn--{look}" type="submit"><span class="kern-label">{word}</span></button>'
_FIELD = (
    '<div class="kern-form-input"><label class="kern-label" for="{id}">{label}</label>'
    '<input class="kern-form-input__input" id="{id}" name="{id}" {more}></div>'
)


class Speaks(Struct, frozen=True):
    """Writes pages in one language, with times as they are here."""

    language: Language
    zone: tzinfo

    def word(self, key: str, **values: object) -> str:
        """Return a text, harmless as HTML."""
        return escape(WORDS[self.language][key].format(**values))

    def time(self, at: datetime) -> str:
        """Return the time of day, with the day where that is not clear."""
        return at.astimezone(self.zone).strftime("%d.%m. %H:%M" if self.language == "de" else "%d/%m %H:%M")

    def page(self, title: str, *lines: str) -> str:
        """Put a page together."""
        return _PAGE.format(language=self.language, title=self.word(title), body="\n".join(filter(None, lines)))

    def message(self, key: str, **values: object) -> str:
        """Return what went wrong."""
        return f'<p class="message message-danger" role="alert">{self.word(key, **values)}</p>'

    def sign_in(self, problem: str = "") -> str:
        """Ask who it is."""
        name = _FIELD.format(
            id="user", label=self.word("user"), more='autocomplete="username" required autocapitalize="none"'
        )
        password = _FIELD.format(
            id="password", label=self.word("password"), more='type="password" autocomplete="current-password" required'
        )
        return self.page("sign_in", problem, self._form("/alarms/session", "sign_in", name, password))

    def alarms(self, alarms: Sequence[wire.Alarm], now: datetime, *, problem: str = "", again: bool = False) -> str:
        """Show what is open."""
        clock = now.astimezone(self.zone).strftime("%H:%M:%S")
        way, switch = ("/alarms?every=15", "once") if again else ("/alarms", "every")
        other = "/alarms" if again else "/alarms?every=15"
        return self.page(
            "title",
            problem,
            f"<p>{self.word('as_of_every' if again else 'as_of', time=clock)}</p>",
            f'<p class="plain-line">{_link(way, self.word("refresh"))} {_link(other, self.word(switch))} '
            f"{_link('/#/alarms', self.word('usual'))}</p>",
            f'<p class="plain-line"><a class="kern-btn kern-btn--secondary" href="/alarms/raise">'
            f'<span class="kern-label">{self.word("raise")}</span></a></p>',
            *(self._alarm(one) for one in alarms),
            "" if alarms else f"<p>{self.word('none')}</p>",
        )

    def refused(self) -> str:
        """Tell somebody that this is not theirs."""
        return self.page("title", self.message("not_allowed"), f"<p>{_link('/', self.word('usual'))}</p>")

    def choose(self, scenarios: Sequence[Scenario], *, problem: str = "") -> str:
        """Take the first step: what is to be raised."""
        options = "".join(
            f'<option value="{escape(value_of(one))}">{escape(one.plant)}: {escape(one.label)}, '
            f"{self.word('priority', priority=one.priority)}</option>"
            for one in scenarios
        )
        which = (
            f'<div class="kern-form-input"><label class="kern-label" for="which">{self.word("which")}</label>'
            '<div class="kern-form-input__select-wrapper">'
            f'<select class="kern-form-input__select" id="which" name="which">{options}</select></div></div>'
        )
        what = _FIELD.format(id="text", label=self.word("what"), more='required minlength="3" maxlength="300"')
        form = self._form("/alarms/raise", "go_on", which, what, method="get")
        hint = f"<p>{self.word('raise_hint')}</p>"
        return self.page("raise", problem, hint, form, f"<p>{_link('/alarms', self.word('back'))}</p>")

    def confirm(self, scenario: Scenario, text: str, key: str, *, problem: str = "") -> str:
        """Take the second step: whom it calls, and the word that must be typed."""
        about = f"<p><strong>{escape(scenario.plant)}: {escape(text)}</strong><br>{escape(scenario.label)}, "
        about += f"{self.word('priority', priority=scenario.priority)}</p>"
        who = ", ".join(scenario.people)
        calls = self.word("calls", count=len(scenario.people), who=who) if who else self.word("calls_nobody")
        hidden = "".join(
            f'<input type="hidden" name="{name}" value="{escape(value)}">'
            for name, value in (("which", value_of(scenario)), ("text", text), ("key", key))
        )
        typed = _FIELD.format(
            id="typed",
            label=self.word("type", word=TYPED),
            more='required autocomplete="off" autocapitalize="characters"',
        )
        form = self._form("/alarms/raise", "do", hidden, typed)
        return self.page(
            "raise", problem, about, f"<p>{calls}</p>", form, f"<p>{_link('/alarms', self.word('back'))}</p>"
        )

    def _alarm(self, one: wire.Alarm) -> str:
        state = OVERLAYS[one.overlay or ""][self.language] or NAMES[one.state][self.language]
        facts = [
            self.word("priority", priority=one.priority),
            self.word("test") if one.test else "",
            escape(state),
            escape(one.plant),
            self.word("since", time=self.time(one.raised_at)),
        ]
        lines = [
            self.word(key, who=by.name, time=self.time(by.at))
            for key, by in (("taken_over", one.taken_over), ("acknowledged", one.acknowledged))
            if by is not None
        ]
        if not lines and not one.overlay:
            lines = [self.word("nobody")]
            called = [attempt.person for attempt in one.attempts if attempt.state != "done"]
            lines += [self.word("calling", who=", ".join(called))] if called else []
            lines += [self.word("next", who=", ".join(one.next))] if one.next else []
        buttons = "".join(self._does(one, verb) for verb in DOES if verb in one.actions)
        return (
            f'<section class="panel" data-alarm="{escape(one.id)}"><h2 class="foreign">{escape(one.text)}</h2>'
            f"<p>{' · '.join(filter(None, facts))}</p>{''.join(f'<p>{line}</p>' for line in lines)}"
            f'<div class="plain-line">{buttons}</div></section>'
        )

    def _does(self, one: wire.Alarm, verb: str) -> str:
        about = f'<span class="unseen">: {escape(one.text[:80])}</span>'
        button = _BUTTON.format(look="primary" if verb == "take-over" else "secondary", word=self.word(verb) + about)
        form = f'<form method="post" action="/alarms/{escape(one.id)}/{verb}">{button}</form>'
        if verb not in ASKS_FIRST:
            return form
        return f"<details><summary>{self.word(f'sure.{verb}')}{about}</summary>{form}</details>"

    def _form(self, action: str, word: str, *fields: str, method: str = "post") -> str:
        button = _BUTTON.format(look="primary", word=self.word(word))
        return f'<form class="plain-form" method="{method}" action="{action}">{"".join(fields)}<p>{button}</p></form>'


def value_of(scenario: Scenario) -> str:
    """Return what a form sends for it."""
    return f"{scenario.source}/{scenario.alarm_class}"


def chosen(scenarios: Iterable[Scenario], value: str) -> Scenario | None:
    """Return what a form means."""
    return next((one for one in scenarios if value_of(one) == value), None)


def _link(to: str, word: str) -> str:
    return f'<a class="kern-link" href="{to}">{word}</a>'

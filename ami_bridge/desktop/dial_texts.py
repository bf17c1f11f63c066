"""What `ami-dial` says to people, in both languages."""

from typing import Literal

Language = Literal["de", "en"]

_TEXTS: dict[str, tuple[str, str]] = {
    "app": ("Telefon", "Telephone"),
    # nothing to call
    "none": ("Keine Rufnummer markiert", "No telephone number is marked"),
    "nothing": ("Es ist nichts markiert", "Nothing is marked"),
    "hangs": (
        "Das Programm, in dem etwas markiert ist, antwortet nicht",
        "The program in which something is marked does not answer",
    ),
    "too_much": ("Es ist zu viel markiert", "Too much is marked"),
    "no_screen": ("Hier ist kein Bildschirm", "There is no screen here"),
    "no_wl_paste": (
        "Unter Wayland wird das Programm wl-paste gebraucht (Paket wl-clipboard)",
        "On Wayland the program wl-paste is needed (package wl-clipboard)",
    ),
    # questions
    "ask": ("{number} anrufen?", "Call {number}?"),
    "ask_link": (
        "Ein Programm oder eine Webseite möchte, dass Sie anrufen.",
        "A program or a web page wants you to call.",
    ),
    "ask_emergency": (
        "Das ist der Notruf. Ihr Telefon klingelt zuerst, dann die Leitstelle.",
        "This is the emergency number. Your telephone rings first, then the control centre.",
    ),
    "ask_premium": ("Dieser Anruf kostet mehr als andere.", "This call costs more than others."),
    "ask_which": ("Welche Nummer anrufen?", "Which number shall be called?"),
    "ask_which_body": ("Mehrere Nummern sind markiert.", "Several numbers are marked."),
    "harmless": ("{number}", "{number}"),
    "premium": ("{number} (kostet mehr)", "{number} (costs more)"),
    "emergency": ("{number} (Notruf)", "{number} (emergency)"),
    "call": ("Anrufen", "Call"),
    "cancel": ("Nicht anrufen", "Do not call"),
    "cannot_ask": (
        "{number} wurde nicht angerufen: Hier lässt sich nicht nachfragen",
        "{number} was not called: there is no way to ask here",
    ),
    "one_question": ("Eine Nachfrage ist noch offen", "A question is still open"),
    "not_called": ("Nicht angerufen", "Not called"),
    # a call
    "rings": ("Ihr Telefon klingelt", "Your telephone rings"),
    "rings_body": ("Nehmen Sie ab, dann wird {whom} angerufen.", "Pick it up, then {whom} is called."),
    "then_press": ("Danach Durchwahl {extension} nachwählen.", "Then press the extension {extension}."),
    "failed": ("{number} wurde nicht angerufen", "{number} was not called"),
    # why not; the daemon's codes
    "no_url": (
        "Es ist nicht eingestellt, wo ami_bridge ist (url in desktop.toml)",
        "It is not set where ami_bridge is (url in desktop.toml)",
    ),
    "no_token": (
        "Dieser Arbeitsplatz ist nicht gekoppelt: `ami-bridge login`",
        "This desk is not paired: `ami-bridge login`",
    ),
    "no_client": (
        "ami-bridge-desktop läuft auf diesem Bildschirm nicht",
        "ami-bridge-desktop does not run on this screen",
    ),
    "unauthorised": (
        "Die Anmeldung gilt nicht mehr: `ami-bridge login`",
        "The sign-in is no longer valid: `ami-bridge login`",
    ),
    "not_allowed": ("Diese Nummer dürfen Sie nicht anrufen", "You may not call this number"),
    "bad_request": ("Das ist keine Rufnummer, die man anrufen kann", "This is no number that can be called"),
    "not_found": ("Sie haben kein Telefon, das klingeln könnte", "You have no telephone that could ring"),
    "busy": ("Ihr Telefon ist besetzt", "Your telephone is busy"),
    "rate_limited": ("Zu viele Anrufe in kurzer Zeit", "Too many calls in a short time"),
    "unavailable": ("ami_bridge ist gerade nicht erreichbar", "ami_bridge cannot be reached at the moment"),
    "timeout": ("Ob angerufen wurde, ist ungewiss", "It is uncertain whether the call was made"),
}
_COLUMN = {"de": 0, "en": 1}


class Texts:
    """The texts in one language."""

    def __init__(self, language: Language) -> None:
        self._column = _COLUMN[language]

    def __call__(self, key: str, **filling: str) -> str:
        """Return a text, filled."""
        return _TEXTS[key][self._column].format(**filling)

    def why(self, code: str | None, message: str | None) -> str:
        """Say why something failed: a code that is known in words, another with the daemon's sentence."""
        return self(code) if code in _TEXTS else message or code or ""

"""What `ami-dial` says to people, in both languages."""

from typing import Literal

Language = Literal["de", "en"]

_TEXTS: dict[str, tuple[str, str]] = {
    "app": ("Telefon", "Telephone"),
    # nothing to call
    "none": ("Keine Rufnummer markiert", "No telephone number is marked"),
    "code.nothing": ("Es ist nichts markiert", "Nothing is marked"),
    "code.hangs": (
        "Das Programm, in dem etwas markiert ist, antwortet nicht",
        "The program in which something is marked does not answer",
    ),
    "code.too_much": ("Es ist zu viel markiert", "Too much is marked"),
    "code.no_screen": ("Hier ist kein Bildschirm", "There is no screen here"),
    "code.no_wl_paste": (
        "Unter Wayland wird das Programm wl-paste gebraucht (Paket wl-clipboard)",
        "On Wayland the program wl-paste is needed (package wl-clipboard)",
    ),
    # questions
    "ask": ("{number} anrufen?", "Call {number}?"),
    "ask.link": (
        "Ein Programm oder eine Webseite möchte, dass Sie anrufen.",
        "A program or a web page wants you to call.",
    ),
    "ask.emergency": (
        "Das ist der Notruf. Ihr Telefon klingelt zuerst, dann die Leitstelle.",
        "This is the emergency number. Your telephone rings first, then the control centre.",
    ),
    "ask.premium": ("Dieser Anruf kostet mehr als andere.", "This call costs more than others."),
    "ask.unconfirmed": (
        "Diese Nummer wird nur auf Nachfrage angerufen.",
        "This number is called only after a question.",
    ),
    "ask.which": ("Welche Nummer anrufen?", "Which number shall be called?"),
    "ask.which_body": ("Mehrere Nummern sind markiert.", "Several numbers are marked."),
    "label.harmless": ("{number}", "{number}"),
    "label.premium": ("{number} (kostet mehr)", "{number} (costs more)"),
    "label.unconfirmed": ("{number}", "{number}"),
    "label.emergency": ("{number} (Notruf)", "{number} (emergency)"),
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
    "code.no_url": (
        "Es ist nicht eingestellt, wo ami_bridge ist (url in desktop.toml)",
        "It is not set where ami_bridge is (url in desktop.toml)",
    ),
    "code.no_token": (
        "Dieser Arbeitsplatz ist nicht gekoppelt: `ami-bridge login`",
        "This desk is not paired: `ami-bridge login`",
    ),
    "code.no_client": (
        "ami-bridge-desktop läuft auf diesem Bildschirm nicht",
        "ami-bridge-desktop does not run on this screen",
    ),
    "code.unauthorised": (
        "Die Anmeldung gilt nicht mehr: `ami-bridge login`",
        "The sign-in is no longer valid: `ami-bridge login`",
    ),
    "code.not_allowed": ("Diese Nummer dürfen Sie nicht anrufen", "You may not call this number"),
    "code.bad_request": ("Das ist keine Rufnummer, die man anrufen kann", "This is no number that can be called"),
    "code.not_found": ("Sie haben kein Telefon, das klingeln könnte", "You have no telephone that could ring"),
    "code.unconfirmed": ("Der Anruf wurde nicht bestätigt", "The call was not confirmed"),
    "code.refused": ("Die Telefonanlage hat abgelehnt", "The telephone system refused"),
    "code.busy": ("Ihr Telefon ist besetzt", "Your telephone is busy"),
    "code.rate_limited": ("Zu viele Anrufe in kurzer Zeit", "Too many calls in a short time"),
    "code.unavailable": (
        "Die Telefonanlage oder Ihr Telefon ist gerade nicht erreichbar",
        "The telephone system or your telephone cannot be reached at the moment",
    ),
    "code.timeout": ("Ob angerufen wurde, ist ungewiss", "It is uncertain whether the call was made"),
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
        known = f"code.{code}"
        return self(known) if known in _TEXTS else message or code or ""

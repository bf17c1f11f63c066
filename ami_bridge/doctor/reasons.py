"""Why a neighbour could not be asked, said in German too; our errors themselves are English, as the log is. Pure."""

import re
from functools import cache

_GERMAN = {
    "the groupware did not answer in time": "die Groupware hat nicht rechtzeitig geantwortet",
    "the groupware did not say who is signed in (status {status})": "die Groupware hat nicht gesagt, wer "
    "angemeldet ist (Status {status})",
    "this is everybody's books in one, private ones too: name a single book": "das sind die Bücher aller in einem, "
    "auch private: ein einzelnes Buch nennen",
    "the groupware has no such address book for us": "die Groupware hat für unser Konto kein solches Adressbuch",
    "the groupware refuses our user or password ([groupware] user, password_file)": "die Groupware lehnt unser Konto "
    "oder sein Passwort ab ([groupware] user, password_file)",
    "the groupware gave a listing without a token": "die Groupware hat eine Liste ohne Stand gegeben",
    "the groupware's listing goes in circles": "die Liste der Groupware läuft im Kreis",
    "the groupware's listing does not end": "die Liste der Groupware hört nicht auf",
    "the groupware gives none of the cards it lists": "die Groupware gibt keine der Karten heraus, die sie aufzählt",
    "the groupware's answer is not the XML it should be": "die Antwort der Groupware ist nicht das XML, das sie sein "
    "sollte",
    "the groupware's answer is packed, though we asked for a plain one": "die Antwort der Groupware ist gepackt, "
    "obwohl das nicht verlangt war",
    "the groupware's answer is too large": "die Antwort der Groupware ist zu groß",
    "the groupware sends us to another host; configure its right address": "die Groupware verweist auf einen anderen "
    "Rechner; ihre richtige Adresse eintragen",
    "the groupware sends us round in circles": "die Groupware verweist im Kreis",
    "the groupware cannot be reached: {what}": "die Groupware ist nicht zu erreichen: {what}",
    "the groupware does not answer as a DAV server (status {status})": "die Groupware antwortet nicht wie ein "
    "DAV-Server (Status {status})",
    "the groupware does not answer as a calendar server (status {status})": "die Groupware antwortet nicht wie ein "
    "Kalenderserver (Status {status})",
    "the groupware refuses (status {status})": "die Groupware lehnt ab (Status {status})",
    "the groupware refuses ({what})": "die Groupware lehnt ab ({what})",
    "an appointment is not in UTF-8": "ein Termin ist nicht in UTF-8",
    "the calendar gives no ETag, so nothing is written: somebody's text could be lost": "der Kalender gibt kein ETag, "
    "deshalb wird nichts geschrieben: Text anderer könnte verloren gehen",
    "the account has no calendar {name}": "das Konto hat keinen Kalender {name}",
    "the directory refuses our account: {what}": "das Verzeichnis lehnt unser Konto ab: {what}",
    "the directory has nothing at {place}": "das Verzeichnis hat nichts unter {place}",
    "the directory does not answer in time": "das Verzeichnis antwortet nicht rechtzeitig",
    "the directory does not answer: {what}": "das Verzeichnis antwortet nicht: {what}",
    "the directory answers more than anybody could work with; narrow base or filter": "das Verzeichnis antwortet mehr, "
    "als jemand brauchen kann; base oder filter enger fassen",
    "there is no {program} on this machine: install the package ldap-utils": "auf diesem Rechner fehlt {program}: das "
    "Paket ldap-utils installieren",
    "{program} cannot be started: {what}": "{program} lässt sich nicht starten: {what}",
    "the program has no pipes": "das Programm lässt sich nicht ansprechen",
    "it names nobody, which is not believed": "es nennt niemanden, und das wird nicht geglaubt",
    "{file} cannot be read: {what}": "{file} ist nicht zu lesen: {what}",
    "{file} is not TOML": "{file} ist kein TOML",
    "{file} is too large": "{file} ist zu groß",
    "{file}: the login of person {number} is no word": "{file}: der Anmeldename der {number}. Person ist kein Wort",
    "{file}: the login of person {number} stands twice": "{file}: der Anmeldename der {number}. Person steht doppelt",
    "the mail server does not take mail for this address": "der Mailserver nimmt für diese Adresse nichts an",
    "the mail server refuses (code {code})": "der Mailserver lehnt ab (Code {code})",
    "the mail server does not take it now (code {code})": "der Mailserver nimmt es gerade nicht an (Code {code})",
    "the mail server cannot be reached: {what}": "der Mailserver ist nicht zu erreichen: {what}",
    "the keytab cannot be read, or has no key for us ({code})": "es ist nicht zu lesen oder hat keinen "
    "Schlüssel für uns ({code})",
    "the ticket could not be read in time": "das Ticket war nicht rechtzeitig zu lesen",
    "the database is closed": "die Datenbank ist geschlossen",
    "the database does not answer": "die Datenbank antwortet nicht",
    "no answer in time": "keine Antwort in der Zeit",
    "Asterisk is not connected": "Asterisk ist nicht verbunden",
    "connection closed by Asterisk": "Asterisk hat die Verbindung geschlossen",
    "no login within {seconds} s": "keine Anmeldung innerhalb von {seconds} s",
    "connection lost before the answer to {action}": "Verbindung vor der Antwort auf {action} verloren",
    "no answer to {action} within {seconds} s": "keine Antwort auf {action} innerhalb von {seconds} s",
}


def _pattern(text: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", text)
    named = [re.escape(part) if at % 2 == 0 else f"(?P<{part}>.+)" for at, part in enumerate(parts)]
    return re.compile("".join(named), re.DOTALL)


@cache
def _forms() -> list[tuple[re.Pattern[str], str]]:
    """Make them when something is wrong for the first time, and not at each start."""
    return [(_pattern(english), german) for english, german in _GERMAN.items()]


def in_german(why: str) -> str:
    """Say it in German; what is in no words of ours, as of a program or a library, stays as it is."""
    for form, german in _forms():
        if found := form.fullmatch(why):
            return german.format_map(found.groupdict())
    return why

"""Address book cards as many programs write them, made by a fixed lot."""

import base64
import random
from collections.abc import Iterator

FIRST = ["Erika", "Jürgen", "Zoë", "Hans-Peter", "Ayşe", "Łukasz", "O'Neil", "Anne Marie", "李", "Σοφία", "Dr. Max"]
LAST = ["Muster", "Müller", "von der Heide", "Öztürk", "Weiß", "Große Böckel", "McAllister", "Nguyễn", "Huber"]
ORGS = ["Stadtwerke", "Bäckerei Huber & Söhne", "Müller; Partner", "Huber, Maier und Co.", "Amt 61", 'Café "Eck"', ""]
UNITS = ["Bauamt", "Zentrale, 2. Stock", "", "IT"]
TYPES = [
    "", ";TYPE=WORK", ";TYPE=WORK,VOICE", ";TYPE=CELL", ";TYPE=cell;TYPE=work", ";CELL;WORK", ";HOME;FAX",
    ";TYPE=FAX,WORK", ";type=pref",
    ";TYPE=PAGER", ";CAR", ";TYPE=iphone", ';TYPE="work,voice";VALUE=uri', ";VALUE=uri;TYPE=home",
    ";PREF=1", ";X-EVOLUTION-UI-SLOT=1;TYPE=WORK",
]  # fmt: skip
NUMBERS = ["0171 / 123 45 67", "+49 (0) 9142 9600-12", "09142/9600-0", "112", "**610", "9600 App. 12",
           "tel:+49-30-23125",
           "0171/1234567 (privat)", "030 23125,,12#", "+1 (212) 555-0100", "9600-12/13", "anonymous"]  # fmt: skip


def escaped(text: str) -> str:
    """Write text as the standard wants it."""
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


class Maker:
    """Makes cards, another one each time."""

    def __init__(self, seed: int) -> None:
        self._lot = random.Random(seed)  # noqa: S311 - nothing secret

    def cards(self, count: int) -> Iterator[str]:
        """Make this many."""
        return (self.card(number) for number in range(count))

    def card(self, number: int) -> str:
        """Make one."""
        lot = self._lot
        first, last, org = lot.choice(FIRST), lot.choice(LAST), lot.choice(ORGS)
        lines = [f"VERSION:{lot.choice(['2.1', '3.0', '4.0'])}", f"UID:{lot.choice(['urn:uuid:', ''])}{number}@town"]
        if lot.random() < 0.9:
            sloppy = lot.random() < 0.1
            lines.append(f"FN:{f'{last}, {first}' if sloppy else escaped(f'{first} {last}')}")
        if lot.random() < 0.8:
            lines.append(
                f"N:{escaped(last)};{escaped(first)};{lot.choice(['', 'X.', 'A,B'])};{lot.choice(['', 'Dr.'])};"
            )
        if org:
            lines.append(f"ORG:{escaped(org)}" + (f";{escaped(lot.choice(UNITS))}" if lot.random() < 0.5 else ""))
        lines += [line for at in range(lot.choice([0, 1, 2, 2, 3, 5])) for line in self._tel(at)]
        extra = [
            f"EMAIL;TYPE=INTERNET:{number}@town.example", "NICKNAME:Nick,Nicky", "CATEGORIES:Bauamt,Rat\\, Stadt",
            f"NOTE:{escaped('Zeile, eins; ' * lot.randrange(12))}", "CLASS:PRIVATE", "CLASS:PUBLIC", "KIND:individual",
            "KIND:org", "X-ADDRESSBOOKSERVER-KIND:group", "X-ABShowAs:COMPANY", "X-ASSISTANT-TEL:030 23125-99",
            "BDAY:1970-01-01", "ADR;TYPE=WORK:;;Hauptstraße 1;Musterstadt;;12345;Deutschland", "", "URL:https://town.example/a?b=c",
            "FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=BCrgen M=\n=C3=BCller", "TEL;TYPE=WORK",
            "X-AMI-BRIDGE-USER:erika", "garbage", "ORG:Zweite;Firma", "TEL\\;:1",
        ]  # fmt: skip
        lines += [line for line in extra if lot.random() < 0.12]
        if lot.random() < 0.1:
            body = base64.b64encode(lot.randbytes(lot.choice([100, 3_000, 9_000]))).decode()
            lines.append("item9.PHOTO;ENCODING=b;TYPE=JPEG:" + body)
        if lot.random() < 0.5:
            lot.shuffle(lines)
        end = lot.choice(["\r\n", "\r\n", "\n", "\r"])
        text = "\n".join(self._fold(line) for line in ["BEGIN:VCARD", *lines, "END:VCARD", ""])
        if lot.random() < 0.1:
            text = text.replace("TEL", "tel").replace("FN:", "fn:")
        return text.replace("\n", end)

    def _tel(self, at: int) -> list[str]:
        lot = self._lot
        number, types = lot.choice(NUMBERS), lot.choice(TYPES)
        if lot.random() < 0.15:
            label = lot.choice(["_$!<Mobile>!$_", "Sekretariat", "_$!<HomeFAX>!$_", "Work"])
            return [f"item{at}.TEL{types}:{number}", f"item{at}.X-ABLabel:{label}"]
        return [f"TEL{types}:{escaped(number) if lot.random() < 0.5 else number}"]

    def _fold(self, line: str) -> str:
        if len(line) <= 75 or "QUOTED" in line:
            return line
        return "\n ".join(line[at : at + 74] for at in range(0, len(line), 74))

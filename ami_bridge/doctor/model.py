"""What the doctor finds, in words for whoever is to mend it. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct

from ami_bridge.doctor.reasons import in_german

Severity = Literal["ok", "warning", "error"]
Language = Literal["de", "en"]
ORDER: tuple[Severity, ...] = ("error", "warning", "ok")


class Words(Struct, frozen=True):
    """One text in both languages; `{name}` in it stands for a value."""

    de: str
    en: str

    def filled(self, de: dict[str, str], en: dict[str, str]) -> "Words":
        """Put the values in. What comes from outside is a value, and never read as a form itself."""
        return Words(self.de.format_map(de), self.en.format_map(en))

    def said(self, language: Language) -> str:
        """Return it in one language."""
        return self.de if language == "de" else self.en


class Finding(Struct, frozen=True, kw_only=True):
    """One thing that was looked at, and how it is."""

    code: str
    """Stable; its first part is the subject."""
    severity: Severity
    what: Words
    do: Words | None = None
    """How to mend it; None where nothing is to be done."""


class Kind(Struct, frozen=True, kw_only=True):
    """What may be found; called with its values it is a finding."""

    code: str
    severity: Severity
    what: Words
    do: Words | None = None

    def __call__(self, **values: object) -> Finding:
        """Return the finding; `why` is an error of ours, and said in both languages."""
        en = {name: _one_line(str(value)) for name, value in values.items()}
        de = {name: in_german(text) if name == "why" else text for name, text in en.items()}
        return Finding(
            code=self.code,
            severity=self.severity,
            what=self.what.filled(de, en),
            do=self.do.filled(de, en) if self.do else None,
        )


class Told(Struct, frozen=True, kw_only=True):
    """A finding in one language."""

    code: str
    severity: Severity
    what: str
    do: str | None


class Report(Struct, frozen=True, kw_only=True):
    """Everything that was found, what is worst first."""

    at: datetime
    daemon: bool
    """Whether the running daemon was asked; without it less can be looked at."""
    errors: int
    warnings: int
    findings: tuple[Told, ...]


def report(findings: Sequence[Finding], language: Language, *, at: datetime, daemon: bool) -> Report:
    """Put the findings in order and into words."""
    ordered = sorted(findings, key=lambda one: (ORDER.index(one.severity), one.code))
    return Report(
        at=at,
        daemon=daemon,
        errors=sum(one.severity == "error" for one in findings),
        warnings=sum(one.severity == "warning" for one in findings),
        findings=tuple(
            Told(
                code=one.code,
                severity=one.severity,
                what=one.what.said(language),
                do=one.do.said(language) if one.do else None,
            )
            for one in ordered
        ),
    )


MOST_LISTED = 8
LONGEST_VALUE = 300


def listed(words: Sequence[str]) -> str:
    """Write several words in a row, the first ones and how many more there are."""
    more = len(words) - MOST_LISTED
    return ", ".join(words[:MOST_LISTED]) + (f" … (+{more})" if more > 0 else "")


def _one_line(text: str) -> str:
    """Let nothing from outside break the line or hide in it."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return plain if len(plain) <= LONGEST_VALUE else plain[:LONGEST_VALUE] + "…"

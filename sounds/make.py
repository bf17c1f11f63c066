"""Makes the sounds of this folder from the texts below: `make sounds`. Needs espeak-ng and sox."""
# A script that starts programs and speaks to a terminal, in a folder of sounds, not of Python:
# ruff: noqa: INP001, S603, S607, T201

import argparse
import hashlib
import re
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
README = HERE / "README.md"
VOICE = "de"
# Speech as a telephone carries it: narrow band, even loudness, peak a little below full scale.
COMPAND = "compand 0.01,0.1 -60,-60,-35,-16,-20,-11,-10,-8,0,-6 0 -90 0.1"
CHAIN = f"gain -10 highpass 150 lowpass 3500 rate 8000 {COMPAND} norm -1.5 pad 0.2 0.4".split()
TEXTS = {
    "phone-answers": (
        "Guten Tag, hier ist das Rathaus Musterhausen. Dies ist ein Telefon der Vorführung, es nimmt von selbst ab."
    ),
}


def make(name: str, folder: Path) -> Path:
    """Speak one text into a wav: 8 kHz, mono, 16 bit."""
    target = folder / f"{name}.wav"
    with tempfile.TemporaryDirectory() as scratch:
        raw = Path(scratch) / "raw.wav"
        subprocess.run(["espeak-ng", "-v", VOICE, "-s", "150", "-w", str(raw), TEXTS[name]], check=True)
        # -R: the same dither at every turn.
        subprocess.run(["sox", "-R", str(raw), "-c", "1", "-b", "16", str(target), *CHAIN], check=True)
    return target


def sha256(path: Path) -> str:
    """Return the fingerprint that README.md has."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def table() -> str:
    """Return README's table."""
    rows = [f"| `{name}.wav` | {text} | `{sha256(HERE / f'{name}.wav')}` |" for name, text in sorted(TEXTS.items())]
    return "\n".join(["| sound | text | sha256 |", "|---|---|---|", *rows])


def main() -> None:
    """Make the sounds that are missing, or all with --again, and note them in README.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--again", action="store_true", help="also those that exist")
    again = parser.parse_args().again
    for name in TEXTS:
        if again or not (HERE / f"{name}.wav").exists():
            print(f"sounds/{make(name, HERE).name}")
    noted = re.sub(r"\| sound \|.*\|\n", lambda _: table() + "\n", README.read_text(encoding="utf-8"), flags=re.DOTALL)
    README.write_text(noted, encoding="utf-8")


if __name__ == "__main__":
    main()

"""What is written about a plant is said as people say it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_bridge.alarms.spoken_numbers import LONGEST, Lexicon, spoken

GERMAN = (
    ("Code 4711#", "Code vier sieben eins eins Raute"),
    ("Code: 0 4 7", "Code: null vier sieben"),
    ("Zum Übernehmen 4711# drücken", "Zum Übernehmen vier sieben eins eins Raute drücken"),
    ("PIN 007", "PIN null null sieben"),
    ("Wiederholen *", "Wiederholen Stern"),
    ("Rückruf 089 99998-104", "Rückruf null acht neun neun neun neun neun acht eins null vier"),
    ("Bitte +49 89 1234567 anrufen", "Bitte plus vier neun acht neun eins zwei drei vier fünf sechs sieben anrufen"),
    ("Durchwahl 104", "Durchwahl eins null vier"),
    ("21.11.2026", "einundzwanzigster elfter 2026"),
    ("am 21.11.2026 um 03:17 Uhr", "am einundzwanzigsten elften 2026 um drei Uhr siebzehn"),
    ("seit 1.3. 7:05", "seit ersten dritten sieben Uhr fünf"),
    ("31.12.26", "einunddreißigster zwölfter 2026"),
    ("Revision 7.8.", "Revision siebter achter"),
    ("2026-11-21T03:17:00+01:00", "einundzwanzigster elfter 2026 drei Uhr siebzehn"),
    ("2026-11-30", "dreißigster elfter 2026"),
    ("45.13.2026", "45 Punkt 13 Punkt 2026"),
    ("03:00", "drei Uhr"),
    ("00:01 Uhr", "null Uhr eins"),
    ("22:59:30", "zweiundzwanzig Uhr neunundfünfzig"),
    ("1:0 verloren", "1:0 verloren"),
    ("25:61", "25:61"),
    ("Zulauf 1.250 m³/h", "Zulauf 1250 Kubikmeter pro Stunde"),
    ("Zulauf 1.250,5 m3/h", "Zulauf 1250 Komma 5 Kubikmeter pro Stunde"),
    ("12.345.678 kWh", "12345678 Kilowattstunden"),
    ("O2 2,05 mg/l", "Sauerstoff 2 Komma 0 5 Milligramm pro Liter"),
    ("CH4 20 ppm", "Methan 20 Teile pro Million"),
    ("H2S 15 ppm", "H2S 15 Teile pro Million"),
    ("NH₄-N 4,2 mg/l", "Ammonium-Stickstoff 4 Komma 2 Milligramm pro Liter"),
    ("NO3-N 11 mg/l", "Nitrat-Stickstoff 11 Milligramm pro Liter"),
    ("PO4-P 0,8 mg/l", "Phosphat-Phosphor 0 Komma 8 Milligramm pro Liter"),
    ("pH 7,2", "p H 7 Komma 2"),
    ("Leitfähigkeit 900 uS/cm", "Leitfähigkeit 900 Mikrosiemens pro Zentimeter"),
    ("Abluft -3,5 °C", "Abluft minus 3 Komma 5 Grad Celsius"),
    ("Öl 85°C", "Öl 85 Grad Celsius"),
    ("250 kW", "250 Kilowatt"),
    ("1 kWh", "eine Kilowattstunde"),
    ("seit 1 h", "seit eine Stunde"),
    ("1 m", "ein Meter"),
    ("3 m", "3 Meter"),
    ("1500 U/min", "1500 Umdrehungen pro Minute"),
    ("Füllstand 87,5 %", "Füllstand 87 Komma 5 Prozent"),
    ("Füllstand 87%", "Füllstand 87 Prozent"),
    ("0.125 bar", "0 Komma 1 2 5 Bar"),
    ("P=3.7 bar", "P gleich 3 Komma 7 Bar"),
    ("Druck > 6 bar", "Druck größer als 6 Bar"),
    ("≥ 5 l/s", "mindestens 5 Liter pro Sekunde"),
    ("5-10 m", "5 bis 10 Meter"),
    ("Grenzwert in mg/l überschritten", "Grenzwert in Milligramm pro Liter überschritten"),
    ("ca. 20 min, max. 5 A", "circa 20 Minuten, maximal 5 Ampere"),
    ("Motor 2A", "Motor 2A"),
    ("IP 10.0.0.5", "IP 10 Punkt 0 Punkt 0 Punkt 5"),
    ("Nr. 7", "Nummer 7"),
    ("RÜB 3", "RÜB 3"),
    ("Pumpe_3/Motor (Keller)", "Pumpe 3 Motor Keller"),
    ("Gasmotor gestoppt!", "Gasmotor gestoppt!"),
    ("<speak>\n[[a]] \x00\x1b x", "kleiner als speak größer als a x"),
    ("", ""),
)


@pytest.mark.parametrize(("written", "said"), GERMAN)
def test_german(written: str, said: str) -> None:
    assert spoken(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Code 4711#", "Code four seven one one hash"),
        ("Flow 12.5 m³/h at 20 °C", "Flow 12 point 5 cubic metres per hour at 20 degrees Celsius"),
        ("1,250 kW", "1250 kilowatts"),
        ("> 5 %", "above 5 percent"),
    ],
)
def test_english(written: str, said: str) -> None:
    assert spoken(written, "en") == said


def test_a_plant_says_its_own_words() -> None:
    lexicon = Lexicon.read(
        "# ours\nBHKW = Blockheizkraftwerk\nKA=Kläranlage\n\nnothing\n= x\nFB 2 = Faulbehälter zwei\n"
    )
    assert spoken("BHKW 1, KA, FB 2", "de", lexicon) == "Blockheizkraftwerk 1, Kläranlage, Faulbehälter zwei"
    assert spoken("BHKWs KAx", "de", lexicon) == "BHKWs KAx", "whole words only"


@given(st.text(max_size=200), st.sampled_from(["de", "en"]))
def test_whatever_is_written_only_letters_numbers_and_pauses_are_left(text: str, language: str) -> None:
    said = spoken(text, language)
    assert len(said) <= LONGEST
    assert all(sign.isalnum() or sign in " .,:;!?'-" or not sign.isascii() for sign in said)
    assert spoken(text, language) == said


def test_a_long_text_is_cut() -> None:
    assert len(spoken("1.250 m³/h " * 1_000)) <= LONGEST

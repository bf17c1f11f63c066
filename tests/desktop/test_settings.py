"""What is set for everybody and by the person, and that all of it is explained."""

import re
from pathlib import Path

import msgspec
import pytest

from ami_bridge.desktop import run, settings
from ami_bridge.desktop.settings import Settings, SettingsError, load
from ami_bridge.desktop.words import WORDS

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "desktop.md"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def home(folder: Path) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": f"{folder}/own", "XDG_CONFIG_DIRS": f"{folder}/first:{folder}/second"}


def test_the_person_has_the_last_word_and_the_first_folder_counts_more(tmp_path: Path) -> None:
    write(tmp_path / "second/ami-bridge/desktop.toml", 'url = "https://two.example"\nnames = false\nsound = true')
    write(tmp_path / "first/ami-bridge/desktop.toml", 'url = "https://one.example"')
    write(tmp_path / "own/ami-bridge/desktop.toml", 'sound = false\nlanguage = "en"')
    found = load(home(tmp_path))
    assert (found.url, found.names, found.sound) == ("https://one.example", False, False)
    assert settings.language(found, {"LANG": "de_DE.UTF-8"}) == "en"


def test_who_sets_one_thing_about_dialling_keeps_the_area_code_of_the_house(tmp_path: Path) -> None:
    everybodys = 'url = "https://one.example"\n[dialling]\narea_code = "7071"\nquestions = "bubble"'
    write(tmp_path / "first/ami-bridge/desktop.toml", everybodys)
    write(tmp_path / "own/ami-bridge/desktop.toml", '[dialling]\nquestions = "page"')
    found = load(home(tmp_path)).dialling
    assert (found.area_code, found.questions) == ("7071", "page")
    write(tmp_path / "own/ami-bridge/desktop.toml", "dialling = 1")
    with pytest.raises(SettingsError):
        load(home(tmp_path))


@pytest.mark.parametrize(
    ("url", "socket"),
    [
        ("https://anrufe.example.org", "wss://anrufe.example.org/api/v1/ws"),
        ("https://anrufe.example.org:8443/", "wss://anrufe.example.org:8443/api/v1/ws"),
        ("https://example.org/anrufe/", "wss://example.org/anrufe/api/v1/ws"),
        ("http://127.0.0.1:8088", "ws://127.0.0.1:8088/api/v1/ws"),
        ("http://localhost:8088/", "ws://localhost:8088/api/v1/ws"),
    ],
)
def test_where_the_websocket_is(tmp_path: Path, url: str, socket: str) -> None:
    write(tmp_path / "own/ami-bridge/desktop.toml", f'url = "{url}"')
    assert load(home(tmp_path)).socket == socket


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "url ="),
        ('url = "http://anrufe.example.org"', "https://"),
        ('url = "http://127.0.0.1.example.org"', "https://"),
        ('url = "ftp://x"', "address of the page"),
        ('url = "https://a.example"\nsuond = true', "suond"),
        ('url = "https://a.example"\nlanguage = "fr"', "fr"),
        ("url = ", "cannot be read"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    write(tmp_path / "own/ami-bridge/desktop.toml", text)
    with pytest.raises(SettingsError, match=re.escape(said)):
        load(home(tmp_path))


def test_every_setting_and_every_option_is_explained() -> None:
    page = REFERENCE.read_text(encoding="utf-8")
    for field in msgspec.structs.fields(Settings):
        assert f"| `{field.encode_name}` |" in page, field.encode_name
    for action in run._parser()._actions:
        if "--help" not in action.option_strings:
            assert re.search(rf"^\| `{action.option_strings[0]}\b", page, re.MULTILINE), action.option_strings


def test_both_languages_say_the_same() -> None:
    assert WORDS["de"].keys() == WORDS["en"].keys()
    for key, text in WORDS["de"].items():
        assert text.count("{}") == WORDS["en"][key].count("{}"), key

from pathlib import Path

import pytest

from ami_bridge.broker.config import address, load
from ami_bridge.errors import ConfigError


def written(folder: Path, text: str, key: str = "amibk_key\n") -> Path:
    (folder / "key").write_text(key, encoding="utf-8")
    path = folder / "broker.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_configuration_is_read_with_its_key(tmp_path: Path) -> None:
    known = load(written(tmp_path, 'url = "https://telefon.example:8443/"\nkey_file = "key"\n'))
    assert (known.key, known.base) == ("amibk_key", "https://telefon.example:8443")
    assert (known.config.socket, known.config.least_uid) == ("/run/ami-bridge-broker/socket", 1000)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "k"),
        ("url = 1\nkey_file = 'key'", "k"),
        ("url = 'https://x'\nkey_file = 'key'\nport = 1", "k"),
        ("url = 'https://x'\nkey_file = 'nothing'", "k"),
        ("url = 'https://x'\nkey_file = 'key'", "\n"),
        ("url = 'https://x'\nkey_file = 'key'", "two words"),
        ("url = 'https://x'\nkey_file = 'key'", "ü"),
        ("url = 'http://telefon.example'\nkey_file = 'key'", "k"),
        (f"url = 'https://x'\nkey_file = 'key'\nsocket = '/{'x' * 100}'", "k"),
        ("url = ", "k"),
    ],
)
def test_what_is_wrong_is_one_sentence_with_the_file(tmp_path: Path, text: str, key: str) -> None:
    path = written(tmp_path, text, key)
    with pytest.raises(ConfigError, match=r"broker\.toml"):
        load(path)


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://telefon.example", "https://telefon.example"),
        ("https://telefon.example/ami/", "https://telefon.example/ami"),
        ("http://127.0.0.1:8088", "http://127.0.0.1:8088"),
        ("http://[::1]:8088/", "http://[::1]:8088"),
        ("http+insecure://10.0.0.1:8088", "http://10.0.0.1:8088"),
    ],
)
def test_an_address_is_asked_as_it_is_written(url: str, asked: str) -> None:
    assert address(url, "x") == asked


@pytest.mark.parametrize(
    "url",
    [
        "", "telefon.example", "ftp://telefon.example", "https://", "https://user:word@telefon.example",
        "https://x:99999", "http://127.example.org", "http://10.0.0.1", "https://[x", "https://x/?a=b",
    ],
)  # fmt: skip
def test_an_address_at_which_a_secret_could_be_read_or_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        address(url, "x")

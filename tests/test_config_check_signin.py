"""The configuration of other ways to sign in: what could not work, or would send secrets in clear, is refused."""

from pathlib import Path

import pytest

from ami_bridge.config_file import load
from ami_bridge.errors import ConfigError

START = """
[groupware]
url = "https://groupware.example.org/"
[[pbx]]
id = "town"
secret = "s"
[pbx.questions]
secret = "s"
[oidc]
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(START + text, encoding="utf-8")
    return path


def test_a_provider_is_read_with_its_secret(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("hush\n", encoding="utf-8")
    text = 'issuer = "https://x.example/o"\nclient_id = "c"\nclient_secret_file = "s"'
    oidc = load(write(tmp_path, text)).oidc
    assert (oidc.client_secret, oidc.claim) == ("hush", "preferred_username")
    assert not load(write(tmp_path, "")).oidc.issuer


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('client_id = "c"', "[oidc.issuer]: is missing"),
        ('issuer = "https://x.example"', "[oidc.client_id]: is missing"),
        *(
            (f'issuer = "{issuer}"\nclient_id = "c"', "[oidc.issuer]: is not https://")
            for issuer in (
                "http://x.example",
                "x.example",
                "https://u:p@x",
                "https://x?y=1",
                "https://x:99999",
                "https://",
            )
        ),
        *(
            (f'issuer = "http://localhost:1"\nclient_id = "c"\n{key} = {value}', f"[oidc.{key}")
            for key, value in (
                ("client_secret", '"a\\nb"'),
                ("claim", '""'),
                ("claim", '"two words"'),
                ("scope", '"profile"'),
                ("label", f'"{"x" * 41}"'),
                ("label", '"a\\tb"'),
            )
        ),
    ],
)
def test_what_cannot_be_is_one_sentence(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ConfigError) as told:
        load(write(tmp_path, text))
    assert why in str(told.value)


def test_tickets_are_taken_of_realms_that_are_named(tmp_path: Path) -> None:
    path = write(tmp_path, "")
    path.write_text(
        path.read_text("utf-8").replace("[oidc]", '[kerberos]\nkeytab = "/k"\nrealms = ["A.EXAMPLE"]'), "utf-8"
    )
    assert load(path).kerberos.label == "Windows"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('realms = ["A"]', "[kerberos.keytab]: is missing"),
        ('keytab = "k"\nrealms = ["A"]', "[kerberos.keytab]: 'k' is not the whole path"),
        ('keytab = "/k"', "[kerberos.realms]: is missing"),
        ('keytab = "/k"\nrealms = ["a@b"]', "[kerberos.realms]: 'a@b' is not the name of a realm"),
        ('keytab = "/k"\nrealms = ["A"]\nprincipal = "anna@A"', "[kerberos.principal]: 'anna@A' is not like HTTP/"),
        ('keytab = "/k"\nrealms = ["A"]\nlabel = ""', "[kerberos.label]: is empty"),
    ],
)
def test_what_cannot_be_of_kerberos_is_one_sentence(tmp_path: Path, text: str, why: str) -> None:
    path = write(tmp_path, "")
    path.write_text(path.read_text("utf-8").replace("[oidc]", f"[kerberos]\n{text}"), "utf-8")
    with pytest.raises(ConfigError) as told:
        load(path)
    assert why in str(told.value)

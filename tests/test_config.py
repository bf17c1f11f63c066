"""The configuration file: every mistake is one sentence that names file, section and key."""

import base64
from pathlib import Path

import pytest

from ami_bridge.config import host_and_port
from ami_bridge.config_check import MOST_JOURNAL_DAYS
from ami_bridge.config_file import load
from ami_bridge.errors import ConfigError

RIGHT = """\
[[pbx]]
id = "rathaus"
secret = "manager"
[pbx.questions]
secret = "dialplan"
[groupware]
url = "https://groupware.example"
"""


class Folder:
    """A folder with a configuration, and what it says of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = path / "config.toml"

    def write(self, text: str) -> Path:
        self.file.write_text(text, encoding="utf-8")
        return self.file

    def complaint(self, text: str) -> str:
        """What is said of a wrong one: always one sentence that begins with the file's name."""
        with pytest.raises(ConfigError) as refused:
            load(self.write(text))
        said = str(refused.value)
        assert said.startswith(f"{self.file}: ")
        assert "\n" not in said
        return said.removeprefix(f"{self.file}: ")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_the_smallest_right_one_is_read_and_has_sensible_defaults(folder: Folder) -> None:
    config = load(folder.write(RIGHT))
    assert config.pbx[0].id == "rathaus"
    assert config.pbx[0].questions.secret == "dialplan"
    assert config.web.listen == "http://127.0.0.1:8088"
    assert config.journal.keep_days == 30
    assert config.site.country == "DE"


def test_everything_that_can_be_said_is_understood(folder: Folder) -> None:
    whole = """\
        [site]
        country = "DE"
        area_code = "0991"
        own_block = { prefix = "+4989999981", digits = 3 }
        outside_line = "0"
        [web]
        listen = "http+insecure://0.0.0.0:8088"
        origin = "https://cti.example"
        session_hours = 8
        [database]
        url = "postgresql://bridge@127.0.0.1/bridge"
        [[book]]
        path = "/books/town/"
        label = "Rathaus"
        [people]
        book = "/books/staff/"
        extensions = { anna = ["101", "8101"] }
        roles = { anna = ["user", "admin"] }
        [control]
        socket = "/run/ami-bridge/control.sock"
        [log]
        level = "DEBUG"
        format = "text"
    """
    config = load(folder.write(RIGHT + whole))
    assert config.web.session_hours == 8.0
    assert config.site.own_block is not None
    assert config.site.own_block.digits == 3
    assert config.people.extensions == {"anna": ["101", "8101"]}


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("", "", "pbx"),
        ("pbx = []", "[[pbx]]", "at least one"),
        (RIGHT.replace("[[pbx]]", "[pbx]"), "[pbx]", "array"),
        (RIGHT.replace('id = "rathaus"', ""), "[pbx[0]]", "id"),
        (RIGHT.replace('id = "rathaus"', "id = 5"), "[pbx[0].id]", "str"),
        (RIGHT.replace('secret = "manager"', ""), "[pbx.secret_file]", "rathaus"),
        (RIGHT.replace('secret = "dialplan"', ""), "[pbx.questions.secret_file]", "rathaus"),
        (RIGHT.replace('url = "https://groupware.example"', ""), "[groupware.url]", "missing"),
        (RIGHT + RIGHT.partition("[groupware]")[0], "[[pbx]] id", "twice"),
        (RIGHT + RIGHT.partition("[groupware]")[0].replace("rathaus", "bauhof"), "[[pbx]]", "one Asterisk"),
        (RIGHT + "usr = 'x'", "[groupware]", "usr"),
        (RIGHT + "[webb]\nlisten = 'x'", "", "webb"),
        (RIGHT + "[journal]\nkeep_days = 0", "[journal.keep_days]", "1 to 90"),
        (RIGHT + f"[journal]\nkeep_days = {MOST_JOURNAL_DAYS + 1}", "[journal.keep_days]", "91"),
        (RIGHT + "[journal]\nkeep_days = 'many'", "[journal.keep_days]", "int"),
        (RIGHT + "[journal]\nkeep = { missed = 91 }", "[journal.keep.missed]", "longer_because"),
        (RIGHT + "[journal]\nkeep_days = 91\nlonger_because = ' '", "[journal.keep_days]", "1 to 90"),
        (RIGHT + "[journal]\nkeep_days = 367\nlonger_because = 'agreed'", "[journal.keep_days]", "1 to 366"),
        (RIGHT + "[journal]\nkeep = { private = -1 }", "[journal.keep.private]", "0 to 90"),
        (RIGHT + "[journal]\ndepartment = 'all'", "[journal.department]", "all"),
        (RIGHT + "[journal]\nprivate_prefix = 'nine'", "[journal.private_prefix]", "nine"),
        (RIGHT + "[journal]\nnone = { numbers = ['Anna'] }", "[journal.none.numbers]", "Anna"),
        (RIGHT + "[missed_webhook]\nurl = 'ftp://x/'", "[missed_webhook.url]", "https"),
        (
            RIGHT + "[missed_webhook]\nurl = 'http://chat.example/geheim'",
            "[missed_webhook.url]",
            "readable on the wire",
        ),
        (RIGHT + "[missed_webhook]\nkind = 'matrix'\nurl = 'https://x/'", "[missed_webhook.secret_file]", "token"),
        (RIGHT + "[missed_webhook]\nurl = 'https://x/'\nnetworks = ['10']", "[missed_webhook.networks]", "10"),
        (RIGHT + "[missed_webhook]\nurl = 'https://x/'\nwait = 3601", "[missed_webhook.wait]", "3600"),
        (RIGHT + "[journal]\ndepartment = 'off'\n[missed_webhook]\nurl = 'https://x/'", "[missed_webhook.url]", "off"),
        (RIGHT + "[log]\nformat = 'xml'", "[log.format]", "xml"),
        (RIGHT + "[log]\nlevel = 'loud'", "[log.level]", "loud"),
        (RIGHT + "sync_every = 0", "[groupware.sync_every]", "0 is not 1 to 86400 seconds"),
        (RIGHT + "sync_every = nan", "[groupware.sync_every]", "nan"),
        (RIGHT + "sync_every = inf", "[groupware.sync_every]", "inf"),
        (RIGHT + "[web]\nsession_hours = -1", "[web.session_hours]", "-1"),
        (RIGHT.replace("[pbx.q", "ping_every = 0\n[pbx.q"), "[pbx.ping_every of rathaus]", "seconds"),
        (RIGHT.replace("[pbx.q", "answer_within = 0.0\n[pbx.q"), "[pbx.answer_within of rathaus]", "seconds"),
        (RIGHT + "[site]\ncountry = 'Germany'", "[site.country]", "two letters"),
        (RIGHT + "[site]\nown_block = { prefix = '08999', digits = 3 }", "[site.own_block]", "prefix"),
        (RIGHT + "[site]\nown_block = { prefix = '+498999', digits = 0 }", "[site.own_block]", "digit"),
        (RIGHT + "[people]\nextensions = { anna = '101' }", "[people.extensions", "array"),
    ],
)
def test_a_mistake_is_named_with_its_section_and_key(folder: Folder, text: str, where: str, what: str) -> None:
    said = folder.complaint(text)
    assert said.startswith(where)
    assert what in said


def test_the_journal_may_be_kept_longer_for_a_reason(folder: Folder) -> None:
    config = load(folder.write(RIGHT + "[journal]\nkeep_days = 180\nlonger_because = 'agreed on 2026-11-01'"))
    assert config.journal.keep_days == 180


def test_the_address_of_a_chat_is_a_secret(folder: Folder) -> None:
    (folder.path / "hook.url").write_text("https://chat.example/hooks/geheim\n")
    config = load(folder.write(RIGHT + "[missed_webhook]\nurl_file = 'hook.url'\nnetworks = ['10.0.0.0/8', '::1']"))
    assert config.missed_webhook.url == "https://chat.example/hooks/geheim"
    (folder.path / "hook.url").write_text("http://chat.example/hooks/geheim")
    assert "geheim" not in folder.complaint(RIGHT + "[missed_webhook]\nurl_file = 'hook.url'")


@pytest.mark.parametrize("text", ["[[pbx]", "id = ", "a = 1\na = 2", "\0"])
def test_what_is_not_toml_is_said_to_be_none(folder: Folder, text: str) -> None:
    assert folder.complaint(text).startswith("is not TOML")


def test_bytes_that_are_no_text_are_not_toml_either(folder: Folder) -> None:
    folder.file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is not TOML"):
        load(folder.file)


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nothing\.toml: cannot be read: No such file"):
        load(tmp_path / "nothing.toml")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path)


def test_secrets_come_from_files_beside_the_configuration(folder: Folder) -> None:
    (folder.path / "ami.secret").write_text("  open sesame\n")
    (folder.path / "questions.secret").write_text("psst")
    (folder.path / "groupware.password").write_text("Grünkohl\n", encoding="utf-8")
    text = RIGHT.replace('secret = "manager"', 'secret_file = "ami.secret"')
    text = text.replace('secret = "dialplan"', f'secret_file = "{folder.path}/questions.secret"')
    config = load(folder.write(text + 'password_file = "groupware.password"'))
    assert config.pbx[0].secret == "open sesame"
    assert config.pbx[0].questions.secret == "psst"
    assert config.groupware.password == "Grünkohl"


def test_the_key_for_passwords_comes_from_a_file_and_is_one(folder: Folder) -> None:
    key = base64.b64encode(bytes(range(32))).decode()
    (folder.path / "vault.key").write_text(f"{key}\n")
    assert load(folder.write(RIGHT + '[people]\nkey_file = "vault.key"')).people.key == key
    (folder.path / "vault.key").write_text("guess me")
    complaint = folder.complaint(RIGHT + '[people]\nkey_file = "vault.key"')
    assert complaint.startswith("[people.key_file]: ")
    assert "openssl rand -base64 32" in complaint


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ('secret_file = "nothing.secret"', "cannot be read"),
        ('secret_file = "."', "cannot be read"),
        ('secret_file = "bytes.secret"', "is no file of text"),
        ('secret_file = "empty.secret"', "needs a secret"),
        ('secret = "a"\nsecret_file = "empty.secret"', "both set"),
        ("secret_file = 5", "str"),
    ],
)
def test_a_wrong_secret_file_is_named(folder: Folder, line: str, what: str) -> None:
    (folder.path / "bytes.secret").write_bytes(b"\xff\xfe")
    (folder.path / "empty.secret").touch()
    said = folder.complaint(RIGHT.replace('secret = "manager"', line))
    assert said.startswith(("[pbx.secret", "[pbx[0].secret"))
    assert what in said


def test_no_complaint_repeats_a_secret(folder: Folder) -> None:
    for wrong in ('id = "rathaus"\nfoo = 1', "id = 5", 'id = "rathaus"\nport = "x"'):
        assert "manager" not in folder.complaint(RIGHT.replace('id = "rathaus"', wrong))


@pytest.mark.parametrize(
    "listen",
    ["http://127.0.0.1:8088", "http://localhost:1", "http://[::1]:8088", "http://127.9.9.9:0",
     "http+insecure://0.0.0.0:8088", "http+insecure://town.example:80"],
)  # fmt: skip
def test_on_this_machine_or_when_it_is_said_aloud_plain_http_is_fine(folder: Folder, listen: str) -> None:
    load(folder.write(RIGHT + f"[web]\nlisten = '{listen}'"))
    elsewhere = RIGHT.replace("[pbx.questions]", f"[pbx.questions]\nlisten = '{listen}'")
    load(folder.write(elsewhere + "[web]\nlisten = 'http://127.0.0.1:7'"))


@pytest.mark.parametrize(
    "listen", ["http://0.0.0.0:8088", "http://192.0.2.1:80", "http://town.example:80", "http://127.example.org:80",
               "http://[::]:8088"],
)  # fmt: skip
def test_plain_http_for_others_is_refused_and_it_is_said_what_to_do(folder: Folder, listen: str) -> None:
    for key, text in (
        ("web.listen", RIGHT + f"[web]\nlisten = '{listen}'"),
        ("pbx.questions.listen", RIGHT.replace("[pbx.questions]", f"[pbx.questions]\nlisten = '{listen}'")),
    ):
        said = folder.complaint(text)
        assert said.startswith(f"[{key}]")
        assert "http+insecure://" in said


@pytest.mark.parametrize(
    "listen",
    ["", "8088", "127.0.0.1:8088", "https://127.0.0.1:8088", "http://127.0.0.1", "http://:8088",
     "http://127.0.0.1:99999", "http://127.0.0.1:port", "http://[::1:8088", "ftp://127.0.0.1:1"],
)  # fmt: skip
def test_what_is_no_listener_is_refused(folder: Folder, listen: str) -> None:
    assert folder.complaint(RIGHT + f"[web]\nlisten = '{listen}'").startswith("[web.listen]")


def test_a_listener_is_host_and_port() -> None:
    assert host_and_port("http://127.0.0.1:8088") == ("127.0.0.1", 8088)
    assert host_and_port("http+insecure://[::1]:80") == ("::1", 80)


def test_files_that_are_read_later_lie_beside_the_configuration_too(folder: Folder) -> None:
    more = "[people]\nsource = 'file'\nfile = 'people.toml'\n[people.ldap]\nca_file = 'ca.pem'\n"
    config = load(folder.write(RIGHT + more))
    assert (config.people.file, config.people.ldap.ca_file) == (f"{folder.path}/people.toml", f"{folder.path}/ca.pem")
    config = load(folder.write(RIGHT + more.replace("'people", "'/etc/people").replace("'ca", "'/etc/ca")))
    assert (config.people.file, config.people.ldap.ca_file) == ("/etc/people.toml", "/etc/ca.pem")


def test_without_a_groupware_people_and_passwords_are_elsewhere(folder: Folder) -> None:
    without = RIGHT.replace('url = "https://groupware.example"', "")
    ldap = "[people.ldap]\nurl = 'ldaps://x'\nbase = 'dc=x'\n"
    elsewhere = f"[people]\nsource = 'ldap'\nsign_in = 'ldap'\n{ldap}"
    assert load(folder.write(without + elsewhere)).groupware.url == ""
    for more in ("", f"[people]\nsource = 'ldap'\n{ldap}", f"{elsewhere}[[book]]\npath = 'stadt'\n"):
        assert folder.complaint(without + more).startswith("[groupware.url] is missing")

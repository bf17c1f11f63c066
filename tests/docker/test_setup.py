"""What the service `setup` writes: complete, each part its owner's, and kept at the next start."""

import os
import re
import stat
from pathlib import Path

import pytest

from ami_bridge import config_file
from ami_bridge.demo import compose
from ami_bridge.demo.processes import Account
from ami_bridge.demo.town import PEOPLE
from ami_bridge.errors import BadRequestError

US = Account(uid=os.getuid(), gid=os.getgid())
OWNERS = compose.Owners(setup=US, daemon=US, asterisk=US, groupware=US, telephones=US)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def root(tmp_path: Path, said: list[str]) -> Path:
    compose.write(tmp_path, {}, owners=OWNERS, say=said.append)
    return tmp_path


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_daemon_accepts_its_configuration(root: Path) -> None:
    read = config_file.load(root / "etc/ami-bridge/config.toml")
    assert read.pbx[0].host == "127.0.0.1"
    assert read.pbx[0].questions.listen == "http://127.0.0.1:8089"
    assert read.web.listen == "http+insecure://0.0.0.0:8088"
    assert read.web.origin == "http://127.0.0.1:8088"
    assert read.groupware.url == "http://radicale:5232/"
    assert read.database.url == "sqlite:////var/lib/ami-bridge/bridge.sqlite"


def test_daemon_asterisk_and_groupware_share_their_secrets(root: Path) -> None:
    read = config_file.load(root / "etc/ami-bridge/config.toml")
    etc = root / "srv/pbx/town/etc"
    assert f"secret = {read.pbx[0].secret}" in (etc / "manager.conf").read_text()
    assert f"BRIDGE_SECRET = {read.pbx[0].questions.secret}" in (etc / "extensions.conf").read_text()
    users = (root / "srv/groupware/town/users").read_text().splitlines()
    assert f"{read.groupware.user}:{read.groupware.password}" in users
    assert {line.split(":")[0] for line in users} == {read.groupware.user, *(one.user for one in PEOPLE)}


def test_the_manager_stays_on_the_loopback_and_sip_does_not(root: Path) -> None:
    etc = root / "srv/pbx/town/etc"
    assert re.search(r"^bindaddr = 127\.0\.0\.1$", (etc / "manager.conf").read_text(), re.MULTILINE)
    pjsip = (etc / "pjsip.conf").read_text()
    assert "bind = 0.0.0.0:5060\n" in pjsip
    assert "external_media_address = 127.0.0.1\n" in pjsip
    assert "rewrite_contact = yes\n" in pjsip
    rtp = (etc / "rtp.conf").read_text()
    assert "rtpstart = 10000\n" in rtp
    assert "rtpend = 10019\n" in rtp


def test_nothing_is_left_to_fill_in_and_no_way_leads_outside_the_containers(root: Path) -> None:
    for path in [*root.glob("srv/pbx/town/etc/*"), *root.glob("srv/telephones/*/*"), *root.glob("etc/ami-bridge/*")]:
        if path.is_file() and path.suffix != ".wav":
            text = path.read_text()
            assert not re.search(r"@[A-Z][A-Z0-9_]+@", text), path
            assert str(root) not in text, path
    asterisk = (root / "srv/pbx/town/etc/asterisk.conf").read_text()
    assert "astetcdir => /srv/pbx/town/etc\n" in asterisk
    assert "astmoddir => /usr/lib/asterisk/modules\n" in asterisk


def test_who_has_a_telephone_finds_it_written(root: Path) -> None:
    folders = sorted(one.name for one in (root / "srv/telephones").iterdir() if one.is_dir())
    assert [one.split("-")[0] for one in folders] == [one.extension for one in PEOPLE if one.phone != "none"]
    controls = {
        re.findall(r"ctrl_tcp_listen (.*)", path.read_text())[0] for path in root.glob("srv/telephones/*/config")
    }
    assert len(controls) == len(folders)
    call = (root / "srv/telephones/call.xml").read_text()
    assert "INVITE sip:[callee]@" in call
    assert "<sip:[caller]@" in call


def test_only_the_owner_reads_a_secret(root: Path) -> None:
    for path in root.glob("etc/ami-bridge/*"):
        assert _mode(path) == 0o640, path
    assert _mode(root / "etc/ami-bridge") == 0o750
    assert _mode(root / "srv/pbx/town") == 0o751
    assert {_mode(root / "srv/pbx/town" / name) for name in ("etc", "lib", "log", "spool")} == {0o750}
    assert _mode(root / "srv/telephones") == 0o700
    assert _mode(root / "srv/groupware/town/users") == 0o600
    assert _mode(root / "srv/setup/secrets.json") == 0o600


def test_passwords_are_told_when_they_are_made_and_never_again(root: Path, said: list[str]) -> None:
    users = dict(line.split(":") for line in (root / "srv/groupware/town/users").read_text().splitlines())
    assert all(users[one.user] in said[0] for one in PEOPLE)
    compose.write(root, {}, owners=OWNERS, say=said.append)
    assert not any(users[one.user] in said[1] for one in PEOPLE)


def test_the_next_start_keeps_what_people_have(root: Path) -> None:
    town = root / "srv/pbx/town"
    (town / "lib/astdb.sqlite3").write_text("registrations")
    book = root / "srv/groupware/town/collections/collection-root/anna/privat"
    (book / "new.vcf").write_text("somebody new")
    before = {path: path.read_bytes() for path in root.glob("etc/ami-bridge/*")}
    users = (root / "srv/groupware/town/users").read_text()

    compose.write(root, {}, owners=OWNERS, say=lambda _: None)

    assert (town / "lib/astdb.sqlite3").read_text() == "registrations"
    assert (book / "new.vcf").read_text() == "somebody new"
    assert {path: path.read_bytes() for path in root.glob("etc/ami-bridge/*")} == before
    assert (root / "srv/groupware/town/users").read_text() == users
    assert not (root / "srv/pbx/new").exists()
    assert not (root / "srv/groupware/new").exists()


def test_the_next_start_brings_new_configuration(root: Path) -> None:
    old = root / "srv/pbx/town/etc/pjsip.conf"
    old.write_text("from an older image")
    moved = {"AMI_BRIDGE_WEB_PORT": "9088", "AMI_BRIDGE_SIP_PORT": "6060", "AMI_BRIDGE_RTP_PORTS": "11000-11009"}
    compose.write(root, moved, owners=OWNERS, say=lambda _: None)
    assert "bind = 0.0.0.0:6060\n" in old.read_text()
    assert "rtpend = 11009\n" in (old.parent / "rtp.conf").read_text()
    assert config_file.load(root / "etc/ami-bridge/config.toml").web.origin == "http://127.0.0.1:9088"


@pytest.mark.parametrize("text", ["0", "65536", "80a", "-1", "10.0", "９０"])  # noqa: RUF001 - digits of another script
def test_a_port_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadRequestError, match="AMI_BRIDGE_WEB_PORT"):
        compose.ports_of({"AMI_BRIDGE_WEB_PORT": text})


def test_each_service_has_an_account_of_its_own() -> None:
    all_of_them = compose.OWNERS
    ids = {all_of_them.daemon.uid, all_of_them.asterisk.uid, all_of_them.groupware.uid, all_of_them.telephones.uid}
    assert len(ids) == 4
    assert min(ids) > 10000

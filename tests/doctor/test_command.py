"""`ami-bridge doctor` where no daemon runs, and where not even the configuration is right."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from ami_bridge.doctor.host import is_open_to_others
from ami_bridge.doctor.visit import Ear, visit
from tests.fakes.asterisk import FakeAsterisk

CONFIG = """\
[[pbx]]
id = "town"
port = {port}
secret_file = "ami.secret"
[pbx.questions]
secret = "open"
[people]
source = "file"
file = "people.toml"
sign_in = "ldap"
[people.ldap]
url = "ldapi://%2Fx"
base = "dc=x"
[database]
url = "sqlite:///{folder}/bridge.sqlite"
"""


def write(folder: Path, text: str) -> Path:
    (folder / "ami.secret").write_text("secret\n", encoding="utf-8")
    (folder / "config.toml").write_text(text, encoding="utf-8")
    return folder / "config.toml"


def said(*words: str) -> tuple[int, str]:
    """In a process of its own, as it silences the log."""
    done = subprocess.run(
        [sys.executable, "-m", "ami_bridge", "doctor", *words], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_a_wrong_configuration_is_the_one_finding(tmp_path: Path) -> None:
    path = write(tmp_path, "[[pbx]]\n")
    code, text = said("--json", "--config", str(path))
    report = json.loads(text)
    assert (code, report["daemon"], [one["code"] for one in report["findings"]]) == (1, False, ["config.wrong"])
    assert "[pbx[0]]" in report["findings"][0]["what"]


def test_without_a_daemon_it_looks_at_what_it_can(tmp_path: Path) -> None:
    path = write(tmp_path, CONFIG.format(port=1, folder=tmp_path))
    code, text = said("--all", "--lang", "de", "--config", str(path))
    assert code == 1
    for word in ("[doctor.no_daemon]", "[ami.away]", "[files.fine]", "[database.schema_old]", "→ "):
        assert word in text
    assert "[people." not in text
    assert not (tmp_path / "bridge.sqlite").exists()


async def test_an_asterisk_that_never_says_that_it_is_ready() -> None:
    async with FakeAsterisk(boots=False) as pbx, visit(pbx.config(), None, Ear(), within=0.3) as there:
        assert there.trouble == "not_booted"


def test_a_secret_is_open_only_where_others_get_to_it() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        secret = folder / "ami.secret"
        secret.write_text("x", encoding="utf-8")
        secret.chmod(0o644)
        assert not is_open_to_others(secret)  # nobody else gets into the folder
        folder.chmod(0o755)
        assert is_open_to_others(secret)
        secret.chmod(0o640)
        assert not is_open_to_others(secret)

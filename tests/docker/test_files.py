"""What Dockerfiles and docker-compose.yml promise, read from them; `try.sh` beside this runs them."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from ami_bridge.demo import compose, town
from ami_bridge.demo.programs import PACKAGES

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
DOCKERFILES = {ROOT / "Dockerfile": ROOT, ROOT / "dialplan/Dockerfile": ROOT / "dialplan"}
ALWAYS = ("asterisk", "radicale", "daemon", "telephones")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]
    return found


def _instructions(dockerfile: Path) -> list[str]:
    text = "\n".join(line for line in dockerfile.read_text().splitlines() if not line.lstrip().startswith("#"))
    return [line for line in text.replace("\\\n", " ").splitlines() if line]


def test_every_service_is_confined(services: dict[str, Any]) -> None:
    assert set(services) == {"setup", *ALWAYS}
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["tmpfs"], name
        assert not {"privileged", "devices", "pid", "ipc"} & set(service), name


def test_the_setup_alone_is_root_and_it_has_no_network(services: dict[str, Any]) -> None:
    setup = services["setup"]
    assert setup["user"] == "0:0"
    assert setup["network_mode"] == "none"
    assert set(setup["cap_add"]) == {"CHOWN", "DAC_OVERRIDE", "FOWNER"}
    assert setup["restart"] == "no"
    for name in ALWAYS:
        assert "cap_add" not in services[name]
        assert not str(services[name].get("user", "1")).startswith("0")


def test_ports_are_published_on_the_loopback_alone(services: dict[str, Any]) -> None:
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert len(published) == 4
    assert all(port.startswith("127.0.0.1:") for port in published)
    assert not any("5038" in port or "8089" in port for port in published)


def test_the_daemon_is_in_the_network_of_asterisk(services: dict[str, Any]) -> None:
    for name in ("daemon", "telephones"):
        assert services[name]["network_mode"] == "service:asterisk"
        assert services[name]["depends_on"]["asterisk"] == {"condition": "service_healthy", "restart": True}
    assert services["daemon"]["depends_on"]["radicale"] == {"condition": "service_healthy"}
    for name in ("asterisk", "radicale"):
        assert services[name]["depends_on"]["setup"] == {"condition": "service_completed_successfully"}


def test_whoever_is_waited_for_says_how_it_is(services: dict[str, Any]) -> None:
    images = {"ami-bridge": ROOT / "Dockerfile", "ami-bridge-asterisk": ROOT / "dialplan/Dockerfile"}
    for name in ("asterisk", "daemon"):
        image = images[services[name]["image"]]
        assert any(line.startswith("HEALTHCHECK") for line in _instructions(image)), name
    assert "/readyz" in (ROOT / "Dockerfile").read_text()
    assert services["radicale"]["healthcheck"]["test"][0] == "CMD"


def test_each_service_sees_its_own_volumes(services: dict[str, Any]) -> None:
    assert services["asterisk"]["volumes"] == ["pbx:/srv/pbx"]
    assert services["radicale"]["volumes"] == ["groupware:/srv/groupware"]
    assert services["telephones"]["volumes"] == ["telephones:/srv/telephones:ro"]
    assert services["daemon"]["volumes"] == ["config:/etc/ami-bridge:ro", "data:/var/lib/ami-bridge"]


def test_no_secret_is_in_the_environment(services: dict[str, Any]) -> None:
    for service in services.values():
        assert not any(re.search("SECRET|PASSW|TOKEN", name) for name in service.get("environment", {}))


def test_the_users_are_those_that_the_setup_gives_files_to(services: dict[str, Any]) -> None:
    owners = compose.OWNERS
    daemon = _instructions(ROOT / "Dockerfile")
    pbx = _instructions(ROOT / "dialplan/Dockerfile")
    assert f"USER {owners.daemon.uid}:{owners.daemon.gid}" in daemon
    assert f"USER {owners.asterisk.uid}:{owners.asterisk.gid}" in pbx
    assert f"USER {owners.telephones.uid}:{owners.telephones.gid}" in pbx
    assert services["radicale"]["user"] == f"{owners.groupware.uid}:{owners.groupware.gid}"


def test_the_image_has_what_the_lock_says_and_nothing_else() -> None:
    installs = [line for line in _instructions(ROOT / "Dockerfile") if "pip install" in line]
    assert len(installs) == 2
    assert "--require-hashes -r /src/requirements.txt" in installs[0]
    assert installs[1].endswith("--no-deps /src")


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_copied_exists(dockerfile: Path) -> None:
    context = DOCKERFILES[dockerfile]
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = [line.split()[1:-1] for line in _instructions(dockerfile) if line.startswith("COPY")]
    names = [name for words in copied if not words[0].startswith("--from") for name in words if name[:2] != "--"]
    assert names
    for name in names:
        assert (context / name).exists(), name
        assert context != ROOT or name in let_in, name


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_base_can_be_chosen_and_no_stage_ends_as_root(dockerfile: Path) -> None:
    lines = _instructions(dockerfile)
    assert lines[0].startswith("ARG BASE=")
    assert all(line.startswith("FROM ${BASE}") for line in lines if line.startswith("FROM"))
    users = [line for line in lines if line.startswith("USER")]
    assert users
    assert all(re.fullmatch(r"USER 1\d{4}:1\d{4}", line) for line in users)


def test_the_images_have_the_same_programs_as_the_demo() -> None:
    text = (ROOT / "dialplan/Dockerfile").read_text()
    installed = [word for line in re.findall(r"--no-install-recommends([^&]*)&&", text) for word in line.split()]
    assert {word for word in installed if word != "\\"} == set(PACKAGES)


def test_a_call_knows_the_numbers_of_the_town() -> None:
    assert f"callee={town.PREFIX}$callee" in (ROOT / "dialplan/call.sh").read_text()


@pytest.mark.parametrize("script", [*sorted((ROOT / "dialplan").glob("*.sh")), ROOT / "tests/docker/try.sh"], ids=str)
def test_the_scripts_are_programs_that_bash_can_read(script: Path) -> None:
    assert script.stat().st_mode & 0o111 == 0o111
    subprocess.run(["bash", "-n", str(script)], check=True)


def test_a_number_that_is_none_reaches_no_program() -> None:
    ended = subprocess.run(
        ["bash", str(ROOT / "dialplan/call.sh"), "1;reboot"], capture_output=True, text=True, check=False, timeout=10
    )
    assert ended.returncode == 2
    assert "is not a telephone number" in ended.stderr

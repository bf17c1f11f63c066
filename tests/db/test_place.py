from pathlib import Path

import pytest

from ami_bridge.db.place import _refuse_remote, occupied, parse
from ami_bridge.errors import ConfigError


@pytest.mark.parametrize("url", ["sqlite:///var/lib/x.sqlite", "sqlite:////var/lib/x.sqlite"])
def test_a_sqlite_path_is_always_absolute(url: str) -> None:
    assert parse(url) == ("sqlite", Path("/var/lib/x.sqlite"))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mysql://x/y",
        "sqlite://",
        "sqlite:///",
        "sqlite:///var/",
        "sqlite://host/x",
        "sqlite:///x?mode=ro",
        "sqlite:///%00",
        "http://[",
    ],
)
def test_what_names_no_database_is_refused_in_one_sentence(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^\[database\.url\]: "):
        parse(url)


def test_a_disk_of_the_network_is_refused() -> None:
    mounts = "/dev/sda1 / ext4 rw 0 0\nserver:/x /tmp nfs4 rw 0 0\n"
    with pytest.raises(ConfigError, match="local disk"):
        _refuse_remote(Path("/tmp"), mounts)  # noqa: S108
    _refuse_remote(Path("/usr"), mounts)


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    with pytest.raises(ConfigError, match="cannot be used"), occupied(tmp_path / "file" / "x.sqlite"):
        pass
    with pytest.raises(ConfigError, match="cannot be written"), occupied(tmp_path / "link"):
        pass

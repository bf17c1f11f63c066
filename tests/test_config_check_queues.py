"""The configuration of queues: what could not work is refused with its key."""

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
"""


def read(tmp_path: Path, text: str) -> object:
    path = tmp_path / "config.toml"
    path.write_text(START + text, encoding="utf-8")
    return load(path).queue


def test_a_queue_needs_but_its_name(tmp_path: Path) -> None:
    assert read(tmp_path, '[[queue]]\nname = "300"\n[[queue]]\nname = "info-line"\nwho = ["department:IT", "eva"]\n')


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('name = "a b"', "[queue.name]: 'a b' is not made of"),
        ('name = "a"\n[[queue]]\nname = "a"', "[queue.name]: 'a' stands twice"),
        ('name = "a"\nmembers = ["office:IT"]', "[queue.members]: a: this is neither"),
        ('name = "a"\nmanages = [""]', "[queue.manages]: a: this is neither"),
    ],
)
def test_what_could_not_work_is_one_sentence_with_its_key(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ConfigError) as error:
        read(tmp_path, f"[[queue]]\n{text}")
    assert why in str(error.value)

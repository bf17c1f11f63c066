"""What the log says of an error: its kind and its place, never its words."""

import json
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog
from sqlalchemy.exc import OperationalError

from ami_bridge import config
from ami_bridge.logs import set_up_logging

NUMBER = "+493023125001"


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    handlers, hook = logging.root.handlers[:], sys.excepthook
    yield
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    sys.excepthook = hook


def the_disk_is_full() -> None:
    raise OperationalError("INSERT INTO journal", {"peer_number": NUMBER}, Exception("disk is full"))


def writes_a_row() -> None:
    try:
        the_disk_is_full()
    except OperationalError as error:
        raise KeyError(NUMBER) from error


@pytest.mark.parametrize("form", ["json", "text"])
def test_an_error_is_told_by_kind_and_place_and_no_number_is_in_it(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logging(config.Log(format=form))
    log = structlog.get_logger()
    try:
        writes_a_row()
    except KeyError:
        log.exception("journal.write_failed", waiting=1)
    told = capsys.readouterr().err
    assert "journal.write_failed" in told
    assert "KeyError at tests/test_logs.py" in told
    assert ":writes_a_row" in told
    assert "OperationalError at" in told
    assert "disk is full" not in told
    assert "23125" not in told


def test_a_group_is_told_with_what_it_holds_and_a_circle_ends(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(config.Log())
    first, second = ValueError(NUMBER), TypeError(NUMBER)
    first.__cause__, second.__cause__ = second, first
    structlog.get_logger().error("x", exc_info=ExceptionGroup(NUMBER, [first, second]))
    told = json.loads(capsys.readouterr().err)
    assert told["errors"] == ["ExceptionGroup at nowhere", "ValueError at nowhere", "TypeError at nowhere"]


def test_what_libraries_report_comes_without_their_words(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(config.Log())
    try:
        writes_a_row()
    except KeyError:
        logging.getLogger("asyncio").exception("Task got %s", NUMBER)
    told = json.loads(capsys.readouterr().err)
    assert (told["event"], told["library"]) == ("library.reported", "asyncio")
    assert told["errors"][0].startswith("KeyError at tests/test_logs.py")
    assert "23125" not in str(told)


def test_what_ends_the_program_is_told_in_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(config.Log())
    error = KeyError(NUMBER)
    sys.excepthook(KeyError, error, None)
    told = json.loads(capsys.readouterr().err)
    assert (told["event"], told["errors"]) == ("daemon.failed", ["KeyError at nowhere"])


@pytest.mark.parametrize("level", ["info", "WARNING"])
def test_the_level_counts(level: str, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(config.Log(level=level))
    structlog.get_logger().info("said")
    assert ("said" in capsys.readouterr().err) == (level == "info")

"""How the daemon reports: to standard error, for machines or people; errors by their kinds and places alone."""

import logging
import sys
from collections.abc import Iterator
from pathlib import PurePath
from traceback import walk_tb
from types import TracebackType

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from ami_bridge.config import Log

MOST_ERRORS = 10
MOST_PLACES = 30
"""Of one error; the outermost are left out, for they are always the same."""

log = structlog.get_logger()


def set_up_logging(config: Log) -> None:
    """Report as configured. Secrets, numbers and names never get here, not even in the text of an error."""
    level = logging.getLevelNamesMapping().get(config.level.upper(), logging.INFO)
    renderer: Processor = (
        structlog.processors.JSONRenderer() if config.format == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
            errors_by_place,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.root.handlers[:] = [_Libraries()]
    sys.excepthook = _at_the_end


def errors_by_place(_logger: WrappedLogger, _method: str, entry: EventDict) -> EventDict:
    """Write an error as `errors`: kind and places of it and of what led to it, each one line.

    Never what it says: the text of a database's error quotes the row, that of a KeyError the key.
    """
    told = entry.pop("exc_info", None)
    error = sys.exc_info()[1] if told is True else told[1] if isinstance(told, tuple) else told
    if isinstance(error, BaseException):
        entry["errors"] = [f"{type(one).__name__} at {' > '.join(places(one))}" for one in _chain(error)]
    return entry


def places(error: BaseException) -> list[str]:
    """Say where an error came by, the innermost place last: file, line, function."""
    return [
        _place(frame.f_code.co_filename, line, frame.f_code.co_name) for frame, line in walk_tb(error.__traceback__)
    ][-MOST_PLACES:] or ["nowhere"]


def _place(file: str, line: int, function: str) -> str:
    return f"{'/'.join(PurePath(file).parts[-2:])}:{line}:{function}"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Give an error, what it holds if it is a group, and what led to it; none twice."""
    seen: dict[int, BaseException] = {}
    ahead: list[BaseException | None] = [error]
    while ahead and len(seen) < MOST_ERRORS:
        one = ahead.pop(0)
        if one is None or id(one) in seen:
            continue
        seen[id(one)] = one
        yield one
        if isinstance(one, BaseExceptionGroup):
            ahead += one.exceptions
        ahead.append(one.__cause__ or (None if one.__suppress_context__ else one.__context__))


class _Libraries(logging.Handler):
    """What libraries report by themselves: which, where and which errors, for their words quote what they met."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        """Pass one report on."""
        place = _place(record.pathname, record.lineno, record.funcName)
        log.warning("library.reported", library=record.name, place=place, exc_info=record.exc_info)


def _at_the_end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Report what ends the program: it would be printed whole otherwise."""
    log.critical("daemon.failed", exc_info=(kind, error, trace))

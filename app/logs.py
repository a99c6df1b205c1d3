"""Structured logs: one line per fact, ids bound, bodies and addresses redacted."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_ADDRESS = re.compile(r"([^\s@<>\"']{1,64})@([^\s@<>\"']{1,255})")
_HIDDEN = {
    "body",
    "text",
    "html",
    "password",
    "secret",
    "token",
    "raw",
    "authorization",
}


def _redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if key in _HIDDEN:
            event[key] = "[hidden]"
        elif isinstance(value, str):
            event[key] = _ADDRESS.sub(r"…@\2", value).replace("\n", "\\n")
    return event


def configure_logs(level: str = "info") -> None:
    """Send all logs to standard error as `key=value` lines."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    logging.basicConfig(stream=sys.stderr, level=number, format="%(levelname)s %(name)s %(message)s")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            _redact,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def log() -> Any:
    """Return the logger."""
    return structlog.get_logger()

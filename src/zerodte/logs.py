"""Logs: one event a line on stderr, as `key=value` pairs (logfmt).

A value that holds more than plain characters is a JSON string in ASCII; so none can begin a new
line or another pair. Keys of clients and their queries are never logged.
"""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any

_LOG = logging.getLogger("zerodte")
_PLAIN = re.compile(r"[A-Za-z0-9_.,:/@+\[\]-]+")


class LogFormat(logging.Formatter):
    """A record as a line: time, level, event, then its `fields`, then its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        at = datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds")
        pairs: dict[str, Any] = {
            "time": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            pairs["traceback"] = self.formatException(record.exc_info)
        return " ".join(f"{name}={_value(value)}" for name, value in pairs.items())


def log_to_stderr() -> None:
    """Send what is logged to stderr; on a terminal, whose reader is told more, only warnings."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LogFormat())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    if not sys.stderr.isatty():
        _LOG.setLevel(logging.INFO)


def log(event: str, level: int = logging.INFO, **fields: object) -> None:
    """Log an event of the whole program."""
    _LOG.log(level, event, extra={"fields": fields})


def _value(value: object) -> str:
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text)

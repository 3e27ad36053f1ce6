"""Logs: one event per line on stderr, as `key=value` pairs (logfmt).

A value with any but plain characters is written as a JSON string in ASCII, so it cannot start a new
line or another pair. Clients' keys and queries are never logged; should a key get into a text after
all, it is blanked.
"""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any

_LOG = logging.getLogger("zerodte")
_KEY = re.compile(r"zdte_[0-9a-f]{8,}", re.IGNORECASE)
_PLAIN = re.compile(r"[A-Za-z0-9_.,:/@+\[\]-]+")


class LogFormat(logging.Formatter):
    """A record as a line: time, level, event, then its `fields`, then its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Format the line."""
        at = datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds")
        pairs: dict[str, Any] = {
            "time": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            pairs["traceback"] = self.formatException(record.exc_info)
        line = " ".join(f"{name}={_value(value)}" for name, value in pairs.items())
        return _KEY.sub("zdte_blanked", line)


def log_to_stderr(level: str | None = None) -> None:
    """Log to stderr.

    Args:
        level: As for `set_log_level`.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LogFormat())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    set_log_level(level)


def set_log_level(level: str | None) -> None:
    """Log events of a level and above.

    Args:
        level: `info`, `warning` or `error`; None for info, but only warnings on a terminal, where
            commands print their progress.
    """
    if level is None:
        level = "warning" if sys.stderr.isatty() else "info"
    _LOG.setLevel(level.upper())
    logging.getLogger().setLevel(max(logging.WARNING, _LOG.level))


def log(event: str, level: int = logging.INFO, **fields: object) -> None:
    """Log an event of the whole program."""
    _LOG.log(level, event, extra={"fields": fields})


def _value(value: object) -> str:
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text)

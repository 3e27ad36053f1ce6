"""What tests ask about other processes."""

import time
from pathlib import Path


def has_ended(pid: int, within: float = 60.0) -> bool:
    """Whether a process ends within so many seconds."""
    deadline = time.monotonic() + within
    while _is_running(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _is_running(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"

"""Ends what a launcher left behind: when its standard input closes, the launcher is gone, whatever killed it.

Reads lines from the launcher: `watch PID SIGNAL`, `forget PID`, `discard PATH`. At the end of input it sends every
process group still watched its SIGNAL, after GRACE_SECONDS a SIGKILL, and removes every path to discard. It runs in a
session of its own, so that no Ctrl-C and no closing terminal reaches it.
"""

import os
import shutil
import signal
import sys
import time
from collections.abc import Iterable
from contextlib import suppress

GRACE_SECONDS = 5.0
POLL_SECONDS = 0.02


def left_behind(lines: Iterable[str]) -> tuple[dict[int, int], list[str]]:
    """What is still watched once the input has ended: {process group: signal}, and the paths to remove."""
    groups: dict[int, int] = {}
    paths: list[str] = []
    for line in lines:
        verb, _, rest = line.rstrip("\n").partition(" ")
        if verb == "watch":
            pid, number = rest.split()
            groups[int(pid)] = int(number)
        elif verb == "forget":
            groups.pop(int(rest), None)
        elif verb == "discard":
            paths.append(rest)
    return groups, paths


def _send(group: int, number: int) -> bool:
    """Whether the group was still there."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
        return False
    return True


def end(groups: dict[int, int]) -> None:
    """Ask each group to stop, wait at most GRACE_SECONDS for all of them, then force the rest."""
    waiting = [group for group, number in groups.items() if _send(group, number)]
    deadline = time.monotonic() + GRACE_SECONDS
    while waiting and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        waiting = [group for group in waiting if _send(group, 0)]
    for group in waiting:
        _send(group, signal.SIGKILL)


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups, paths = left_behind(map(os.fsdecode, sys.stdin.buffer))
    end(groups)
    for path in paths:
        with suppress(FileNotFoundError):
            shutil.rmtree(path)


if __name__ == "__main__":
    main()

"""A stack that has lost one of its processes says which."""

import sys
from pathlib import Path

import pytest

from deploy.local import processes
from deploy.local.stack import Stack


def _child(name: str, code: str, log: Path) -> processes.Child:
    return processes.start(name, [sys.executable, "-c", code], log=log)


def test_a_server_that_has_ended_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    alive = _child("PostgreSQL", "import signal; signal.pause()", tmp_path / "alive.log")
    dead = _child("embedded broker", "raise SystemExit('out of memory')", tmp_path / "dead.log")
    try:
        assert dead.wait(10) == 1

        Stack({}, [alive]).check()
        with pytest.raises(
            processes.ChildFailedError, match=r"(?s)embedded broker ended with exit code 1.*out of memory"
        ):
            Stack({}, [alive, dead]).check()
    finally:
        alive.kill()

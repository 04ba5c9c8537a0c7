"""A service drains when it is asked to end, and ends when any part of it does."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from deploy.local import processes
from deploy.local.processes import ROOT

PROGRAM = """
import asyncio, sys
from fastapi import FastAPI
from shared.log import configure_logging
from shared.run import serve
from shared.settings import HttpSettings
from prometheus_client import CollectorRegistry

mode, port = sys.argv[1], int(sys.argv[2])
app = FastAPI()

@app.get("/slow")
async def slow() -> str:
    print("asked", flush=True)
    await asyncio.sleep(1)
    return "done"

async def work(stop: asyncio.Event) -> None:
    print("working", flush=True)
    if mode == "dies":
        raise RuntimeError("this work is over")
    if mode == "ends":
        return
    await stop.wait()
    print("work finished", flush=True)

configure_logging("test")
asyncio.run(serve(app, work, settings=HttpSettings(http_port=port), registry=CollectorRegistry()))
"""


def start(mode: str, port: int, directory: Path) -> processes.Child:
    program = directory / "program.py"
    program.write_text(PROGRAM)
    env = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
    return processes.start("program", [sys.executable, str(program), mode, str(port)], log=directory / "log", env=env)


def test_sigterm_lets_requests_and_work_finish_and_ends_with_0(free_port: int, tmp_path: Path) -> None:
    child = start("works", free_port, tmp_path)
    child.wait_for(lambda: "service.started" in child.log_text(), seconds=20, what="started")
    client = [
        sys.executable,
        "-c",
        f"import urllib.request as u; print(u.urlopen('http://127.0.0.1:{free_port}/slow').read())",
    ]
    asking = subprocess.Popen(client, stdout=subprocess.PIPE)
    child.wait_for(lambda: "asked" in child.log_text(), seconds=20, what="asked")

    began = time.monotonic()
    assert child.stop() == 0
    assert time.monotonic() - began < 10
    assert asking.communicate()[0].strip() == b"b'\"done\"'"
    assert "work finished" in child.log_text()


@pytest.mark.parametrize(
    ("mode", "said"), [("dies", "this work is over"), ("ends", "ended although nobody asked it to")]
)
def test_work_that_ends_takes_the_process_down(free_port: int, tmp_path: Path, mode: str, said: str) -> None:
    child = start(mode, free_port, tmp_path)
    assert child.wait(20) == 1
    assert said in child.log_text()


def test_a_taken_port_takes_the_process_down(free_port: int, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    first = start("works", free_port, tmp_path)
    first.wait_for(lambda: "service.started" in first.log_text(), seconds=20, what="started")
    processes.poll_until(lambda: _answers(free_port), seconds=20)
    second = start("works", free_port, tmp_path / "other")
    assert second.wait(20) != 0
    first.signal(signal.SIGINT)
    assert first.wait(10) == 0


def _answers(port: int) -> bool:
    try:
        return bool(urllib.request.urlopen(f"http://127.0.0.1:{port}/docs", timeout=5).status == 200)
    except OSError:
        return False

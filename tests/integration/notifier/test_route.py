"""The `route` command, as whoever writes a configuration runs it: without its secrets, and nobody is told."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from tests.changes import change

EXAMPLE = "services/notifier/example.yaml"


async def _run(*arguments: str, named: str = EXAMPLE) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "services.notifier", "route", *arguments]
    env = {**os.environ, "NOTIFIER_CONFIG": named}
    return await asyncio.to_thread(subprocess.run, command, env=env, capture_output=True, text=True, check=False)


async def test_it_says_who_would_be_told_when_and_why_or_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "change.json"
    file.write_text(change(level="red").model_dump_json())
    told, elsewhere, nothing, sometime, unnamed = await asyncio.gather(
        _run("--warning", str(file), "--at", "2026-03-01T10:00:00Z"),
        _run("--warning", str(file), "--config", str(tmp_path / "none.yaml")),
        _run("--warning", str(tmp_path / "none.json")),
        _run("--warning", str(file), "--at", "tomorrow"),
        _run("--warning", str(file), named=""),
    )

    assert (told.returncode, told.stderr) == (0, "")
    assert "credit-officers" in told.stdout
    assert "now (2026-03-01 10:00:00 UTC)" in told.stdout
    assert [each.returncode for each in (elsewhere, nothing, sometime, unnamed)] == [1, 1, 2, 2]
    assert "none.yaml" in elsewhere.stderr
    assert "none.json: No such file" in nothing.stderr
    assert "RFC 3339" in sometime.stderr
    assert "NOTIFIER_CONFIG" in unnamed.stderr

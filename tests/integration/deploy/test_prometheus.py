"""Prometheus and Alertmanager read what is deployed for them, and the alerts fire when they should."""

import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.local.processes import ROOT

PROMETHEUS = ROOT / "deploy" / "prometheus"
COMMANDS = {
    "promtool": [
        ["check", "config", str(PROMETHEUS / "prometheus.yaml")],
        ["test", "rules", str(PROMETHEUS / "rules_test.yaml")],
    ],
    "amtool": [["check-config", str(PROMETHEUS / "alertmanager.yaml")]],
}


def _needs(tool: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(tool) is None, reason=f"needs {tool} on the PATH")


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        pytest.param(tool, each, marks=_needs(tool), id=f"{tool} {each[0]}")
        for tool, runs in COMMANDS.items()
        for each in runs
    ],
)
def test_the_tool_has_nothing_to_say_against_it(tool: str, arguments: list[str], tmp_path: Path) -> None:
    judged = subprocess.run(
        [str(shutil.which(tool)), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"HOME": str(tmp_path)},
    )

    assert judged.returncode == 0, judged.stdout + judged.stderr

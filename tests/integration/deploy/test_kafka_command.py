"""`make kafka`: a real Kafka in the foreground, at the address it says, until Ctrl-C."""

import asyncio
import re
import signal
import subprocess
import sys

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from deploy.local.processes import ROOT
from tests.conftest import require_real_kafka
from tests.interrupts import IGNORING_INTERRUPTS


async def _topics(bootstrap: str) -> list[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        return list(await admin.list_topics())
    finally:
        await admin.close()


@pytest.mark.slow
@pytest.mark.parametrize("before", [[], IGNORING_INTERRUPTS], ids=["in the foreground", "as a script's background job"])
def test_kafka_runs_at_the_address_it_says_until_ctrl_c(before: list[str]) -> None:
    require_real_kafka()
    command = [*before, sys.executable, "-m", "deploy.local", "kafka"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as running:
        assert running.stdout is not None
        said = "".join(line.decode() for line in (running.stdout.readline() for _ in range(2)))
        bootstrap = re.findall(r"127\.0\.0\.1:\d+", said)[0]
        assert asyncio.run(_topics(bootstrap)) == []

        running.send_signal(signal.SIGINT)
        rest, _ = running.communicate(timeout=30)

    assert running.returncode == 0
    assert "Kafka has stopped" in rest.decode()

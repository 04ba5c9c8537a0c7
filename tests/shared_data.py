"""Where the data is that tests read and this repository never holds: beside it, in `../shared/data`."""

import os
from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SUPERLENDER = SHARED_DATA / "superlender"
PREVLOANS, PERF = SUPERLENDER / "trainprevloans.csv.gz", SUPERLENDER / "trainperf.csv.gz"

needs_superlender = pytest.mark.skipif(
    not SUPERLENDER.exists() and os.environ.get("CI") != "true", reason=f"no real loan book here: {SUPERLENDER}"
)

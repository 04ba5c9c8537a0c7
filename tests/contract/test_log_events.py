"""The log events that README and docs name are ones that a service writes."""

import re

import pytest

from deploy.local.processes import ROOT

PAGES = [ROOT / "README.md", *(ROOT / "docs").glob("**/*.md")]
NAMED = {
    (page.relative_to(ROOT).as_posix(), name)
    for page in PAGES
    for name in re.findall(r"`((?:ingest|warning|notifier|kafka|service)(?:\.[a-z_]+){2,})`", page.read_text("utf-8"))
}
WRITTEN = {
    name
    for folder in ("services", "shared")
    for source in (ROOT / folder).rglob("*.py")
    for name in re.findall(r'log\.\w+\(\s*"([a-z_.]+)"', source.read_text("utf-8"))
}


@pytest.mark.parametrize(("page", "name"), sorted(NAMED))
def test_a_log_event_that_a_page_names_is_written_somewhere(page: str, name: str) -> None:
    assert name in WRITTEN, page

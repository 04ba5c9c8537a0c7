"""What docs/notifying.md says is so: its configurations are taken, and its reasons are all there are."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from deploy.local.processes import ROOT
from services.notifier.configuration import read
from services.notifier.configuration.sections import SECTIONS
from services.notifier.core.message import Purpose
from services.notifier.core.reasons import HOLDING, MUTING, Reason

PAGE = (ROOT / "docs/notifying.md").read_text("utf-8")
BLOCKS = re.findall(r"^## ([^\n]*)\n(?:(?!^## ).)*?```yaml\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE)


def _receivers(routes: list[dict[str, Any]]) -> Iterator[str]:
    for route in routes:
        yield from route.get("receivers", ())
        yield from _receivers(route.get("routes", []))


@pytest.mark.parametrize(("section", "block"), BLOCKS, ids=[section for section, _ in BLOCKS])
def test_every_configuration_shown_is_taken(section: str, block: str) -> None:
    shown = yaml.safe_load(block)
    others = {name: {"channel": "log"} for name in _receivers(shown["routes"])}
    whole = {**shown, "receivers": {**others, **shown.get("receivers", {})}}

    assert read(yaml.safe_dump(whole), section, without_secrets=True).routes


def test_every_section_of_a_configuration_is_shown() -> None:
    assert {key for _, block in BLOCKS for key in yaml.safe_load(block)} == {"receivers", *SECTIONS}
    assert PAGE.count("```yaml") == len(BLOCKS)


def test_every_reason_there_is_stands_in_its_table_and_no_other() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \| ?([^|]*)\| ?([^|]*)\|$", PAGE, re.MULTILINE)

    assert sorted(name for name, _, _ in rows) == sorted(Reason)
    assert {name for name, held, _ in rows if held.strip()} == HOLDING
    assert {name for name, _, never in rows if never.strip()} == {*Reason} - HOLDING | MUTING


def test_every_purpose_of_a_message_about_a_warning_is_named() -> None:
    [named] = re.findall(r"why the message was made \(([^)]*)\)", PAGE)

    assert set(named.replace("\n", " ").split(", ")) == {*Purpose} - {Purpose.HEARTBEAT, Purpose.TEST}


def test_every_section_it_leads_to_is_there() -> None:
    titles = re.findall(r"^## (.*)$", PAGE, re.MULTILINE)
    headings = {re.sub(r"[^a-z0-9 -]", "", each.lower()).replace(" ", "-") for each in titles}

    assert set(re.findall(r"\]\(#([a-z-]+)\)", PAGE)) == headings

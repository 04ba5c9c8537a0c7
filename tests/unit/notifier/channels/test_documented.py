"""docs/channels.md: every channel has a section, and every receiver it shows is one that a configuration takes."""

import re
from pathlib import Path

import pytest
import yaml

from services.notifier.channels import discover
from services.notifier.configuration import read

PAGE = (Path(__file__).parents[4] / "docs" / "channels.md").read_text("utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_every_channel_has_a_section_and_an_example() -> None:
    shown = {each["channel"] for block in BLOCKS for each in yaml.safe_load(block).values()}

    assert set(re.findall(r"^## ([a-z_]+)$", PAGE, re.MULTILINE)) == set(discover()) == shown


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.partition(":")[0])
def test_every_receiver_shown_is_one_that_works(block: str) -> None:
    receivers = yaml.safe_load(block)
    whole = yaml.safe_dump({"receivers": receivers, "routes": [{"receivers": list(receivers)}]}, allow_unicode=True)

    assert set(read(whole, without_secrets=True).receivers) == set(receivers)


def test_the_table_names_the_presets_that_the_settings_have() -> None:
    for name, kind in discover().items():
        [row] = re.findall(rf"^\| \[{name}\].*$", PAGE, re.MULTILINE)
        rate = kind.settings.model_fields["rate"].default
        if rate is None:
            assert "| none |" in row
        else:
            span = {60: "min", 1: "s"}[int(rate.per.total_seconds())]
            assert f"| {rate.messages}/{span}{f', {rate.burst} at once' if rate.burst > 1 else ''} |" in row

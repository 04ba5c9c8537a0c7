"""Every upstream's folder is found, and its examples hold."""

from importlib import import_module
from typing import Any

import msgspec
import pytest

from services.ingest import sources
from services.ingest.sources import Upstream, discover
from shared.events import accept

EXAMPLES = [
    pytest.param(upstream, example, id=f"{name}: {example.name}")
    for name, upstream in discover().items()
    for example in import_module(f"services.ingest.sources.{name}.examples").EXAMPLES
]


@pytest.mark.parametrize(("upstream", "example"), EXAMPLES)
def test_a_row_becomes_the_events_its_example_says(upstream: Upstream, example: Any) -> None:
    assert list(upstream.files[example.file](example.row)) == example.events


@pytest.mark.parametrize(("upstream", "example"), EXAMPLES)
def test_an_examples_events_are_valid(upstream: Upstream, example: Any) -> None:
    for event in example.events:
        assert accept(msgspec.json.encode(event)).event.source == upstream.source


@pytest.mark.parametrize(("name", "upstream"), discover().items())
def test_each_file_of_an_upstream_has_an_example(name: str, upstream: Upstream) -> None:
    shown = {example.file for example in import_module(f"services.ingest.sources.{name}.examples").EXAMPLES}
    assert shown == set(upstream.files)


def test_a_folder_without_an_upstream_fails_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(import_module("services.ingest.sources.superlender.mapping"), "UPSTREAM")
    with pytest.raises(TypeError, match=r"sources/superlender/mapping\.py"):
        sources.discover()

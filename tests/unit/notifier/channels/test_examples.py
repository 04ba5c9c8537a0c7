"""Every channel's examples, and that every channel has some."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from services.notifier.channels import discover, examples
from services.notifier.channels.channel import Example
from tests.channels import message
from tests.sink import SECRET

CASES = [pytest.param(name, each, id=f"{name}: {each.name}") for name in discover() for each in examples(name)]


def test_every_channel_has_examples() -> None:
    assert {each.values[0] for each in CASES} == set(discover())


def _secrets(settings: Any) -> Iterator[str]:
    """The environment variables that an example's settings name."""
    if isinstance(settings, dict):
        if isinstance(name := settings.get("secret_env"), str):
            yield name
        settings = list(settings.values())
    if isinstance(settings, list):
        for each in settings:
            yield from _secrets(each)


@pytest.mark.parametrize(("channel", "example"), CASES)
def test_a_message_says_what_its_example_promises(
    channel: str, example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in _secrets(example.settings):
        monkeypatch.setenv(name, "https://secret.example/hook" if name.endswith("_URL") else SECRET)
    kind = discover()[channel]
    opened = kind.open(kind.settings.model_validate(example.settings))

    told = message(example.change, sent_at=example.change.at)
    preview = opened.preview(replace(told, **example.around))

    assert [each for each in example.says if each not in preview] == [], preview


@pytest.mark.parametrize(("channel", "example"), CASES)
def test_a_preview_shows_no_secret(channel: str, example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {}
    for name in _secrets(example.settings):
        secrets[name] = "https://secret.example/hook" if name.endswith("_URL") else SECRET
        monkeypatch.setenv(name, secrets[name])
    kind = discover()[channel]
    preview = kind.open(kind.settings.model_validate(example.settings)).preview(
        replace(message(example.change), **example.around)
    )

    assert [each for each in secrets.values() if each in preview] == []

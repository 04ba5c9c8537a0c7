"""Every channel's examples, and that every channel has some."""

from uuid import UUID

import pytest

from services.notifier.channels import discover, examples
from services.notifier.channels.channel import Example
from services.notifier.core.message import Message
from tests.sink import SECRET

CASES = [pytest.param(name, each, id=f"{name}: {each.name}") for name in discover() for each in examples(name)]


def test_every_channel_has_examples() -> None:
    assert {each.values[0] for each in CASES} == set(discover())


@pytest.mark.parametrize(("channel", "example"), CASES)
def test_a_message_says_what_its_example_promises(
    channel: str, example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXAMPLE_WEBHOOK_SECRET", SECRET)
    kind = discover()[channel]
    opened = kind.open(kind.settings.model_validate(example.settings))
    at = example.change.at
    message = Message(UUID(int=1), example.change, example.change.model_dump_json().encode(), created_at=at, sent_at=at)

    preview = opened.preview(message)

    assert [each for each in example.says if each not in preview] == [], preview

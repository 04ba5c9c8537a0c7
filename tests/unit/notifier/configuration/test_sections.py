"""Links in messages lead to the notifier and say for whom they were made."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.notifier.configuration.sections import AcknowledgementLinks
from services.notifier.core.tokens import Link, proven
from tests.changes import AT


@pytest.fixture
def links(monkeypatch: pytest.MonkeyPatch) -> AcknowledgementLinks:
    monkeypatch.setenv("NEW", "the new secret")
    monkeypatch.setenv("OLD", "the old secret")
    secrets = [{"secret_env": "NEW"}, {"secret_env": "OLD"}]
    return AcknowledgementLinks.model_validate(
        {"base_url": "https://notifier.example/bellwether/", "secrets": secrets, "valid": "2d"}
    )


def test_a_link_is_signed_with_the_first_secret_and_ends_when_it_was_said_to(links: AcknowledgementLinks) -> None:
    url = links.url(UUID(int=7), "branch-kano", AT)
    base, _, token = url.rpartition("/")

    assert base == "https://notifier.example/bellwether/v1/acknowledge"
    assert proven(token, [b"the new secret"], AT) == Link(UUID(int=7), "branch-kano", AT + timedelta(days=2))


def test_every_attempt_at_a_message_carries_the_same_link_and_every_receiver_another(
    links: AcknowledgementLinks,
) -> None:
    given = [links.url(UUID(int=7), receiver, AT) for receiver in ("kano", "kano", "jos")]
    assert given[0] == given[1] != given[2]

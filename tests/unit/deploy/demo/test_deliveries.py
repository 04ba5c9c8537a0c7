"""What receivers were told, read from the bodies that the notifier's webhook channel makes."""

import json
from datetime import UTC, datetime
from typing import Any

from deploy.local.demo.deliveries import Deliveries, Letter
from services.notifier.channels.webhook.message import body
from services.notifier.core.message import Message, Purpose
from shared.warnings import Kind, Level, WarningChange
from tests.unit.deploy.demo.changes import change

RAISED, OTHER = change("a", Kind.RAISED, Level.RED), change("b", Kind.RAISED, Level.YELLOW)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _body(told: WarningChange, **more: Any) -> dict[str, Any]:
    message = Message(told.change_id, told, told.model_dump_json().encode(), NOW, NOW, **more)
    read: dict[str, Any] = json.loads(body(message))
    return read


def test_a_letter_of_one_warning_is_read_with_its_link() -> None:
    payload = _body(RAISED, purpose=Purpose.ESCALATION, acknowledge_url="http://127.0.0.1/v1/acknowledge/x")

    expected = Letter("chief", 3.0, Purpose.ESCALATION, (RAISED.change_id,), 1, {}, "http://127.0.0.1/v1/acknowledge/x")
    assert Letter.read("chief", payload, 3.0) == expected


def test_a_letter_of_several_is_read_with_what_they_have_in_common() -> None:
    payload = _body(RAISED, purpose=Purpose.GROUP, others=(OTHER,), total=2, common={"branch": "Kano 1"})

    expected = Letter(
        "officers", 3.0, Purpose.GROUP, (RAISED.change_id, OTHER.change_id), 2, {"branch": "Kano 1"}, None
    )
    assert Letter.read("officers", payload, 3.0) == expected


def test_an_acknowledgement_is_told_and_is_none_of_the_changes_that_are_counted() -> None:
    deliveries, shown = Deliveries(), list[WarningChange]()
    deliveries.show = shown.append
    answered = change("a", Kind.ACKNOWLEDGED, Level.RED, day=2)
    for each in (RAISED, answered):
        deliveries.take(_body(each))

    assert deliveries.changes == [RAISED]
    assert deliveries.acknowledged == {RAISED.warning_id: answered}
    assert shown == [RAISED, answered]


def test_letters_are_kept_and_handed_on_as_they_come() -> None:
    deliveries, handed = Deliveries(), list[Letter]()
    deliveries.hand = handed.append
    deliveries.taker("officers")(_body(RAISED))

    assert [each.receiver for each in handed] == ["officers"]
    assert deliveries.letters == handed

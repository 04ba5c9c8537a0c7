"""What a log line says, and what it keeps to itself."""

from dataclasses import replace
from datetime import timedelta

from services.notifier.channels.log.message import fields
from services.notifier.core.message import Purpose
from tests.changes import change
from tests.channels import ID, message, several


def test_a_single_change_has_no_field_of_groups() -> None:
    assert {"total", "purpose", "common", "written_at"}.isdisjoint(fields(message()))


def test_a_group_names_all_its_changes() -> None:
    line = fields(several(change(2), common={"branch": "Kano"}, total=30))

    assert (line["type"], line["purpose"], line["total"]) == ("warnings.group", "group", 30)
    assert line["change_ids"] == [str(change().change_id), str(change(2).change_id)]
    assert line["common"] == {"branch": "Kano"}


def test_the_link_is_a_key_and_not_logged() -> None:
    assert "https://b.example" not in str(fields(replace(message(), acknowledge_url="https://b.example/a?t=1")))


def test_a_heartbeat_names_no_borrower() -> None:
    assert fields(replace(message(), purpose=Purpose.HEARTBEAT)) == {
        "delivery_id": str(ID),
        "type": "notifier.heartbeat",
        "purpose": "heartbeat",
    }


def test_a_late_line_says_when_it_was_written() -> None:
    late = replace(message(), sent_at=message().created_at + timedelta(hours=3))

    assert fields(late)["written_at"] == "2026-03-01T09:31:02+00:00"

"""A configuration that writes to borrowers names its conduct, and mixes no two of them."""

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.notifier.configuration import ConfigurationError, read
from services.notifier.service import contact_keys, reachable
from services.notifier.settings import NotifierSettings
from services.notifier.store.sealing import Sealer

KEY = base64.b64encode(bytes(32)).decode()
GENTLE: dict[str, Any] = {
    "channel": "email",
    "audience": "borrower",
    "conduct": "china",
    "host": "smtp.example",
    "from": "service@lender.example",
    "borrower": {"template": "late", "lender": "Example Bank", "contact": "+1 202 555 0100"},
}
JOURNAL = {"channel": "log"}


def _text(gentle: dict[str, Any], journal: dict[str, Any] = JOURNAL, **more: Any) -> str:
    given = {"receivers": {"gentle": gentle, "journal": journal}, "routes": [{"receivers": ["gentle", "journal"]}]}
    return yaml.safe_dump({**given, **more})


def test_a_receiver_of_borrowers_with_its_conduct_is_taken() -> None:
    assert read(_text(GENTLE)).receivers["gentle"].conduct == "china"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (_text({**GENTLE, "conduct": None}), "expected `conduct`, one of china, us-regulation-f"),
        (_text({**GENTLE, "conduct": "none"}), "for audience borrower"),
        (_text(GENTLE, {**JOURNAL, "conduct": "china"}), "expected `conduct` with audience borrower alone"),
        (_text({**GENTLE, "storm": {"messages": 5}}), "a summary speaks of many"),
        (
            _text(
                {**GENTLE, "borrower": {**GENTLE["borrower"], "template": "upcoming"}, "borrower_kinds": ["cleared"]}
            ),
            "such a warning also ends unpaid",
        ),
        (_text(GENTLE, {**JOURNAL, "fallback": "gentle"}), "expected a receiver that is not for borrowers"),
        (
            _text(GENTLE, escalations={"up": {"steps": [{"wait": "1h", "receivers": ["gentle"]}]}}),
            "expected receivers that are not for borrowers",
        ),
        (
            _text(GENTLE, routes=[{"group": {"by": ["branch"]}, "routes": [{"receivers": ["gentle", "journal"]}]}]),
            "one borrower's changes at a time",
        ),
        (
            _text(
                GENTLE, routes=[{"digest": {"at": ["08:00"], "time_zone": "UTC"}, "receivers": ["gentle", "journal"]}]
            ),
            "one borrower's changes at a time",
        ),
    ],
)
def test_what_would_tell_a_borrower_too_much_or_without_rules_is_refused(text: str, expected: str) -> None:
    with pytest.raises(ConfigurationError, match=expected.replace("`", ".")):
        read(text)


def test_a_route_that_groups_by_borrower_may_lead_to_borrowers() -> None:
    inner = {"group": {"by": ["borrower", "loan"]}, "receivers": ["gentle", "journal"]}
    found = read(_text(GENTLE, routes=[{"group": {"by": ["branch"]}, "routes": [inner]}]))
    assert set(found.receivers) == {"gentle", "journal"}


def test_quiet_times_that_never_end_are_refused() -> None:
    routes = [{"receivers": ["gentle", "journal"], "quiet": "always"}]
    with pytest.raises(ConfigurationError, match="never end"):
        read(_text(GENTLE, routes=routes, times={"always": {"time_zone": "UTC"}}))


def test_without_keys_nobody_can_write_to_borrowers() -> None:
    configuration = read(_text(GENTLE))
    reachable(configuration, Sealer({"a": bytes(32)}))
    with pytest.raises(ConfigurationError, match=r"gentle.*need NOTIFIER_CONTACT_KEYS"):
        reachable(configuration, None)


def test_keys_come_from_the_environment_or_a_file_and_are_not_shown(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(f"a:{KEY}\n")
    by_value = NotifierSettings.model_validate({"notifier_contact_keys": f"a:{KEY}"})
    by_file = NotifierSettings.model_validate({"notifier_contact_keys_file": str(tmp_path / "keys")})
    assert KEY not in repr(by_value)
    for settings in (by_value, by_file):
        assert contact_keys(settings) is not None
    assert contact_keys(NotifierSettings()) is None


@pytest.mark.parametrize("given", [{"notifier_contact_keys": "a:b"}, {"notifier_contact_keys_file": "/nowhere/keys"}])
def test_keys_that_are_none_are_told_with_their_setting(given: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="NOTIFIER_CONTACT_KEYS"):
        contact_keys(NotifierSettings.model_validate(given))

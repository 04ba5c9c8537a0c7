"""What docs/reminders.md says is so: its rule does what its examples say, and its configuration is taken."""

import re

import pytest

from deploy.local.processes import ROOT
from services.notifier.configuration import read
from services.notifier.core.routing import tellings_of
from services.warning.core.examples import play
from services.warning.core.rules.loading import load_ruleset
from services.warning.core.rules.ruleset import Example, Rule
from shared.warnings import Level, WarningChange
from tests.changes import change

RULES, CONFIGURATION = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/reminders.md").read_text("utf-8"), re.DOTALL)
RULESET = load_ruleset(RULES)
CASES = [pytest.param(rule, each, id=each.name) for rule in RULESET.rules for each in rule.examples]


@pytest.mark.parametrize(("rule", "example"), CASES)
def test_the_rule_does_what_its_examples_say(rule: Rule, example: Example) -> None:
    assert play(RULESET, rule, example) == example.changes


def _of(rule: str, level: Level) -> WarningChange:
    return change(1, level=level).model_copy(update={"rule": rule})


@pytest.mark.parametrize(
    ("told_of", "receivers"),
    [
        (_of("upcoming_payment", Level.BLUE), ["due-soon"]),
        (_of("missed_payment", Level.BLUE), ["just-late", "desk"]),
        (_of("missed_payment", Level.RED), ["desk"]),
    ],
)
def test_borrowers_are_reminded_and_staff_is_not(told_of: WarningChange, receivers: list[str]) -> None:
    found = tellings_of(read(CONFIGURATION).routes, told_of)

    assert [each.receiver for each in found] == receivers

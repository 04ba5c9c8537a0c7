"""The shipped ruleset's examples, each played on its own."""

import pytest

from services.warning.core.examples import play
from services.warning.core.rules.loading import load_ruleset
from services.warning.core.rules.ruleset import Example, Rule
from services.warning.settings import SHIPPED_RULESET

RULESET = load_ruleset(SHIPPED_RULESET.read_text(encoding="utf-8"))
CASES = [pytest.param(rule, each, id=f"{rule.id}: {each.name}") for rule in RULESET.rules for each in rule.examples]


@pytest.mark.parametrize(("rule", "example"), CASES)
def test_the_example_comes_out_as_its_author_says(rule: Rule, example: Example) -> None:
    assert play(RULESET, rule, example) == example.changes


@pytest.mark.parametrize("rule", RULESET.rules, ids=lambda rule: rule.id)
def test_every_shipped_rule_shows_when_it_fires_and_when_it_stays_quiet(rule: Rule) -> None:
    assert any(each.changes for each in rule.examples)
    assert any(not each.changes for each in rule.examples)


@pytest.mark.parametrize("rule", RULESET.rules, ids=lambda rule: rule.id)
def test_every_shipped_rule_names_its_source_and_speaks_both_languages(rule: Rule) -> None:
    assert rule.source
    assert set(rule.text) == {"en", "zh"}
    assert rule.clear is not None

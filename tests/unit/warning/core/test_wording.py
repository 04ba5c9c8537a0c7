"""A change in words."""

import pytest

from services.warning.core.rules.loading import load_ruleset
from services.warning.core.rules.ruleset import Rule
from services.warning.core.wording import amount, clears_when, text_of

RULE = """
ruleset: words
rules:
  - id: falling
    family: business
    measure: revenue_change_3m
    below: {{yellow: -0.2}}
    {clear}
    text: {{en: "{{borrower}} sells {{value}} ({{level}}, {{loan}})", zh: "{{borrower}} {{value}} {{level}}"}}
"""


def _rule(clear: str = "") -> Rule:
    return load_ruleset(RULE.format(clear=clear)).rules[0]


@pytest.mark.parametrize(
    ("value", "unit", "en", "zh"),
    [
        (1, "days", "1 day", "1天"),
        (30, "days", "30 days", "30天"),
        (4, "lenders", "4 lenders", "4家"),
        (-0.2345, "ratio", "-23.4%", "-23.4%"),
        (2.5, "", "2.50", "2.50"),
        (3.0, "", "3", "3"),
    ],
)
def test_a_value_comes_with_its_unit(value: float, unit: str, en: str, zh: str) -> None:
    assert (amount(value, unit, "en"), amount(value, unit, "zh")) == (en, zh)


def test_the_placeholders_are_filled_in_both_languages() -> None:
    assert text_of(_rule(), -0.25, None, "B7", 1) == {"en": "B7 sells -25.0% (yellow, -)", "zh": "B7 -25.0% 黄色"}


@pytest.mark.parametrize(
    ("clear", "said"),
    [
        ("", "revenue_change_3m is above -20.0%"),
        ("clear: {after: 36h}", "revenue_change_3m is above -20.0% for 1.5 days"),
        ("clear: {above: -0.05, after: 30d}", "revenue_change_3m is at least -5.0% for 30 days"),
    ],
)
def test_it_says_what_would_clear_the_warning(clear: str, said: str) -> None:
    rule = _rule(clear)
    assert clears_when(rule, rule.bands)["en"] == said

"""What a rule makes of the facts as of a moment, and when time alone may change that."""

from collections.abc import Mapping
from math import inf, isfinite, nextafter
from typing import Any

import msgspec

from services.warning.core.borrower import Open, RuleState
from services.warning.core.by_loan import seen_from_a_loan
from services.warning.core.calendar import AsOf
from services.warning.core.indicators import CATALOGUE, Indicator, Reading
from services.warning.core.indicators.indicator import Terms, earliest, only_by_events
from services.warning.core.rules.ruleset import Bands, Expression, Rule


class Judged(msgspec.Struct, frozen=True, gc=False):
    """The measure, or None where it is absent, and the level whose band it hits, or None."""

    value: float | int | None
    level: int | None
    bands: Bands
    guarded: bool = False
    """A guard was asked, so that a change of its indicators may matter too."""


class Judge:
    """One rule, ready to look at facts; at LoanFacts where it is per loan."""

    def __init__(self, rule: Rule, terms: Terms, catalogue: Mapping[str, Indicator] = CATALOGUE) -> None:
        if rule.per_loan:
            catalogue = seen_from_a_loan(catalogue)
        self.rule = rule
        self._terms = terms
        self._catalogue = catalogue
        self._measured = [
            catalogue[name] for name in ((rule.measure,) if isinstance(rule.measure, str) else rule.measure.names)
        ]
        self._guards = [catalogue[name] for name in rule.given.names] if rule.given else []
        self._simple = self._measured[0] if isinstance(rule.measure, str) else None
        self._still = all(each.next_change is only_by_events for each in (*self._measured, *self._guards))
        self.reads = frozenset().union(
            *(each.reads for each in (*self._measured, *self._guards)), {"profile"} if rule.segments else ()
        )

    @property
    def names_loans(self) -> bool:
        """Whether one warning is of all the borrower's loans, and names the worst of them."""
        return self._simple is not None and self._simple.per_loan and not self.rule.per_loan

    def bands_for(self, facts: Any) -> Bands:
        """The bands of the borrower's segment, or the rule's own."""
        return self.rule.segments.get(facts.profile.segment, self.rule.bands) if self.rule.segments else self.rule.bands

    def judge(self, facts: Any, as_of: AsOf) -> Judged:
        """Measure, then find the band; a guard is looked at only where a band is hit."""
        bands = self.bands_for(facts)
        value = self._value(facts, as_of)
        if value is None:
            return Judged(None, None, bands)
        level = bands.level(value)
        if level is not None and self.rule.given is not None:
            allowed = self._evaluate(self.rule.given, self._guards, facts, as_of)
            if allowed is None:
                return Judged(None, None, bands, guarded=True)
            return Judged(value, level if allowed else None, bands, guarded=True)
        return Judged(value, level, bands)

    def read(self, facts: Any, as_of: AsOf) -> Reading | None:
        """The measure with what it came from, for those who tell of it."""
        if self._simple is not None:
            return self._simple.measure(facts, as_of, self._terms)
        value = self._value(facts, as_of)
        return None if value is None else Reading(value)

    def why_better(self, facts: Any, as_of: AsOf, warning: Open, raised: AsOf) -> str | None:
        """Why what a warning was raised on is better now, where nobody paid."""
        found = (each.why(facts, as_of, self._terms, warning.loan_id, raised) for each in self._measured)
        return next((each for each in found if each is not None), None)

    def _value(self, facts: Any, as_of: AsOf) -> float | int | None:
        if self._simple is not None:
            return self._simple.value(facts, as_of, self._terms)
        assert not isinstance(self.rule.measure, str)
        value = self._evaluate(self.rule.measure, self._measured, facts, as_of)
        return value if value is not None and isfinite(value) else None

    def _evaluate(self, expression: Expression, indicators: list[Indicator], facts: Any, as_of: AsOf) -> Any:
        values: dict[str, float | int | None] = {}
        for each in indicators:
            value = each.value(facts, as_of, self._terms)
            values[each.name] = value if value is None or each.whole else float(value)
        return expression.evaluate(values)

    def quiet_until(self, facts: Any, as_of: AsOf) -> int | None:
        """When to look again at a rule with no warning and no hold, 0: never. None where it is not that simple.

        The short way for most rules, most of the time: an indicator in no band, where `judge` finds no level and
        `next_due` the same moment.
        """
        if self._simple is None:
            return None
        value, up, down = self._simple.value(facts, as_of, self._terms), None, None
        if value is not None:
            bands = self.bands_for(facts) if self.rule.segments else self.rule.bands
            if bands.direction == "above":
                up = bands.steps[0][0]
                if value >= up:
                    return None
            else:
                down = bands.steps[0][0]
                if value <= down:
                    return None
        if self._still:
            return 0
        found = self._simple.next_change(facts, as_of, self._terms, up, down)
        return 0 if found is None else max(found, as_of.at + 1)

    def next_due(self, facts: Any, state: RuleState, judged: Judged, as_of: AsOf) -> int | None:
        """When to look again if no event comes: a lower bound, later than `as_of.at`."""
        moments = [self._measure_change(facts, state, judged, as_of)]
        if judged.guarded:
            moments += [self._any_change(each, facts, as_of) for each in self._guards]
        opened = state.open
        if self.rule.hold:
            moments += [
                since + self.rule.hold for level, since in state.held.items() if opened is None or level > opened.level
            ]
        if opened is not None and opened.recovered_since >= 0 and self.rule.clear is not None:
            moments.append(opened.recovered_since + self.rule.clear.after)
        found = earliest(moments)
        return None if found is None else max(found, as_of.at + 1)

    def _measure_change(self, facts: Any, state: RuleState, judged: Judged, as_of: AsOf) -> int | None:
        if judged.value is None or self._simple is None:
            return earliest([self._any_change(each, facts, as_of) for each in self._measured])
        up, down = self._bounds(judged, state)
        return self._simple.next_change(facts, as_of, self._terms, up, down)

    def _bounds(self, judged: Judged, state: RuleState) -> tuple[float | None, float | None]:
        """The next values at which something may happen; without a warning or a hold, only those that are worse."""
        value, bands = judged.value, judged.bands
        assert value is not None
        above = bands.direction == "above"
        # A band is left, and a clear condition is lost, just beyond its threshold.
        edges = [(each, nextafter(each, -inf)) if above else (nextafter(each, inf), each) for each, _ in bands.steps]
        if self.rule.clear is not None and self.rule.clear.threshold is not None:
            cleared = self.rule.clear.threshold
            edges.append((nextafter(cleared, inf), cleared) if above else (cleared, nextafter(cleared, -inf)))
        up = min([higher for higher, _ in edges if higher > value], default=None)
        down = max([lower for _, lower in edges if lower < value], default=None)
        if state.open is None and not state.held:
            return (up, None) if above else (None, down)
        return up, down

    def _any_change(self, indicator: Indicator, facts: Any, as_of: AsOf) -> int | None:
        found = indicator.value(facts, as_of, self._terms)
        if found is None:
            return indicator.next_change(facts, as_of, self._terms, None, None)
        value = float(found)
        return indicator.next_change(facts, as_of, self._terms, nextafter(value, inf), nextafter(value, -inf))

"""What came of a replay, in numbers."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from services.warning.core.changes import ENGINE_VERSION
from services.warning.core.rules.ruleset import LEVELS, Ruleset
from services.warning.replay.shard import Outcome, Rejected

SHOWN_DETAILS = 20
"""Every rejected line's number is in the report; what was wrong is told of the first few of each reason."""


def report(outcomes: Sequence[Outcome], ruleset: Ruleset, time_zone: str, seconds: float) -> dict[str, Any]:
    """The document `report.json`. All but `seconds` and `events_per_s` depends on events, ruleset and zone alone."""
    decided = sum((each.outcomes for each in outcomes), Counter[str]())
    counts = sum((each.counts for each in outcomes), Counter[tuple[str, str, str]]())
    events = decided.total()
    return {
        "ruleset": {"name": ruleset.name, "version": ruleset.version, "digest": ruleset.digest},
        "time_zone": time_zone,
        "engine": ENGINE_VERSION,
        "events": events,
        "applied": decided["applied"],
        "duplicates": decided["duplicate"],
        "clock_records": outcomes[0].clock_records,
        "borrowers": sum(each.borrowers for each in outcomes),
        "changes": counts.total(),
        "by_rule": _summed(counts, 0),
        "by_level": _summed(counts, 1),
        "by_kind": _summed(counts, 2),
        "counts": [
            {"rule": rule, "level": level, "kind": kind, "count": count}
            for (rule, level, kind), count in sorted(counts.items(), key=lambda each: _order(each[0]))
        ],
        "rejected": _by_reason(sorted(each for outcome in outcomes for each in outcome.rejected)),
        "remarks": _by_reason(sorted(each for outcome in outcomes for each in outcome.remarks)),
        "seconds": round(seconds, 3),
        "events_per_s": round(events / seconds) if seconds else events,
    }


def _order(key: tuple[str, str, str]) -> tuple[str, int, str]:
    return key[0], LEVELS.index(key[1]), key[2]


def _summed(counts: Counter[tuple[str, str, str]], place: int) -> dict[str, int]:
    found: Counter[str] = Counter()
    for key in sorted(counts, key=_order):
        found[key[place]] += counts[key]
    return dict(found)


def _by_reason(lines: Sequence[Rejected]) -> dict[str, Any]:
    by_reason: defaultdict[str, list[Rejected]] = defaultdict(list)
    for each in lines:
        by_reason[each.reason].append(each)
    return {
        reason: {
            "count": len(found),
            "lines": [each.line for each in found],
            "details": [f"line {each.line}: {each.detail}" for each in found[:SHOWN_DETAILS]],
        }
        for reason, found in sorted(by_reason.items())
    }

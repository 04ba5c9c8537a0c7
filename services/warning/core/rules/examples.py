"""Reads a rule's examples: what happens to a borrower, and what the rule says to it.

    - name: an instalment a week late
      events:
        - {on: 2026-01-05, loan.disbursed: {schedule: [{due_date: 2026-02-05, amount: 50}]}}
      until: 2026-02-13
      changes: [{on: 2026-02-06, raised: blue}, {on: 2026-02-12, escalated: yellow}]

Each event comes at noon; what it leaves out of these is filled in: `loan_id` (L1), `currency` (EUR), `principal`
(1000), and its own day for `value_date`, `as_of`, `closed_on`, `effective_on` and `on`. `until` lets time pass, up to
00:00 of that day; days are UTC's. A change may say of which loan it is: `{on: 2026-02-06, raised: blue, loan: L1}`.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
import yaml
from pydantic import ValidationError

from services.warning.core.records import Event, read
from services.warning.core.rules.document import Document
from services.warning.core.rules.reading import describe, items, mapping, pairs, required, suggestion, text
from services.warning.core.rules.ruleset import LEVELS, Example, Expected
from shared.events import CONTROL_TYPES, DATA_MODELS, accept

BORROWER = "example"
_EXAMPLE = ("name", "events", "until", "changes")
_TYPES = sorted(DATA_MODELS.keys() - CONTROL_TYPES)
_STARTS = ("raised", "escalated", "eased")
_ENDS = ("cleared", "withdrawn")


def examples(document: Document, node: yaml.Node) -> tuple[Example, ...]:
    """A rule's examples; the names tell them apart."""
    found: dict[str, Example] = {}
    for each in items(document, node, "'examples'"):
        example = _example(document, each)
        if example is not None and example.name in found:
            document.wrong(each, f"two examples are called {example.name!r}; expected each name once in a rule")
        elif example is not None:
            found[example.name] = example
    return tuple(found.values())


def _example(document: Document, node: yaml.Node) -> Example | None:
    fields = mapping(document, node, "an example", _EXAMPLE)
    required(document, node, fields, "an example", "name", "events", "changes")
    name = text(document, fields["name"], "'name'") if "name" in fields else None
    until = _day(document, fields["until"], "'until'") if "until" in fields else None
    if name is None or "events" not in fields or "changes" not in fields:
        return None
    happened = [
        _event(document, each, number) for number, each in enumerate(items(document, fields["events"], "'events'"))
    ]
    events = [each for each in happened if each is not None]
    return Example(name, tuple(events), until, _changes(document, fields["changes"]))


def _event(document: Document, node: yaml.Node, number: int) -> Event | None:
    fields = {key.value: (key, value) for key, value in pairs(document, node, "an example's event")}
    named = [each for each in fields if each != "on"]
    if not isinstance(node, yaml.MappingNode):
        return None
    if "on" not in fields or len(named) != 1:
        document.wrong(node, f"expected an event as {{on: 2026-01-31, {_TYPES[-1]}: {{...}}}}, got {_keys(fields)}")
        return None
    (event_type,), (key, data) = named, fields[named[0]]
    if event_type not in _TYPES:
        document.wrong(key, f"unknown event {event_type!r}; {suggestion(event_type, _TYPES)}")
        return None
    day = _day(document, fields["on"][1], "'on'")
    return None if day is None else _accepted(document, data, event_type, day, number)


def _keys(fields: Mapping[str, Any]) -> str:
    return " and ".join(map(repr, fields)) or "nothing"


def _accepted(document: Document, node: yaml.Node, event_type: str, day: date, number: int) -> Event | None:
    """The event as it would come from topic `events`, through the same gate."""
    given = _plain(node)
    defaults = {"loan_id": "L1", "currency": "EUR", "principal": "1000"}
    defaults |= dict.fromkeys(("value_date", "as_of", "closed_on", "effective_on", "on"), day.isoformat())
    wanted = DATA_MODELS[event_type].model_fields
    data = {name: each for name, each in defaults.items() if name in wanted} | (
        given if isinstance(given, dict) else {}
    )
    envelope = {
        "specversion": "1.0",
        "id": f"event-{number + 1}",
        "source": "/examples",
        "type": event_type,
        "subject": BORROWER,
        "time": f"{day}T12:00:00Z",
        "data": data,
    }
    try:
        return read(accept(msgspec.json.encode(envelope)).value)
    except ValidationError as error:
        for each in error.errors():
            place = ".".join(str(part) for part in each["loc"] if part not in (event_type, "data"))
            document.wrong(node, f"{event_type}: {place}: {each['msg']}")
        return None


def _plain(node: yaml.Node) -> Any:
    """The node as JSON in which every scalar is text, as all that events carry is."""
    if isinstance(node, yaml.MappingNode):
        return {key.value: _plain(value) for key, value in node.value if isinstance(key, yaml.ScalarNode)}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(each) for each in node.value]
    return node.value


def _day(document: Document, node: yaml.Node, what: str) -> date | None:
    try:
        return date.fromisoformat(node.value)
    except (TypeError, ValueError):
        document.wrong(node, f"expected {what} as a day such as 2026-01-31, got {describe(node)}")
        return None


def _changes(document: Document, node: yaml.Node) -> tuple[Expected, ...]:
    """What is expected, in order; an empty list where the rule stays quiet."""
    if isinstance(node, yaml.SequenceNode) and not node.value:
        return ()
    found = [_change(document, each) for each in items(document, node, "'changes'")]
    return tuple(each for each in found if each is not None)


def _change(document: Document, node: yaml.Node) -> Expected | None:
    fields = mapping(document, node, "a change", ("on", *_STARTS, *_ENDS, "loan"))
    kinds = [each for each in fields if each not in ("on", "loan")]
    if "on" not in fields or len(kinds) != 1:
        if isinstance(node, yaml.MappingNode):
            document.wrong(node, "expected a change as {on: 2026-01-31, raised: yellow}")
        else:
            document.wrong(node, f"expected a change, got {describe(node)}")
        return None
    level = fields[kinds[0]]
    if level.value not in LEVELS:
        document.wrong(level, f"expected a level after {kinds[0]!r}, one of {', '.join(LEVELS)}; got {describe(level)}")
        return None
    day = _day(document, fields["on"], "'on'")
    loan = text(document, fields["loan"], "'loan'") if "loan" in fields else None
    return None if day is None else Expected(day, kinds[0], level.value, loan)

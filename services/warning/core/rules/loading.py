"""From a ruleset's text to a Ruleset, or to every mistake in it."""

from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from typing import Any

import msgspec
import yaml

from services.warning.core.indicators import CATALOGUE, Indicator
from services.warning.core.rules.document import Document, RulesetError
from services.warning.core.rules.examples import examples
from services.warning.core.rules.expressions import CelExpression, ExpressionError, condition
from services.warning.core.rules.expressions import measure as measuring
from services.warning.core.rules.materiality import ledger
from services.warning.core.rules.reading import IDENTIFIER, NAME, duration, items, mapping, required, suggestion, word
from services.warning.core.rules.reading import text as words
from services.warning.core.rules.ruleset import Bands, Clear, Materiality, Rule, Ruleset, Subject
from services.warning.core.rules.subject import subject
from services.warning.core.rules.templates import texts
from services.warning.core.rules.thresholds import bands, clear, on_the_right_side, segments

_RULESET = ("ruleset", "version", "ledger", "rules")
_RULE = (
    "id", "family", "measure", "per", "unit", "above", "below", "given", "hold", "clear", "segments", "text", "source",
    "examples",
)  # fmt: skip
MAX_SOURCE = 1_000
_PLAIN: dict[Subject, dict[str, str]] = {
    "borrower": {
        "en": "{level}: %s is {value} for borrower {borrower}.",
        "zh": "{level}预警：借款人 {borrower} 的 %s 为 {value}。",
    },
    "loan": {
        "en": "{level}: %s is {value} for loan {loan} of borrower {borrower}.",
        "zh": "{level}预警：借款人 {borrower} 贷款 {loan} 的 %s 为 {value}。",
    },
}
"""What a rule without a text says, by whom it warns of."""
_encode = msgspec.json.Encoder(order="sorted").encode


def load_ruleset(text: str) -> Ruleset:
    """Read and check a ruleset. Raises RulesetError with every problem there is, each with its line and column."""
    document = Document(text)
    root = document.compose()
    found = _ruleset(document, root) if root is not None else None
    if document.problems or found is None:
        raise RulesetError(document.problems)
    return found


def _ruleset(document: Document, root: yaml.Node) -> Ruleset | None:
    fields = mapping(document, root, "a ruleset", _RULESET)
    required(document, root, fields, "a ruleset", "ruleset", "rules")
    name = word(document, fields["ruleset"], "'ruleset'", NAME) if "ruleset" in fields else None
    version = word(document, _as_text(fields["version"]), "'version'", NAME) if "version" in fields else None
    everyone, by_kind = ledger(document, fields["ledger"]) if "ledger" in fields else (Materiality(), {})
    rules = _rules(document, fields["rules"]) if "rules" in fields else []
    if document.problems or name is None:
        return None
    digest = _digest(name, version, rules, everyone, by_kind)
    return Ruleset(name, version or digest[:12], digest, tuple(rules), everyone, by_kind)


def _as_text(node: yaml.Node) -> yaml.Node:
    """A version such as 2 or 1.10 is a name, whatever YAML takes it for."""
    if isinstance(node, yaml.ScalarNode) and node.tag in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float"):
        node.tag = "tag:yaml.org,2002:str"
    return node


def _rules(document: Document, node: yaml.Node) -> list[Rule]:
    found: dict[str, Rule] = {}
    for each in items(document, node, "'rules'"):
        rule = _rule(document, each)
        if rule is not None and rule.id in found:
            document.wrong(each, f"two rules are called {rule.id!r}; expected each id once")
        elif rule is not None:
            found[rule.id] = rule
    return list(found.values())


def _rule(document: Document, node: yaml.Node) -> Rule | None:
    fields = mapping(document, node, "a rule", _RULE)
    required(document, node, fields, "a rule", "id", "family", "measure")
    rule_id = word(document, fields["id"], "'id'") if "id" in fields else None
    family = word(document, fields["family"], "'family'") if "family" in fields else None
    measured = _measure(document, fields["measure"]) if "measure" in fields else None
    own = bands(document, fields, node, "a rule") if isinstance(node, yaml.MappingNode) else None
    direction = own.direction if own else None
    by_segment = segments(document, fields["segments"], direction) if "segments" in fields else {}
    clearing = _clear(document, fields, own, by_segment)
    unit = _unit(document, fields, measured)
    given = _given(document, fields["given"]) if "given" in fields else None
    hold = duration(document, fields["hold"], "'hold'") if "hold" in fields else 0
    source = words(document, fields["source"], "'source'", longest=MAX_SOURCE) if "source" in fields else ""
    shown = examples(document, fields["examples"]) if "examples" in fields else ()
    per = subject(document, fields["per"], measured, CATALOGUE) if "per" in fields else "borrower"
    said = texts(document, fields["text"]) if "text" in fields else _plain(measured, per)
    if rule_id is None or family is None or measured is None or own is None:
        return None  # each of these has been noted
    return Rule(
        rule_id, family, measured, unit, own, given, hold or 0, clearing,
        {name: each for name, (each, _) in by_segment.items()}, said, source or "", shown, per,
    )  # fmt: skip


def _measure(document: Document, node: yaml.Node) -> str | CelExpression | None:
    value = words(document, node, "'measure'")
    if value is None or value in CATALOGUE:
        return value
    if IDENTIFIER.fullmatch(value):
        document.wrong(node, f"unknown indicator {value!r}; {suggestion(value, CATALOGUE)}")
        return None
    return _expression(document, node, measuring)


def _given(document: Document, node: yaml.Node) -> CelExpression | None:
    return None if words(document, node, "'given'") is None else _expression(document, node, condition)


def _expression(document: Document, node: yaml.Node, compile_: Any) -> CelExpression | None:
    assert isinstance(node, yaml.ScalarNode), "whoever calls has read it as text"
    catalogue: Mapping[str, Indicator] = CATALOGUE
    try:
        found: CelExpression = compile_(node.value, catalogue)
    except ExpressionError as error:
        document.wrong_inside(node, error.line, error.column, str(error))
        return None
    return found


def _unit(document: Document, fields: Mapping[str, yaml.Node], measured: str | CelExpression | None) -> str:
    """An indicator has its own; an expression may be given one, else it is a plain number."""
    if isinstance(measured, str):
        if "unit" in fields:
            document.wrong(fields["unit"], f"expected no 'unit' here: {measured} is in {CATALOGUE[measured].unit}")
        return CATALOGUE[measured].unit
    if "unit" not in fields:
        return ""
    known = {each.unit for each in CATALOGUE.values()}
    unit = word(document, fields["unit"], "'unit'")
    if unit is not None and unit not in known:
        document.wrong(fields["unit"], f"unknown unit {unit!r}; {suggestion(unit, sorted(known))}")
    return unit or ""


def _clear(
    document: Document,
    fields: Mapping[str, yaml.Node],
    own: Bands | None,
    by_segment: dict[str, tuple[Bands, yaml.Node]],
) -> Clear | None:
    if "clear" not in fields:
        return None
    clearing = clear(document, fields["clear"], own.direction if own else None)
    on_the_right_side(document, fields["clear"], clearing, own)
    for each, at in by_segment.values():
        on_the_right_side(document, at, clearing, each)
    return clearing


def _plain(measured: str | CelExpression | None, per: Subject) -> dict[str, str]:
    name = measured.source if isinstance(measured, CelExpression) else measured or ""
    shown = name.replace("{", "{{").replace("}", "}}")
    return {language: template % shown for language, template in _PLAIN[per].items()}


def _digest(
    name: str, version: str | None, rules: list[Rule], everyone: Materiality, by_kind: Mapping[str, Materiality]
) -> str:
    """SHA-256 of what decides and what is told, so that a comment, an example or another layout changes nothing."""
    terms = [asdict(everyone), {kind: asdict(each) for kind, each in by_kind.items()}]
    return sha256(_encode([name, version, terms, [_said(rule) for rule in rules]])).hexdigest()


def _said(rule: Rule) -> list[Any]:
    return [
        rule.id,
        rule.family,
        rule.measure if isinstance(rule.measure, str) else rule.measure.source,
        rule.unit,
        asdict(rule.bands),
        rule.given.source if rule.given else None,
        rule.hold,
        asdict(rule.clear) if rule.clear else None,
        {name: asdict(each) for name, each in rule.segments.items()},
        dict(rule.text),
        rule.source,
        *(["per", rule.per] if rule.per_loan else []),
    ]

"""Reads one value of a ruleset at a time. What is wrong is noted in the document, and the answer is then None."""

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from math import isfinite

import yaml

from services.warning.core.calendar import DAY
from services.warning.core.rules.document import Document
from shared.events.fields import WORD, WORD_EXPECTED

_KINDS = {
    "tag:yaml.org,2002:bool": "the boolean",
    "tag:yaml.org,2002:int": "the number",
    "tag:yaml.org,2002:float": "the number",
    "tag:yaml.org,2002:timestamp": "the date",
}
_NUMBER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_DURATION = re.compile(r"([1-9][0-9]{0,5})([dhm])")
_SPAN = {"d": DAY, "h": DAY // 24, "m": DAY // 1440}
MAX_DURATION_DAYS = 400
"""As long as items are kept."""
MAX_NUMBER = 1e15
IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,63}")
_WORD = re.compile(WORD)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def mapping(document: Document, node: yaml.Node, what: str, known: Collection[str]) -> dict[str, yaml.Node]:
    """The fields of a mapping; empty where it is none. Each may appear once, and only those that are known."""
    found: dict[str, yaml.Node] = {}
    for key, value in pairs(document, node, what):
        if key.value not in known:
            document.wrong(key, f"unknown key {key.value!r} in {what}; {suggestion(key.value, known)}")
        else:
            found[key.value] = value
    return found


def pairs(document: Document, node: yaml.Node, what: str) -> list[tuple[yaml.ScalarNode, yaml.Node]]:
    """Keys and values of a mapping whose keys are free, each but once."""
    if not isinstance(node, yaml.MappingNode):
        document.wrong(node, f"expected {what} as a mapping (key: value), got {describe(node)}")
        return []
    found: dict[str, tuple[yaml.ScalarNode, yaml.Node]] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            document.wrong(key, f"expected a word as a key in {what}, got {describe(key)}")
        elif key.value in found:
            first = found[key.value][0].start_mark.line + 1
            document.wrong(key, f"key {key.value!r} appears twice in {what}; the first is in line {first}")
        else:
            found[key.value] = key, value
    return list(found.values())


def required(document: Document, owner: yaml.Node, fields: Mapping[str, yaml.Node], what: str, *names: str) -> None:
    """Note each of the named fields that is missing."""
    for name in names:
        if name not in fields and isinstance(owner, yaml.MappingNode):
            document.wrong(owner, f"expected {name!r} in {what}")


def items(document: Document, node: yaml.Node, what: str) -> list[yaml.Node]:
    """The elements of a list that is not empty."""
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        document.wrong(node, f"expected {what} as a list with at least one element, got {describe(node)}")
        return []
    return list(node.value)


def text(document: Document, node: yaml.Node, what: str, *, longest: int = 500) -> str | None:
    """Words for a person: not empty, nothing a terminal or a database would choke on."""
    if not isinstance(node, yaml.ScalarNode) or node.tag != "tag:yaml.org,2002:str":
        document.wrong(node, f"expected {what} as text, got {describe(node)}{_quoted(node)}")
        return None
    value = str(node.value).strip()
    if not value or len(value) > longest:
        document.wrong(node, f"expected {what} of 1 to {longest} characters, got {len(value)}")
        return None
    odd = next(
        (each for each in value if (ord(each) < 32 and each not in "\n\t") or 0xD800 <= ord(each) < 0xE000), None
    )
    if odd is not None:
        document.wrong(node, f"expected {what} without control characters, got U+{ord(odd):04X}")
        return None
    return value


def word(document: Document, node: yaml.Node, what: str, pattern: re.Pattern[str] = IDENTIFIER) -> str | None:
    """A name that other things refer to."""
    value = text(document, node, what)
    if value is not None and not pattern.fullmatch(value):
        kinds = "lower-case letters, digits and _" if pattern is IDENTIFIER else "letters, digits, '.', '_' and '-'"
        document.wrong(node, f"expected {what} of 1 to 64 {kinds}, got {value!r}")
        return None
    return value


def lenders_word(document: Document, node: yaml.Node, what: str) -> str | None:
    """A word of the lender's own, letter for letter as events may carry it: blanks at its ends belong to it."""
    if not isinstance(node, yaml.ScalarNode) or node.tag != "tag:yaml.org,2002:str":
        document.wrong(node, f"expected {what} as text, got {describe(node)}{_quoted(node)}")
        return None
    value = str(node.value)
    if not _WORD.fullmatch(value):
        document.wrong(node, f"expected {what} of {WORD_EXPECTED}, got {value!r}")
        return None
    return value


def number(document: Document, node: yaml.Node, what: str) -> float | None:
    """A finite decimal number."""
    if not isinstance(node, yaml.ScalarNode) or node.style is not None or not _NUMBER.fullmatch(node.value):
        document.wrong(node, f"expected {what} as a number such as 7 or -0.25, got {describe(node)}")
        return None
    value = float(node.value)
    if not isfinite(value) or abs(value) > MAX_NUMBER:
        document.wrong(node, f"expected {what} between -{MAX_NUMBER:g} and {MAX_NUMBER:g}, got {node.value}")
        return None
    return value


def duration(document: Document, node: yaml.Node, what: str) -> int | None:
    """`30d`, `12h` or `45m` in microseconds."""
    match = _DURATION.fullmatch(node.value) if isinstance(node, yaml.ScalarNode) else None
    span = int(match[1]) * _SPAN[match[2]] if match else 0
    if not 0 < span <= MAX_DURATION_DAYS * DAY:
        expected = f"a duration such as 30d, 12h or 45m, at most {MAX_DURATION_DAYS}d"
        document.wrong(node, f"expected {what} as {expected}, got {describe(node)}")
        return None
    return span


def describe(node: yaml.Node) -> str:
    """What was found there, in a few words."""
    if isinstance(node, yaml.MappingNode):
        return "a mapping" if node.value else "an empty mapping"
    if isinstance(node, yaml.SequenceNode):
        return "a list" if node.value else "an empty list"
    if node.tag == "tag:yaml.org,2002:null":
        return "nothing"
    shown = node.value if len(node.value) <= 40 else node.value[:40] + "…"
    kind = _KINDS.get(node.tag)
    return f"{kind} {shown}" if kind else f"the text {shown!r}"


def suggestion(given: str, known: Collection[str]) -> str:
    """`did you mean …?` where a known word is near, else all of them."""
    near = get_close_matches(given, known, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(sorted(known))}"


def _quoted(node: yaml.Node) -> str:
    plain = isinstance(node, yaml.ScalarNode) and node.tag in _KINDS
    return f'; put it in quotes: "{node.value}"' if plain else ""

"""Reads what bounds a measure: bands, what clears a warning, and a segment's bands."""

from collections.abc import Mapping
from itertools import pairwise

import yaml

from services.warning.core.rules.document import Document
from services.warning.core.rules.reading import describe, duration, lenders_word, mapping, number, pairs, suggestion
from services.warning.core.rules.ruleset import LEVELS, Bands, Clear, Direction

DIRECTIONS: tuple[Direction, ...] = ("above", "below")


def bands(document: Document, fields: Mapping[str, yaml.Node], owner: yaml.Node, what: str) -> Bands | None:
    """The bands under `above` or `below`, exactly one of which must be there."""
    given = [each for each in DIRECTIONS if each in fields]
    if len(given) != 1:
        at = fields[given[1]] if given else owner
        document.wrong(at, f"expected either 'above' or 'below' in {what}, got {'both' if given else 'neither'}")
        return None
    direction = given[0]
    node = fields[direction]
    steps = _steps(document, node, direction)
    if not steps:
        return None
    return Bands(direction, tuple(steps)) if _rising(document, steps, node, direction) else None


def _steps(document: Document, node: yaml.Node, direction: Direction) -> list[tuple[float, int]]:
    found = []
    for key, value in pairs(document, node, repr(direction)):
        if key.value not in LEVELS:
            document.wrong(key, f"unknown level {key.value!r}; {suggestion(key.value, LEVELS)}")
        elif (threshold := number(document, value, f"the threshold of {key.value}")) is not None:
            found.append((threshold, LEVELS.index(key.value)))
    if isinstance(node, yaml.MappingNode) and not node.value:
        document.wrong(node, f"expected at least one level in {direction!r}, such as {{yellow: 7}}")
    return sorted(found, key=lambda step: step[1])


def _rising(document: Document, steps: list[tuple[float, int]], node: yaml.Node, direction: Direction) -> bool:
    for (milder, low), (worse, high) in pairwise(steps):
        if not (worse > milder if direction == "above" else worse < milder):
            at = next(value for key, value in node.value if key.value == LEVELS[high])
            side = "more" if direction == "above" else "less"
            document.wrong(
                at,
                f"expected {side} than {milder:g} (the threshold of {LEVELS[low]}) for {LEVELS[high]}, got {worse:g}",
            )
            return False
    return True


def clear(document: Document, node: yaml.Node, direction: Direction | None) -> Clear | None:
    """When a warning ends: `{above: -0.05, after: 30d}`, on the other side of the bands."""
    fields = mapping(document, node, "'clear'", (*DIRECTIONS, "after"))
    given = [each for each in DIRECTIONS if each in fields]
    if isinstance(node, yaml.MappingNode) and not node.value:
        document.wrong(node, "expected 'above' or 'below', 'after', or both in 'clear'")
    if len(given) == 2:
        document.wrong(fields["below"], "expected either 'above' or 'below' in 'clear', got both")
        return None
    if given and given[0] == direction:
        other = "below" if direction == "above" else "above"
        document.wrong(fields[given[0]], f"expected {other!r} in 'clear': the bands are {direction!r}")
        return None
    threshold = number(document, fields[given[0]], f"{given[0]!r} of 'clear'") if given else None
    after = duration(document, fields["after"], "'after' of 'clear'") if "after" in fields else 0
    return Clear(given[0] if given else None, threshold, after or 0)


def on_the_right_side(document: Document, at: yaml.Node, clearing: Clear | None, found: Bands | None) -> None:
    """Hysteresis must lie beyond the mildest band, or a warning would clear where it is raised."""
    if clearing is None or clearing.threshold is None or found is None:
        return
    mildest, level = found.steps[0]
    beyond = clearing.threshold < mildest if found.direction == "above" else clearing.threshold > mildest
    if not beyond:
        side = "less" if found.direction == "above" else "more"
        name = LEVELS[level]
        document.wrong(
            at,
            f"'clear' must come after the warning's end: expected {side} than {mildest:g} (the threshold of {name}),"
            f" got {clearing.threshold:g}",
        )


def segments(document: Document, node: yaml.Node, direction: Direction | None) -> dict[str, tuple[Bands, yaml.Node]]:
    """Bands by segment, each in the rule's own direction, with the place they stand at."""
    found = {}
    for key, value in pairs(document, node, "'segments'"):
        name = lenders_word(document, key, "a segment's name")
        what = f"segment {key.value!r}"
        fields = mapping(document, value, what, DIRECTIONS)
        own = bands(document, fields, value, what) if isinstance(value, yaml.MappingNode) else None
        if own is not None and direction is not None and own.direction != direction:
            document.wrong(value, f"expected {direction!r} in {what}, as in the rule itself, got {own.direction!r}")
        elif own is not None and name is not None:
            found[name] = own, value
    if isinstance(node, yaml.MappingNode) and not node.value:
        document.wrong(node, f"expected at least one segment, got {describe(node)}")
    return found

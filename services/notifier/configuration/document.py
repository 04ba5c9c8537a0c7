"""A configuration's text: its YAML, and where in it a mistake stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from unicodedata import east_asian_width

import yaml

MAX_CHARACTERS = 1_000_000
Location = Sequence[int | str]
"""Keys and indices that lead to a value, as pydantic tells them."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """What was expected, and where."""

    location: Location
    message: str
    at_key: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A mistake as it stands in a text, without the text: that may hold a secret in the wrong place."""

    line: int
    column: int
    message: str


class ConfigurationError(Exception):
    """The text is no configuration. Its words name every mistake with line, column and a caret; `places` without."""

    def __init__(self, *told: tuple[str, Place] | str) -> None:
        super().__init__("\n".join(each if isinstance(each, str) else each[0] for each in told))
        self.places = [Place(1, 1, each) if isinstance(each, str) else each[1] for each in told]


class Document:
    """The text, read once. Raises ConfigurationError for what is no YAML, or says one key twice."""

    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name
        if len(text) > MAX_CHARACTERS:
            raise ConfigurationError(f"{name}: expected at most {MAX_CHARACTERS} characters, got {len(text)}")
        try:
            self._root = yaml.compose(text, yaml.SafeLoader)
            self.value: Any = _Values().construct_document(self._root) if self._root else None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            said = ", ".join(each for each in (error.context, error.problem) if each)
            raise ConfigurationError(self._shown(mark.index if mark else 0, said)) from None
        except yaml.reader.ReaderError as error:
            said = f"expected no control characters, got U+{error.character:04X}"
            raise ConfigurationError(self._shown(error.position, said)) from None
        except RecursionError:
            raise ConfigurationError(self._shown(0, "nested too deep to be read")) from None
        if repeated := [*_repeated_keys(self._root)]:
            raise ConfigurationError(
                *(self._shown(each.start_mark.index, f"the key {each.value!r} stands twice") for each in repeated)
            )

    def error(self, mistakes: Sequence[Mistake]) -> ConfigurationError:
        """All mistakes, in the order of the text."""
        placed = sorted((self._index(each), each.message) for each in mistakes)
        return ConfigurationError(*(self._shown(index, message) for index, message in placed))

    def _index(self, mistake: Mistake) -> int:
        node, key = self._root, None
        for part in mistake.location:
            found = _step(node, part)
            if found is not None:
                key, node = found
        if node is None:
            return 0
        return int((key if mistake.at_key and key else node).start_mark.index)

    def _shown(self, index: int, message: str) -> tuple[str, Place]:
        index = min(index, len(self._text))
        start = self._text.rfind("\n", 0, index) + 1
        end = self._text.find("\n", index)
        line = self._text[start : end if end >= 0 else None].rstrip("\r")
        number = self._text.count("\n", 0, index) + 1
        gutter = f"{number:>4} | "
        pad = "".join(_blank(each) for each in line[: index - start])
        place = Place(number, index - start + 1, message)
        told = f"{self._name}: line {place.line}, column {place.column}: {message}"
        return f"{told}\n{gutter}{line}\n{' ' * (len(gutter) - 2)}| {pad}^", place


def _step(node: yaml.Node | None, part: int | str) -> tuple[yaml.Node | None, yaml.Node] | None:
    """Key and value that a part of a location leads to; None where it names nothing in the text."""
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return None, node.value[part]
    return None


class _Values(yaml.constructor.SafeConstructor):
    """Makes values of nodes, and says of one that is none where it stands: 2026-02-30, a number of 5,000 digits."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, OverflowError) as error:
            raise yaml.MarkedYAMLError(problem=str(error), problem_mark=node.start_mark) from None


def _repeated_keys(root: yaml.Node | None) -> "list[yaml.Node]":
    found: list[yaml.Node] = []
    waiting, visited = [root], set[int]()
    while waiting:
        node = waiting.pop()
        if node is None or id(node) in visited:  # an alias leads to its anchor's node again
            continue
        visited.add(id(node))
        if isinstance(node, yaml.MappingNode):
            keys: set[str] = set()
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode) and key.value in keys and key.value != "<<":
                    found.append(key)
                keys.add(str(key.value))
                waiting.append(value)
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value
    return sorted(found, key=lambda each: int(each.start_mark.index))


def _blank(character: str) -> str:
    """Blanks as wide as the character is on a terminal."""
    if character == "\t":
        return "\t"
    return "  " if east_asian_width(character) in "WF" else " "

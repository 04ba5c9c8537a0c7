"""A configuration's text: its YAML, and where in it a mistake stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from shared.yaml_text import NotYamlError, compose, repeated_keys, values

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
    """Where in a text a mistake stands, without the text: that may hold a secret in the wrong place."""

    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.message}"


class ConfigurationError(Exception):
    """The text is no configuration. Its words name every mistake with line and column, and never show the text."""

    def __init__(self, *told: Place | str, name: str = "") -> None:
        """`name` is the text's. Words alone are of the text as a whole, and name it themselves."""
        super().__init__("\n".join(each if isinstance(each, str) else f"{name}: {each}" for each in told))
        self.places = [Place(1, 1, each) if isinstance(each, str) else each for each in told]


class Document:
    """The text, read once. Raises ConfigurationError for what is no YAML, or says one key twice."""

    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name
        if len(text) > MAX_CHARACTERS:
            raise ConfigurationError(f"{name}: expected at most {MAX_CHARACTERS} characters, got {len(text)}")
        try:
            self._root = compose(text)
            self.value: Any = values(self._root)
        except NotYamlError as error:
            raise self._refused((error.index, str(error))) from None
        if repeated := repeated_keys(self._root):
            raise self._refused(*((each.start_mark.index, "this key stands twice") for each in repeated))

    def error(self, mistakes: Sequence[Mistake]) -> ConfigurationError:
        """All mistakes, in the order of the text."""
        return self._refused(*sorted((self._index(each), each.message) for each in mistakes))

    def _refused(self, *placed: tuple[int, str]) -> ConfigurationError:
        return ConfigurationError(*(self._place(index, message) for index, message in placed), name=self._name)

    def _index(self, mistake: Mistake) -> int:
        node, key = self._root, None
        for part in mistake.location:
            found = _step(node, part)
            if found is not None:
                key, node = found
        if node is None:
            return 0
        return int((key if mistake.at_key and key else node).start_mark.index)

    def _place(self, index: int, message: str) -> Place:
        index = min(index, len(self._text))
        return Place(self._text.count("\n", 0, index) + 1, index - self._text.rfind("\n", 0, index), message)


def _step(node: yaml.Node | None, part: int | str) -> tuple[yaml.Node | None, yaml.Node] | None:
    """Key and value that a part of a location leads to; None where it names nothing in the text."""
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return None, node.value[part]
    return None

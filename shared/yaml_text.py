"""YAML that people write, read within bounds: what is none, or would be far more than it shows, is told with its place.

An alias stands for all that its anchor holds: nine lines of nine aliases each write out to 400 million values, and
whoever walks through them once has no memory left.
"""

import re
from pathlib import Path
from typing import Any, NamedTuple
from unicodedata import east_asian_width

import yaml

from shared.yaml_problems import problem

MAX_BYTES = 4_000_000
"""Of a file; readers bound the characters of a text as they need."""
MAX_DEPTH = 24
"""Far more than any file of ours needs, far less than would exhaust a reader. Aliases are as deep as what they hold."""
MAX_VALUES = 250_000
"""In a whole text, with every alias written out. A million characters of receivers and routes hold 100,000."""
_ODD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


class NotTextError(ValueError):
    """The file is no text that is read here: it is too large, or not UTF-8."""


class NotYamlError(Exception):
    """The text is no YAML that is read here. `index` is the character at which that shows."""

    def __init__(self, index: int, message: str) -> None:
        super().__init__(message)
        self.index = index


class Extent(NamedTuple):
    """What a node holds with every alias written out: how many values, itself included, and how deep they are."""

    values: int = 1
    depth: int = 1


class Excerpt(NamedTuple):
    """A place in a text, from 1, and its line with a caret below it."""

    line: int
    column: int
    shown: str


def file_bytes(path: Path) -> bytes:
    """What is in a file. Raises OSError, and NotTextError where that is more than MAX_BYTES: it is some other file."""
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise NotTextError(f"expected a file of at most {MAX_BYTES} bytes")
    return content


def decoded(content: bytes) -> str:
    """Bytes as text. Raises NotTextError with the place where they are not UTF-8."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        before = content[: error.start].decode()
        line, column = before.count("\n") + 1, error.start - content.rfind(b"\n", 0, error.start)
        wrong = f"expected UTF-8, got the byte {content[error.start]:#04x}"
        raise NotTextError(f"line {line}, column {column}: {wrong}") from None


def compose(text: str, *, plain: bool = False) -> yaml.Node | None:
    """The root node; None where the text is empty. Raises NotYamlError.

    A `plain` text means what it shows: it has no anchors, aliases and tags.
    """
    try:
        loader = _Loader(text, plain=plain)
    except yaml.reader.ReaderError as error:
        raise NotYamlError(error.position, f"expected printable characters, got U+{error.character:04X}") from None
    try:
        root: yaml.Node | None = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise _marked(error) from None
    except (ValueError, OverflowError):  # of chr(), to which the scanner lets any escape in a quoted text through
        raise NotYamlError(loader.get_mark().index, "expected an escape that names a character of Unicode") from None
    return root


def values(root: yaml.Node | None) -> Any:
    """What a composed text says. Raises NotYamlError where a value is none: 2026-02-30, a number of 5,000 digits."""
    try:
        return _Values().construct_document(root) if root else None
    except yaml.MarkedYAMLError as error:
        raise _marked(error) from None


def repeated_keys(root: yaml.Node | None) -> list[yaml.Node]:
    """Every key that stands in its mapping for the second time, in the order of the text."""
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


def excerpt(text: str, index: int) -> Excerpt:
    """The place of a character, to be shown to whoever wrote the text."""
    index = min(index, len(text))
    start = text.rfind("\n", 0, index) + 1
    end = text.find("\n", index)
    line = text[start : end if end >= 0 else None].rstrip("\r")
    number = text.count("\n", 0, index) + 1
    gutter = f"{number:>4} | "
    pad = "".join(_blank(each) for each in line[: index - start])
    return Excerpt(number, index - start + 1, f"{gutter}{line}\n{' ' * (len(gutter) - 2)}| {pad}^")


def _blank(character: str) -> str:
    """Blanks as wide as the character is on a terminal."""
    if character == "\t":
        return "\t"
    return "  " if east_asian_width(character) in "WF" else " "


def _marked(error: yaml.MarkedYAMLError) -> NotYamlError:
    mark = error.problem_mark or error.context_mark
    return NotYamlError(mark.index if mark else 0, problem(error))


class _Loader(yaml.SafeLoader):
    """Composes nodes and measures each, so that it stops at the first one that is too much."""

    def __init__(self, text: str, *, plain: bool) -> None:
        super().__init__(text)
        self._plain = plain
        self._extents: dict[int, Extent] = {}
        self._around: list[Extent] = []
        """Of the nodes that are being composed, outermost first: what of each is there so far."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if self._plain:
            _check_plain(event)
        self._check(event, Extent())
        self._around.append(Extent())
        node = super().compose_node(parent, index)
        extent = self._around.pop()
        if isinstance(event, yaml.AliasEvent):
            extent = self._aliased(event, node)
            self._check(event, extent)
        elif node is not None:
            self._extents[id(node)] = extent
            _check_text(node)
        if self._around:
            around = self._around[-1]
            self._around[-1] = Extent(around.values + extent.values, max(around.depth, extent.depth + 1))
        return node

    def _aliased(self, event: Any, node: yaml.Node | None) -> Extent:
        extent = self._extents.get(id(node))
        if extent is None:
            raise _wrong(event, "the alias stands within what it stands for")
        return extent

    def _check(self, event: Any, extent: Extent) -> None:
        if len(self._around) + extent.depth > MAX_DEPTH:
            raise _wrong(event, f"nested more than {MAX_DEPTH} deep")
        if sum(each.values for each in self._around) + extent.values > MAX_VALUES:
            raise _wrong(event, f"expected at most {MAX_VALUES} values with every alias written out")


def _wrong(event: Any, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)


def _check_plain(event: Any) -> None:
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        raise _wrong(event, "expected no anchors and aliases; write it out")
    if getattr(event, "tag", None):
        raise _wrong(event, "expected no tags such as !!str")


def _check_text(node: yaml.Node) -> None:
    """Escapes can write what PostgreSQL has no text for and UTF-8 no bytes."""
    if isinstance(node, yaml.ScalarNode) and (odd := _ODD.search(node.value)):
        raise _wrong(node, f"expected printable characters, got U+{ord(odd[0]):04X}")


class _Values(yaml.constructor.SafeConstructor):
    """Makes values of nodes, and says of one that is none where it stands."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, OverflowError) as error:
            said = str(error).partition(":")[0]  # behind it stands what is none, which may be a secret
            raise _wrong(node, said) from None
        except (AttributeError, IndexError, KeyError, TypeError):
            # A tag that the text does not fit, `!!timestamp noon` or `!!int ""`: the constructors do not look.
            raise _wrong(node, "expected a value that its tag fits") from None

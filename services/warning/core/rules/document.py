"""A ruleset's text: its YAML nodes, and every problem found in it with the place to look at."""

from dataclasses import dataclass
from unicodedata import east_asian_width

import yaml

MAX_CHARACTERS = 500_000
MAX_DEPTH = 24
"""Far more than a ruleset needs, far less than would exhaust the reader."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where it is (from 1) and what was expected there; `excerpt` is the line with a caret below it."""

    line: int
    column: int
    message: str
    excerpt: str

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.message}\n{self.excerpt}"


class RulesetError(Exception):
    """The text is no ruleset. `problems` has every mistake, in the order of the text."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems, key=lambda each: (each.line, each.column))
        super().__init__("\n".join(map(str, self.problems)))


class _PlainLoader(yaml.SafeLoader):
    """Composes nodes, and refuses what would make the text mean something other than it shows."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.MarkedYAMLError(
                problem="expected no anchors and aliases; write it out", problem_mark=event.start_mark
            )
        if getattr(event, "tag", None):
            raise yaml.MarkedYAMLError(problem="expected no tags such as !!str", problem_mark=event.start_mark)
        if self.depth == MAX_DEPTH:
            raise yaml.MarkedYAMLError(problem=f"nested more than {MAX_DEPTH} deep", problem_mark=event.start_mark)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


class Document:
    """The text and what is wrong with it so far. Whoever finds a mistake notes it and goes on, so that all are told."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.problems: list[Problem] = []

    def compose(self) -> yaml.Node | None:
        """The root node; None where the text is empty or no YAML, which is then noted."""
        try:
            root = self._composed()
        except yaml.reader.ReaderError as error:
            self._note(error.position, f"expected printable characters, got U+{error.character:04X}")
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            said = ", ".join(each for each in (error.context, error.problem) if each)
            self._note(mark.index if mark else 0, said)
        except (ValueError, OverflowError) as error:
            # An escape beyond Unicode in a quoted text, which the YAML reader lets through to chr().
            self._note(0, f"expected YAML: {error}")
        else:
            if root is None:
                self._note(0, "expected a ruleset, got an empty text")
            return root
        return None

    def _composed(self) -> yaml.Node | None:
        if len(self.text) > MAX_CHARACTERS:
            raise ValueError(f"at most {MAX_CHARACTERS} characters, got {len(self.text)}")
        root: yaml.Node | None = yaml.compose(self.text, Loader=_PlainLoader)
        return root

    def wrong(self, node: yaml.Node, message: str) -> None:
        """Note a mistake at a node."""
        self._note(node.start_mark.index, message)

    def wrong_inside(self, node: yaml.ScalarNode, line: int, column: int, message: str) -> None:
        """Note a mistake at a place (from 1) within a scalar's value."""
        self._note(self._place(node, line, column), message)

    def _note(self, index: int, message: str) -> None:
        index = min(index, len(self.text))
        start = self.text.rfind("\n", 0, index) + 1
        end = self.text.find("\n", index)
        shown = self.text[start : end if end >= 0 else None].rstrip("\r")
        pad = "".join(_blank(each) for each in shown[: index - start])
        line = self.text.count("\n", 0, index) + 1
        gutter = f"{line:>4} | "
        excerpt = f"{gutter}{shown}\n{' ' * (len(gutter) - 2)}| {pad}^"
        self.problems.append(Problem(line, index - start + 1, message, excerpt))

    def _place(self, node: yaml.ScalarNode, line: int, column: int) -> int:
        """Where a place of the value stands in the text. Folding changes only blanks, so the others are counted."""
        start, end = node.start_mark.index, node.end_mark.index
        if node.style in ("|", ">"):
            start = self.text.find("\n", start) + 1
        elif node.style:
            start += 1
        if (node.style == '"' and "\\" in self.text[start:end]) or (node.style == "'" and "''" in self.text[start:end]):
            return node.start_mark.index
        lines = node.value.split("\n")
        before = [*lines[: line - 1], *(each[: column - 1] for each in lines[line - 1 : line])]
        places = [at for at in range(start, end) if not self.text[at].isspace()] or [node.start_mark.index]
        wanted = sum(not each.isspace() for part in before for each in part)
        return places[wanted] if wanted < len(places) else places[-1] + 1


def _blank(character: str) -> str:
    """Blanks as wide as the character is on a terminal."""
    if character == "\t":
        return "\t"
    return "  " if east_asian_width(character) in "WF" else " "

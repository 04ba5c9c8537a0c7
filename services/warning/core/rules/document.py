"""A ruleset's text: its YAML nodes, and every problem found in it with the place to look at."""

from dataclasses import dataclass

import yaml

from shared.yaml_text import NotYamlError, compose, excerpt

MAX_CHARACTERS = 500_000


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


class Document:
    """The text and what is wrong with it so far. Whoever finds a mistake notes it and goes on, so that all are told."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.problems: list[Problem] = []

    def compose(self) -> yaml.Node | None:
        """The root node; None where the text is empty or no YAML, which is then noted."""
        if len(self.text) > MAX_CHARACTERS:
            self._note(0, f"expected YAML: at most {MAX_CHARACTERS} characters, got {len(self.text)}")
            return None
        try:
            root = compose(self.text, plain=True)
        except NotYamlError as error:
            self._note(error.index, str(error))
            return None
        if root is None:
            self._note(0, "expected a ruleset, got an empty text")
        return root

    def wrong(self, node: yaml.Node, message: str) -> None:
        """Note a mistake at a node."""
        self._note(node.start_mark.index, message)

    def wrong_inside(self, node: yaml.ScalarNode, line: int, column: int, message: str) -> None:
        """Note a mistake at a place (from 1) within a scalar's value."""
        self._note(self._place(node, line, column), message)

    def _note(self, index: int, message: str) -> None:
        line, column, shown = excerpt(self.text, index)
        self.problems.append(Problem(line, column, message, shown))

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

"""CEL expressions over indicators: compiled and type-checked when a ruleset is loaded, harmless when they run."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from cel_expr_python import cel

from services.warning.core.indicators.indicator import Indicator
from services.warning.core.rules.reading import suggestion

MAX_CHARACTERS = 2_000
_ERROR = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*)")
_UNDECLARED = re.compile(r"undeclared reference to '([^']*)'")
_TYPES = {"INT": "a whole number", "DOUBLE": "a number", "BOOL": "true or false", "STRING": "text"}


class ExpressionError(Exception):
    """The expression is wrong at a line and column (from 1) of itself."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.line, self.column = line, column


@dataclass(slots=True)
class CelExpression:
    """A compiled expression; see `ruleset.Expression` for what it promises."""

    source: str
    names: tuple[str, ...]
    _program: Any = field(repr=False, compare=False)

    def evaluate(self, values: Mapping[str, float | int]) -> Any:
        """Its value for these indicators; None where it has none: a division by zero, an overflow, infinity."""
        result = self._program.eval(data=values)
        if result.type().name() == "ERROR":
            return None
        value = result.value()
        return value if isfinite(value) else None


def condition(source: str, catalogue: Mapping[str, Indicator]) -> CelExpression:
    """An expression that is true or false. Raises ExpressionError."""
    return _compiled(source, catalogue, {"BOOL"}, "true or false, such as revenue_months >= 6")


def measure(source: str, catalogue: Mapping[str, Indicator]) -> CelExpression:
    """An expression that is a number. Raises ExpressionError."""
    return _compiled(source, catalogue, {"INT", "DOUBLE"}, "a number")


def _compiled(source: str, catalogue: Mapping[str, Indicator], types: set[str], expected: str) -> CelExpression:
    if len(source) > MAX_CHARACTERS:
        raise ExpressionError(f"expected an expression of at most {MAX_CHARACTERS} characters, got {len(source)}")
    program = _compile(source, {name: each.whole for name, each in catalogue.items()})
    found = program.return_type().name()
    if found not in types:
        raise ExpressionError(
            f"expected an expression that gives {expected}; this one gives {_TYPES.get(found, found)}"
        )
    names = _names_read(source, catalogue)
    if not names:
        raise ExpressionError("expected an expression that reads at least one indicator")
    return CelExpression(source.strip(), names, program)


def _compile(source: str, whole: Mapping[str, bool]) -> Any:
    variables = {name: cel.Type.INT if integer else cel.Type.DOUBLE for name, integer in whole.items()}
    try:
        return cel.NewEnv(variables=variables).compile(source)
    except (RuntimeError, TypeError, ValueError) as error:
        match = _ERROR.search(str(error))
        if match is None:
            raise ExpressionError(_in_plain_words(str(error), whole)) from error
        message = _in_plain_words(match[3], whole)
        raise ExpressionError(message, max(1, int(match[1])), max(1, int(match[2]))) from error


def _in_plain_words(said: str, known: Mapping[str, bool]) -> str:
    unknown = _UNDECLARED.search(said)
    if unknown:
        return f"unknown indicator {unknown[1]!r}; {suggestion(unknown[1], known)}"
    said = said.split(" [", maxsplit=1)[0].split(" expecting {", maxsplit=1)[0].replace("'<EOF>'", "its end")
    return f"expected a CEL expression: {said}"


def _names_read(source: str, catalogue: Mapping[str, Indicator]) -> tuple[str, ...]:
    """The indicators it cannot do without: those whose absence the compiler notices. Exact, whatever is in quotes."""
    whole = {name: each.whole for name, each in catalogue.items()}
    named = [name for name in catalogue if re.search(rf"\b{re.escape(name)}\b", source)]
    return tuple(name for name in named if not _compiles(source, {each: whole[each] for each in whole if each != name}))


def _compiles(source: str, whole: Mapping[str, bool]) -> bool:
    try:
        _compile(source, whole)
    except ExpressionError:
        return False
    return True

"""CEL expressions over indicators: compiled and type-checked when a ruleset is loaded, harmless when they run.

An indicator that is absent is unknown, and so is what fails at run time, such as a division by zero. `||` and `&&` do
without it where their other side decides, on either hand, as CEL has it for errors; whatever else touches it is unknown
too. `known.NAME` is true where that indicator has a value, and false where it is absent.
"""

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
KNOWN = "known"
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
    _asked: tuple[str, ...] = field(default=(), repr=False, compare=False)
    """Indicators of which it asks whether they are known."""

    def evaluate(self, values: Mapping[str, float | int | None]) -> Any:
        """Its value for these indicators; None where it has none: what is unknown decides, or infinity comes of it."""
        data: dict[str, Any] = {name: value for name, value in values.items() if value is not None}
        for name in self._asked:
            data[f"{KNOWN}.{name}"] = name in data
        result = self._program.eval(data=data)
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
    variables = _variables(catalogue)
    program = _compile(source, variables)
    found = program.return_type().name()
    if found not in types:
        raise ExpressionError(
            f"expected an expression that gives {expected}; this one gives {_TYPES.get(found, found)}"
        )
    read = _read(source, variables)
    names = tuple(name for name in catalogue if name in read or f"{KNOWN}.{name}" in read)
    if not names:
        raise ExpressionError("expected an expression that reads at least one indicator")
    return CelExpression(source.strip(), names, program, tuple(name for name in names if f"{KNOWN}.{name}" in read))


def _variables(catalogue: Mapping[str, Indicator]) -> dict[str, Any]:
    """Each indicator, and whether it is known: CEL takes `known.NAME` for one qualified name."""
    values = {name: cel.Type.INT if each.whole else cel.Type.DOUBLE for name, each in catalogue.items()}
    return values | {f"{KNOWN}.{name}": cel.Type.BOOL for name in catalogue}


def _compile(source: str, variables: Mapping[str, Any]) -> Any:
    try:
        return cel.NewEnv(variables=variables).compile(source)
    except (RuntimeError, TypeError, ValueError) as error:
        match = _ERROR.search(str(error))
        if match is None:
            raise ExpressionError(_in_plain_words(str(error), variables)) from error
        message = _in_plain_words(match[3], variables)
        raise ExpressionError(message, max(1, int(match[1])), max(1, int(match[2]))) from error


def _in_plain_words(said: str, variables: Mapping[str, Any]) -> str:
    unknown = _UNDECLARED.search(said)
    if unknown and (unknown[1] == KNOWN or unknown[1].startswith(f"{KNOWN}.")):
        asked = [each for each in variables if each.startswith(f"{KNOWN}.")]
        return f"expected {KNOWN}.NAME of an indicator, got {unknown[1]!r}; {suggestion(unknown[1], asked)}"
    if unknown:
        names = [each for each in variables if "." not in each]
        return f"unknown indicator {unknown[1]!r}; {suggestion(unknown[1], names)}"
    said = said.split(" [", maxsplit=1)[0].split(" expecting {", maxsplit=1)[0].replace("'<EOF>'", "its end")
    return f"expected a CEL expression: {said}"


def _read(source: str, variables: Mapping[str, Any]) -> set[str]:
    """The variables it cannot do without: those whose absence the compiler notices. Exact, whatever is in quotes."""
    named = [
        name for name in variables if all(re.search(rf"\b{re.escape(part)}\b", source) for part in name.split("."))
    ]
    return {
        name for name in named if not _compiles(source, {each: variables[each] for each in variables if each != name})
    }


def _compiles(source: str, variables: Mapping[str, Any]) -> bool:
    try:
        _compile(source, variables)
    except ExpressionError:
        return False
    return True

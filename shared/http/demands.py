"""What each route asks of a request, found from the routes themselves."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute, compile_path

from shared.auth import Required
from shared.http.bodies import DEFAULT_LIMIT

_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


class Demand(NamedTuple):
    """A key's scope, where one is needed, and the bytes a body may have; None where no body is read at all."""

    key: Required | None
    body_limit: int | None


NOTHING = Demand(None, None)
"""Of a path or method that no route has: it is answered without a look at its body."""


class Demands:
    """The demands of an application's routes. In the order of the routes, as the router goes through them."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._fixed: dict[tuple[str, str], Demand] = {}
        self._patterns: list[tuple[str, re.Pattern[str], Demand]] = []
        for method, path, demand in _found(routes):
            if "{" in path:
                self._patterns.append((method, compile_path(path)[0], demand))
            else:
                self._fixed.setdefault((method, path), demand)

    def of(self, method: str, path: str) -> Demand:
        """What a request with this method for this path, decoded, has to meet."""
        fixed = self._fixed.get((method, path))
        if fixed is not None:
            return fixed
        fits = (demand for each, pattern, demand in self._patterns if each == method and pattern.match(path))
        return next(fits, NOTHING)


def _found(routes: Sequence[BaseRoute]) -> Iterator[tuple[str, str, Demand]]:
    for route in iter_route_contexts(routes):
        key = _key(getattr(route, "dependant", None))
        for method in route.methods or ():
            limit = getattr(route, "max_body_size", None) or DEFAULT_LIMIT
            yield method, route.path or "", Demand(key, limit if method in _WITH_BODY else None)


def _key(dependant: Any) -> Required | None:
    calls = (each.call for each in dependant.dependencies) if dependant else ()
    return next((each for each in calls if isinstance(each, Required)), None)

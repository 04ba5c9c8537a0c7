"""Every request's way in: its key first, then its body within bounds, and only then the application.

FastAPI reads and parses a body before it looks at a key. Here nobody without the key and the scope has a byte read.
"""

from typing import Protocol

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Message, Receive, Scope, Send

from shared.auth import ApiKey, bearer
from shared.http.bodies import BodyRefusedError, read_body
from shared.http.demands import Demand, Demands
from shared.http.refused import Refused
from shared.problems import http_problem, problem_response

KEY = "bellwether.key"
"""Where the request's scope holds the ApiKey that its route asked for."""


class Routed(Protocol):
    """An ASGI application that shows its routes."""

    @property
    def routes(self) -> list[BaseRoute]: ...

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...


class Entrance:
    """An ASGI application around another. A sender has `within` seconds for a body."""

    def __init__(self, app: Routed, refused: Refused, *, within: float) -> None:
        self._app = app
        self._demands = Demands(app.routes)
        self._refused = refused
        self._within = within

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"expected a request over HTTP, got {scope['type']}")
        demand = self._demands.of(scope["method"], scope["path"])
        body = await self._admitted(scope, receive, demand)
        if isinstance(body, Response):
            await body(scope, receive, send)
        else:
            await self._app(scope, _again(body, receive), send)

    async def _admitted(self, scope: Scope, receive: Receive, demand: Demand) -> bytes | Response:
        """The body, or the answer to one that is refused."""
        headers = Headers(scope=scope)
        try:
            if demand.key is not None:
                scope[KEY] = demand.key.caller(bearer(headers.get("authorization")))
            if demand.body_limit is None:
                return b""
            return await read_body(receive, headers, limit=demand.body_limit, within=self._within)
        except HTTPException as error:
            self._refused.count("no_key" if error.status_code == 401 else "no_scope")
            return problem_response(http_problem(error), error.headers)
        except BodyRefusedError as error:
            self._refused.count(error.reason)
            return problem_response(error.problem, error.headers)


def key_of(scope: Scope) -> ApiKey:
    """The key that a request was let in with."""
    key: ApiKey = scope[KEY]
    return key


def _again(body: bytes, receive: Receive) -> Receive:
    """What was read, to be received once; after it, what the connection says."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def received() -> Message:
        return left.pop() if left else await receive()

    return received

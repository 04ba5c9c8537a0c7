"""The three questions every service answers: alive, ready, and how is it going."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

Check = Callable[[], Awaitable[None]]
CHECK_TIMEOUT_SECONDS = 2.0
HEALTHZ, READYZ, METRICS = "/healthz", "/readyz", "/metrics"
PROBES = frozenset({HEALTHZ, READYZ, METRICS})
"""What an operator's machines ask, and want to hear of above all when nobody else is answered."""


def health_router(registry: CollectorRegistry, checks: Mapping[str, Check]) -> APIRouter:
    """`/healthz` asks nobody, `/readyz` runs each check, which raises where its system is away.

    `/readyz?exclude=NAME` leaves a check out, as Kubernetes' own servers do: what sends requests to a service need not
    mind what a person must hear of.
    """
    router = APIRouter(tags=["operations"])

    @router.get(HEALTHZ, summary="The process is alive")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @router.get(
        READYZ,
        summary="The service may take work",
        responses={503: {"description": "A system it needs is away; the body names it"}},
    )
    async def readyz(exclude: Annotated[tuple[str, ...], Query(description="Checks to leave out")] = ()) -> Response:
        asked = {name: check for name, check in checks.items() if name not in exclude}
        results = await asyncio.gather(*(_outcome(check) for check in asked.values()))
        systems = dict(zip(asked, results, strict=True))
        ready = all(outcome == "ok" for outcome in results)
        body = {"status": "ready" if ready else "not ready", "checks": systems}
        return JSONResponse(body, status_code=200 if ready else 503)

    @router.get(METRICS, summary="Prometheus metrics", response_class=Response)
    async def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router


async def _outcome(check: Check) -> str:
    try:
        await asyncio.wait_for(check(), CHECK_TIMEOUT_SECONDS)
    except TimeoutError:
        return f"no answer within {CHECK_TIMEOUT_SECONDS:g} s"
    except Exception as error:  # noqa: BLE001 - whatever a driver raises, the answer is: not ready, and why
        return f"{type(error).__name__}: {error}"
    return "ok"

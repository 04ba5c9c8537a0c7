"""A sender as ingest asks for one: it repeats what has no verdict, with the same ids, before anything later.

Borrowers are spread over lanes, and a lane has one unanswered request at most, so one borrower never has two. Events of
a borrower therefore reach the log in the order they were given, however often a request has to be repeated.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import aiohttp
import msgspec
import structlog

log = structlog.get_logger(__name__)

Event = Mapping[str, Any]

# What ingest takes in one request, less room for the lines around the events.
MAX_REQUEST_EVENTS, MAX_REQUEST_BYTES = 1_000, 1_000_000
REQUEST_SECONDS = 30.0
PATIENCE_SECONDS = 120.0
RETRY_SECONDS = 0.2  # where the answer names no time
SHOWN_PROBLEMS = 20
# The answers that leave events unknown; any other but 202 says that the request itself is wrong.
UNKNOWN_STATUSES = frozenset({408, 429, 500, 502, 503, 504})

_encode = msgspec.json.Encoder().encode


class RequestRefusedError(Exception):
    """Ingest took nothing of a request: it is too large, not allowed, or not understood."""


class IngestUnavailableError(Exception):
    """Ingest gave no verdict for longer than the sender waits."""


@dataclass(frozen=True)
class Answer:
    """A verdict for each event of a request ("accepted", "refused", "unknown"), in order, and why any was refused."""

    verdicts: Sequence[str]
    problems: Sequence[Mapping[str, Any]] = ()
    retry_after: float = RETRY_SECONDS


Post = Callable[[Sequence[bytes]], Awaitable[Answer]]
"""Sends encoded events as one request."""


@dataclass
class FeedReport:
    """What became of what was sent."""

    accepted: int = 0
    refused: int = 0
    repeated: int = 0
    problems: list[Mapping[str, Any]] = field(default_factory=list, metadata={"meaning": "the first few refusals"})


class Feeder:
    """Sends events through `post`. Raises IngestUnavailableError after `patience` seconds without a new verdict."""

    def __init__(
        self, post: Post, *, lanes: int = 4, request_events: int = 500, patience: float = PATIENCE_SECONDS
    ) -> None:
        self.report = FeedReport()
        self._post = post
        self._lanes = lanes
        self._request_events = min(request_events, MAX_REQUEST_EVENTS)
        self._patience = patience

    async def send(self, events: Sequence[Event]) -> None:
        """Send `events` and return once each has a final verdict: what is sent next cannot overtake them."""
        lanes: list[list[bytes]] = [[] for _ in range(self._lanes)]
        for event in events:
            lanes[crc32(event["subject"].encode()) % self._lanes].append(_encode(event))
        async with asyncio.TaskGroup() as group:
            for lane in filter(None, lanes):
                group.create_task(self._send_lane(lane))

    async def _send_lane(self, lane: list[bytes]) -> None:
        start = 0
        while start < len(lane):
            request = _first_request(lane, start, self._request_events)
            start += len(request)
            await self._until_answered(request)

    async def _until_answered(self, request: Sequence[bytes]) -> None:
        clock = asyncio.get_running_loop()
        deadline = clock.time() + self._patience
        while request:
            answer = await self._post(request)
            left = self._settle(request, answer)
            if not left:
                return
            if len(left) < len(request):
                deadline = clock.time() + self._patience
            elif clock.time() > deadline:
                raise IngestUnavailableError(f"{len(left)} events had no verdict within {self._patience:g} s")
            request = left
            self.report.repeated += len(left)
            await asyncio.sleep(answer.retry_after)

    def _settle(self, request: Sequence[bytes], answer: Answer) -> list[bytes]:
        """Count the final verdicts; the events that have none, in their order."""
        self.report.accepted += sum(verdict == "accepted" for verdict in answer.verdicts)
        self.report.refused += sum(verdict == "refused" for verdict in answer.verdicts)
        self.report.problems += answer.problems[: SHOWN_PROBLEMS - len(self.report.problems)]
        return [event for event, verdict in zip(request, answer.verdicts, strict=True) if verdict == "unknown"]


def _first_request(lane: list[bytes], start: int, most: int) -> list[bytes]:
    """As many events from `start` as one request holds; at least one, for ingest to judge."""
    size, end = 0, start
    while end < len(lane) and end - start < most and (end == start or size + len(lane[end]) < MAX_REQUEST_BYTES):
        size += len(lane[end]) + 1
        end += 1
    return lane[start:end]


class IngestOverHttp:
    """Posts to a running ingest. Raises RequestRefusedError where it says that the request is wrong."""

    def __init__(self, session: aiohttp.ClientSession, url: str, *, token: str | None = None) -> None:
        self._session = session
        self._url = f"{url}/v1/events:batch"
        self._headers = {"Content-Type": "application/x-ndjson"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"

    async def __call__(self, request: Sequence[bytes]) -> Answer:
        body, timeout = b"\n".join(request), aiohttp.ClientTimeout(REQUEST_SECONDS)
        try:
            async with self._session.post(self._url, data=body, headers=self._headers, timeout=timeout) as response:
                return await _read(response, len(request))
        except (aiohttp.ClientError, TimeoutError) as error:
            log.info("feeder.no_answer", error=f"{type(error).__name__}: {error}")
            return Answer(["unknown"] * len(request))


async def _read(response: aiohttp.ClientResponse, events: int) -> Answer:
    said = await response.read()
    if response.status not in UNKNOWN_STATUSES | {202}:
        raise RequestRefusedError(f"ingest answered {response.status}: {said[:2000].decode(errors='replace')}")
    document = msgspec.json.decode(said) if response.content_type == "application/json" else {}
    verdicts = document.get("verdicts") or ["unknown"] * events
    return Answer(verdicts, document.get("problems", ()), _retry_after(response))


def _retry_after(response: aiohttp.ClientResponse) -> float:
    try:
        return float(response.headers["Retry-After"])
    except (KeyError, ValueError):  # absent, or a date
        return RETRY_SECONDS

"""One request to a receiver, a POST mostly, and what it means for the delivery."""

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp

from services.notifier.core.addresses import Network
from services.notifier.core.verdict import Answer, Retry, shown
from services.notifier.outbound.guard import guarded_sockets

ANSWER_BYTES = 8_192
"""How much of an answer is read; a longer one costs its connection, not our memory."""
CONNECT_SECONDS = 5.0
_FRESH_TRIES = 2


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What the other side answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def answer(self) -> Answer:
        return Answer(self.status, shown(self.body))


class Poster:
    """Posts to one receiver over connections of its own."""

    def __init__(
        self, *, seconds: float, connections: int, allowed: Sequence[Network], ca_file: str | None = None
    ) -> None:
        self._timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT_SECONDS)
        self._connections = connections
        self._allowed = allowed
        self._tls = ssl.create_default_context(cafile=ca_file)
        self._open: aiohttp.ClientSession | None = None

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, method: str = "POST"
    ) -> HttpAnswer | Retry:
        """The answer, or why there is none. Redirects are not followed: their answer is the answer."""
        data = body or None
        for fresh_try in range(1, _FRESH_TRIES + 1):
            try:
                async with self._session().request(
                    method, url, data=data, headers=headers, allow_redirects=False
                ) as response:
                    return HttpAnswer(response.status, response.headers, await _beginning(response))
            except aiohttp.ClientConnectorError as error:
                return Retry(f"no connection: {error}", unsent=True)
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
                # Most likely a kept connection that the other side had just closed: once more, on another.
                if fresh_try == _FRESH_TRIES:
                    return Retry(f"the connection broke: {_words(error)}")
            except TimeoutError:
                return Retry(f"no answer within {self._timeout.total:g} s")
            except aiohttp.ClientError as error:
                return Retry(f"no usable answer: {_words(error)}")
        raise AssertionError("every try returns or is followed by another")

    async def close(self) -> None:
        session, self._open = self._open, None
        if session is not None:
            await session.close()

    def _session(self) -> aiohttp.ClientSession:
        if self._open is None:
            connector = aiohttp.TCPConnector(
                limit=self._connections, ssl=self._tls, socket_factory=guarded_sockets(self._allowed)
            )
            self._open = aiohttp.ClientSession(
                connector=connector,
                timeout=self._timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                # What is not inflated cannot be a bomb, and a proxy would hide the address from the guard.
                auto_decompress=False,
                trust_env=False,
                headers={"User-Agent": "Bellwether", "Accept-Encoding": "identity"},
                # What a request holds its sender knows; a guess would be a header that a signature has not seen.
                skip_auto_headers=("Content-Type",),
            )
        return self._open


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """The body's first bytes. Where there is more, the connection is closed rather than read to its end."""
    read = bytearray()
    while len(read) <= ANSWER_BYTES:
        chunk = await response.content.read(ANSWER_BYTES + 1 - len(read))
        if not chunk:
            return bytes(read)
        read += chunk
    response.close()
    return bytes(read[:ANSWER_BYTES])


def _words(error: Exception) -> str:
    """What went wrong, without the URL that aiohttp adds to some of its errors: it may be the key to the receiver."""
    said = error.message if isinstance(error, aiohttp.ClientResponseError) else error
    return f"{type(error).__name__}: {'not a usable URL' if isinstance(error, aiohttp.InvalidURL) else said}"


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """What a Retry-After header asks for, in seconds or as a date; None where it is missing or makes no sense."""
    given = headers.get("Retry-After", "").strip()
    if given.isascii() and given.isdigit():
        return timedelta(seconds=min(int(given[:10]), 10**9))
    try:
        moment = parsedate_to_datetime(given)
        return max(moment - now, timedelta(0))
    except (TypeError, ValueError, OverflowError):  # no date, or one without a zone
        return None

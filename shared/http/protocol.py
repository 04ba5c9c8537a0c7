"""uvicorn's protocol with the bounds it has none of: on heads, on connections, and on what comes after an answer.

httptools keeps a header's value until its end, and copies it whenever some more of it has come: one of 140 MB froze a
service for 20 s. The parser sees every byte, so they are counted here.
"""

from asyncio import TimerHandle, Transport
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, cast

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from shared.health import PROBES
from shared.http.bounds import RESERVE, Bounds
from shared.http.refused import Reason
from shared.problems import MEDIA_TYPE, Problem, problem_response


def bounded(bounds: Bounds) -> type["BoundedProtocol"]:
    """The protocol with these bounds, for `uvicorn.Config(http=...)`."""
    return type("Bounded", (BoundedProtocol,), {"bounds": bounds})


class BoundedProtocol(HttpToolsProtocol):
    """One connection."""

    bounds: ClassVar[Bounds] = Bounds()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._served = self.app
        self._unread = 0  # bytes since the parser last had something to show for them
        self._dropped = 0  # bytes since the answer that came before the request's end
        self._in_head = True
        self._deaf = False  # answered for good: what comes is dropped
        self._parting = False  # answered for good, in the middle of a body
        self._deadline: TimerHandle | None = None
        self._writing: TimerHandle | None = None
        self.idle_since = self.loop.time()

    @property
    def _latest(self) -> RequestResponseCycle | None:
        return self.cycle  # uvicorn's own annotation leaves out that there may have been none yet

    @property
    def idle(self) -> bool:
        """Whether no request of this connection is under way."""
        return not self.pipeline and (self._latest is None or self._latest.response_complete)

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._set_deadline(self.bounds.head_seconds, self._head_late)
        self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        self._unset_deadline()
        self._unset_writing()

    def data_received(self, data: bytes) -> None:
        if self._deaf or (self._lingers and not self._in_head):
            self._dropped += len(data)
            if self._dropped > self.bounds.linger_bytes:
                self.transport.abort()
                return
        if self._deaf:
            return
        self._unread += len(data)
        super().data_received(data)
        if self._unread > self.bounds.head_bytes and not self._deaf:
            self._refuse("head_too_large", *_HEAD_TOO_LARGE, self._head_expected())
        elif self._in_head and self._unread and self._deadline is None and not self.transport.is_closing():
            self._set_deadline(self.bounds.head_seconds, self._head_late)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._unread = max(self._unread, 1)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._unread = 0
        self._unset_deadline()
        self.app = self._answering()
        super().on_headers_complete()
        self.cycle.transport = cast("Transport", _Parting(self.transport, self._part))

    def on_body(self, body: bytes) -> None:
        self._unread = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unread = 0
        super().on_message_complete()
        self._in_head = True
        if self._parting:
            self.transport.close()
        elif self.idle:  # the answer was there first, and uvicorn has forgotten that an idle connection ends
            self._unset_deadline()
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def on_response_complete(self) -> None:
        self.idle_since = self.loop.time()
        if self._lingers:
            self.cycle.body = bytearray()
            self._linger()
        super().on_response_complete()

    def timeout_keep_alive_handler(self) -> None:
        if self.transport.get_write_buffer_size():
            self.transport.abort()  # an answer that nobody reads would keep it open for ever
        else:
            super().timeout_keep_alive_handler()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unset_writing()
        self._writing = self.loop.call_later(self.bounds.write_seconds, self._reader_late)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._unset_writing()

    def send_400_response(self, msg: str) -> None:
        """uvicorn calls it for what the parser does not understand."""
        self._refuse("malformed", 400, "Broken request", f"expected a request as HTTP/1.1 has it: {msg}")

    def end(self) -> None:
        """Make room for another connection."""
        self.bounds.refused("too_many_connections")
        self.transport.abort()

    @property
    def _lingers(self) -> bool:
        """Whether the latest request was answered before its body's end."""
        return self._latest is not None and self._latest.response_complete and self._latest.more_body

    @property
    def _over(self) -> int:
        return len(self.connections) - self.bounds.connections

    def _make_room(self) -> None:
        if self._over <= 0:
            return
        idle = self._longest_idle()
        latest = self.loop.time() - self.bounds.grace_seconds
        ends = [each for each in idle if each.idle_since <= latest][: self._over]
        if not ends and self._over > RESERVE:
            ends = [*idle, self][:1]
        for each in ends:
            each.end()

    def _longest_idle(self) -> "list[BoundedProtocol]":
        """The other connections that are idle, those idle longest first."""
        held = cast("set[BoundedProtocol]", self.connections)
        idle = [each for each in held if each is not self and each.idle and not each.transport.is_closing()]
        return sorted(idle, key=lambda each: each.idle_since)

    def _answering(self) -> Any:
        """The application, or what answers in its place."""
        if len(self.headers) > self.bounds.head_fields or self._head_size() > self.bounds.head_bytes:
            self.bounds.refused("head_too_large")
            return _always(Problem(title=_HEAD_TOO_LARGE[1], status=_HEAD_TOO_LARGE[0], detail=self._head_expected()))
        if self._over > 0 and self.url.partition(b"?")[0].decode("latin-1") not in PROBES:
            self.bounds.refused("too_many_connections")
            return _always(_BUSY, {"Retry-After": "1"})
        return self._served

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def _head_expected(self) -> str:
        return f"expected at most {self.bounds.head_bytes} bytes of headers, and {self.bounds.head_fields} of them"

    def _head_late(self) -> None:
        self._deadline = None
        if not self.idle:  # its sender waits for an answer, and we have stopped reading
            self._set_deadline(self.bounds.head_seconds, self._head_late)
        elif self._unread:
            detail = f"expected a whole head within {self.bounds.head_seconds:g} s"
            self._refuse("head_too_slow", 408, "Request timeout", detail)
        else:
            self.transport.close()

    def _reader_late(self) -> None:
        self.bounds.refused("reader_too_slow")
        self.transport.abort()

    def _refuse(self, reason: Reason, status: int, title: str, detail: str) -> None:
        """Answer in place of the application, unless that is about to, and listen to nothing any more."""
        self.bounds.refused(reason)
        self._deaf = True
        if not self.idle:
            self._end_after_answer()
            return
        content = Problem(title=title, status=status, detail=detail).model_dump_json().encode()
        head = f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(content)}\r\nconnection: close\r\n\r\n"
        self.transport.write(STATUS_LINE[status] + head.encode() + content)
        self._hang_up()

    def _end_after_answer(self) -> None:
        if self.cycle.more_body:
            self.transport.abort()
        else:
            self.cycle.keep_alive = False

    def _part(self) -> None:
        """Close, once all of the body is there."""
        if self.cycle.more_body and not self._deaf and not self.pipeline:
            self._parting = True
            self._hang_up()
        else:
            self.transport.close()

    def _hang_up(self) -> None:
        """Closed at once, with bytes unread, the connection would be reset and the answer lost."""
        self.transport.write_eof()
        self._linger()

    def _linger(self) -> None:
        self._dropped = 0
        self._set_deadline(self.bounds.linger_seconds, self.transport.abort)

    def _set_deadline(self, seconds: float, then: Callable[[], None]) -> None:
        self._unset_deadline()
        self._deadline = self.loop.call_later(seconds, then)

    def _unset_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _unset_writing(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None


_HEAD_TOO_LARGE = (431, "Request header fields too large")
_BUSY = Problem(title="Try again", status=503, detail="all the connections that this service holds are taken")


def _always(problem: Problem, headers: Mapping[str, str] | None = None) -> ASGIApp:
    """An application that answers everything with one problem."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await problem_response(problem, headers)(scope, receive, send)

    return answer


class _Parting:
    """The transport as a request's answer sees it: `close` is ours to do."""

    def __init__(self, transport: Transport, close: Callable[[], None]) -> None:
        self.write = transport.write
        self.is_closing = transport.is_closing
        self.close = close

"""A webhook receiver that costs next to nothing, as a process of its own: `python -m tests.bench.sink PORT`.

It answers 204 to every POST, never to those under /hang, and tells what it got in answer to a GET: each `webhook-id`
and when it first came.
"""

import asyncio
import sys
import time
from typing import cast

import msgspec
import uvloop

_arrived: dict[str, float] = {}


class _Sink(asyncio.Protocol):
    def __init__(self) -> None:
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            whole = end + 4 + int(_header(head, b"content-length:") or 0)
            if len(self._buffer) < whole:
                return
            self._buffer = self._buffer[whole:]
            self._answer(head)

    def _answer(self, head: bytes) -> None:
        assert self._transport is not None
        if head.startswith(b"GET"):
            report = msgspec.json.encode(_arrived)
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(report), report))
            return
        _arrived.setdefault(_header(head, b"webhook-id:").decode(), time.time())
        if not head.startswith(b"POST /hang"):
            self._transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")


def _header(head: bytes, name: bytes) -> bytes:
    start = head.lower().find(b"\r\n" + name)
    if start < 0:
        return b""
    start += 2 + len(name)
    end = head.find(b"\r\n", start)
    return head[start : end if end >= 0 else None].strip()


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Sink, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))

"""HTTP servers that fail in ways no web framework would let them: each serves one fault, to whoever connects."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

TLS = Path(__file__).with_name("tls")
"""A certificate for 127.0.0.1 that signed itself, and its key. It is good until 2120, and for nothing but tests."""
CERTIFICATE = TLS / "cert.pem"
GIGABYTE = 1_000_000_000
_NO_LINGER = struct.pack("ii", 1, 0)

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Faulty:
    """Where it listens, how often somebody connected, and how much it could send."""

    port: int = 0
    connections: int = 0
    written: int = 0


@asynccontextmanager
async def faulty(fault: Callable[[Faulty], Serve], *, tls: bool = False) -> AsyncIterator[Faulty]:
    """A server on a free loopback port. It leaves with every connection closed."""
    state, open_now = Faulty(), set[asyncio.StreamWriter]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        state.connections += 1
        open_now.add(writer)
        try:
            await fault(state)(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            return  # the client has hung up, as it should
        finally:
            open_now.discard(writer)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=_context() if tls else None)
    state.port = server.sockets[0].getsockname()[1]
    async with server:
        yield state
        for each in open_now:
            each.close()


def hangs(_: Faulty) -> Serve:
    """Takes the request and never answers."""

    async def serve(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        while await reader.read(65_536):
            pass

    return serve


def resets(_: Faulty) -> Serve:
    """Breaks the connection off in the middle of an answer that it has not begun."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        sock: socket.socket = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)

    return serve


def drips(_: Faulty) -> Serve:
    """Answers with one byte a second."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        gone = asyncio.ensure_future(_gone(reader))
        for each in b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok":
            writer.write(bytes([each]))
            if (await asyncio.wait({gone}, timeout=1))[0]:
                return

    return serve


def floods(state: Faulty) -> Serve:
    """Says yes, and follows it up with a gigabyte."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % GIGABYTE)
        while state.written < GIGABYTE:
            writer.write(b"x" * 65_536)
            await writer.drain()
            state.written += 65_536

    return serve


async def _gone(reader: asyncio.StreamReader) -> None:
    """Returns once the client has hung up."""
    try:
        while await reader.read(65_536):
            pass
    except OSError:
        return


def _context() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE, TLS / "key.pem")
    return context

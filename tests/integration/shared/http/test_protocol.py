"""Heads, connections and readers of every temper, over real sockets: each is bounded, and a probe is still answered."""

from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from shared.http.bounds import RESERVE
from tests.integration.shared.http.conftest import BOUNDS, Caller, Server, calling, head, serving
from tests.waiting import until

ENDLESS = 140_000_000
PROBE = head("/healthz", method="GET", token=None)


async def send_endless(caller: Caller) -> int:
    """A megabyte at a time, as far as the other side lets us; how much that was."""
    sent = 0
    while sent < ENDLESS and await caller.send(b"x" * 1_000_000):
        sent += 1_000_000
    return sent


BEGINNINGS = {
    "a header": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ",
    "a header's name": b"GET /healthz HTTP/1.1\r\nHost: x\r\n",
    "a path": b"GET /",
}


@pytest.mark.parametrize("beginning", BEGINNINGS.values(), ids=BEGINNINGS)
async def test_a_head_of_140_mb_is_refused_at_its_first_bytes(server: Server, beginning: bytes) -> None:
    async with calling(server) as caller, calling(server) as prober:
        await caller.send(beginning)
        sent = await send_endless(caller)
        await prober.send(PROBE)
        assert (await prober.answer()).status == 200
    assert sent < ENDLESS / 2
    assert server.refused("head_too_large") == 1


async def test_a_caller_whose_head_is_too_large_is_told(server: Server) -> None:
    async with calling(server) as caller:
        await caller.send(b"GET / HTTP/1.1\r\nX-Long: " + b"x" * 100_000)
        answer = await caller.answer()
        assert (answer.status, answer.headers["content-type"]) == (431, "application/problem+json")
        assert b"expected at most 8192 bytes of headers, and 20 of them" in answer.body
        assert await caller.ended()


@pytest.mark.parametrize("fields", [[f"X-{number}: 1" for number in range(21)], ["X-Long: " + "x" * 9_000]])
async def test_a_whole_head_over_the_bounds_is_refused_and_the_connection_goes_on(
    server: Server, fields: list[str]
) -> None:
    async with calling(server) as caller:
        await caller.send(head("/healthz", *fields, method="GET"))
        assert (await caller.answer()).status == 431
        await caller.send(PROBE)
        assert (await caller.answer()).status == 200


async def test_trailers_are_bounded_as_headers_are(server: Server) -> None:
    async with calling(server) as caller:
        await caller.send(head("/v1/notes", "Transfer-Encoding: chunked") + b"1\r\nx\r\n0\r\nX-Long: ")
        assert await send_endless(caller) < ENDLESS / 2
    assert server.refused("head_too_large") == 1
    assert server.seen == []


@pytest.mark.parametrize("first", [b"", PROBE])
async def test_a_head_that_does_not_end_is_waited_for_no_longer_than_the_bound(server: Server, first: bytes) -> None:
    async with calling(server) as caller:
        await caller.send(first)
        if first:
            await caller.answer()
        await caller.send(b"GET /healthz HTTP/1.1\r\nHost: ")
        answer = await caller.answer()
        assert (answer.status, b"expected a whole head within 0.3 s" in answer.body) == (408, True)
        assert await caller.ended()
    assert server.refused("head_too_slow") == 1


async def test_a_connection_that_says_nothing_ends_without_a_word(server: Server) -> None:
    async with calling(server) as caller:
        assert await caller.ended()


async def test_empty_lines_between_requests_keep_no_connection_open(server: Server) -> None:
    async with calling(server) as caller:
        await caller.send(PROBE)
        await caller.answer()
        await caller.send(b"\r\n")
        assert (await caller.answer()).status == 408


async def test_what_is_no_http_is_told_so(server: Server) -> None:
    async with calling(server) as caller:
        await caller.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
        assert (await caller.answer()).status == 400
        assert await caller.ended()


PATIENT = replace(BOUNDS, head_seconds=60)


async def test_a_probe_is_answered_under_400_silent_connections(free_port: int) -> None:
    async with serving(free_port, PATIENT) as server, AsyncExitStack() as crowd:
        for _ in range(400):
            await crowd.enter_async_context(calling(server))
            assert server.held <= BOUNDS.connections + RESERVE + 1
        async with calling(server) as prober:
            for path in ("/healthz", "/readyz", "/metrics"):
                await prober.send(head(path, method="GET", token=None))
                assert (await prober.answer()).status == 200
        await until(lambda: (server.refused("too_many_connections") or 0) >= 400 - BOUNDS.connections - RESERVE)


async def test_silent_connections_make_room_for_whoever_has_something_to_say(free_port: int) -> None:
    async with serving(free_port, replace(PATIENT, grace_seconds=0)) as server, AsyncExitStack() as crowd:
        for _ in range(BOUNDS.connections):
            await crowd.enter_async_context(calling(server))
        async with calling(server) as caller:
            await caller.send(head("/v1/notes", "Content-Length: 1") + b"x")
            assert (await caller.answer()).status == 200


async def test_while_all_connections_are_at_work_only_probes_are_answered_and_nobody_is_cut_off(free_port: int) -> None:
    body = head("/v1/notes", "Content-Length: 2")
    async with serving(free_port, PATIENT, body_seconds=60) as server, AsyncExitStack() as crowd:
        at_work = [await crowd.enter_async_context(calling(server)) for _ in range(BOUNDS.connections)]
        for each in at_work:
            await each.send(body + b"x")
        prober, another = [await crowd.enter_async_context(calling(server)) for _ in range(2)]
        await another.send(body + b"xx")
        assert ((answer := await another.answer()).status, answer.headers["retry-after"]) == (503, "1")
        await prober.send(PROBE)
        assert (await prober.answer()).status == 200

        for _ in range(3 * RESERVE):
            await (await crowd.enter_async_context(calling(server))).send(body + b"x")
        for each in at_work:
            await each.send(b"x")
            assert (await each.answer()).status == 200


async def test_an_answer_that_nobody_reads_is_given_up(server: Server) -> None:
    async with calling(server) as caller:
        await caller.send(head("/v1/large", method="GET"))
        await until(lambda: server.refused("reader_too_slow") == 1)


async def test_nothing_is_answered_after_the_request_that_was_to_be_the_last(server: Server) -> None:
    async with calling(server) as caller:
        last = head("/v1/notes", "Connection: close", "Content-Length: 1") + b"x"
        await caller.send(last + head("/v1/notes", "Content-Length: 2") + b"y")
        assert (await caller.answer()).status == 200
        assert await caller.ended()


async def test_requests_sent_at_once_are_answered_in_turn_each_with_its_own_body(server: Server) -> None:
    bodies = [b"a" * 70_000, b"b" * 50, b"", b"c" * 90_000]
    async with calling(server) as caller:
        await caller.send(b"".join(head("/v1/notes", f"Content-Length: {len(each)}") + each for each in bodies))
        assert [(await caller.answer()).body.decode() for _ in bodies] == [str(len(each)) for each in bodies]
    assert server.seen == bodies

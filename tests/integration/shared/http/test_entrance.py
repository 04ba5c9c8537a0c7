"""No byte of a body is read before the key is checked, and none beyond the bounds, over real sockets."""

import asyncio
import json

import pytest

from tests.integration.shared.http.conftest import BODY_SECONDS, LIMIT, READER_TOKEN, Server, calling, head
from tests.waiting import until

MEGABYTE = b"x" * 1_000_000
ASKED = [(None, 401, "no_key"), ("wrong", 401, "no_key"), (READER_TOKEN, 403, "no_scope")]


@pytest.mark.parametrize(("token", "status", "reason"), ASKED)
async def test_who_has_no_key_is_answered_before_the_body_comes(
    server: Server, token: str | None, status: int, reason: str
) -> None:
    async with calling(server) as caller:
        await caller.send(head("/v1/notes", "Content-Length: 300000000", token=token))
        assert (await caller.answer()).status == status
    assert server.refused(reason) == 1
    assert server.seen == []


async def test_who_has_no_key_is_asked_for_one_on_every_path_that_needs_it(server: Server) -> None:
    async with calling(server) as caller:
        await caller.send(head("/v1/small/a%2Fb", "Content-Length: 2", token=None) + b"{}")
        assert (await caller.answer()).status == 401
        await caller.send(head("/v1/small/a%2Fb", "Content-Type: application/json", "Content-Length: 2") + b"{}")
        assert ((answer := await caller.answer()).status, answer.body) == (200, b"a/b")


async def test_a_body_over_the_limit_is_refused_at_its_announcement_and_as_it_comes(server: Server) -> None:
    async with calling(server) as caller:
        await caller.send(head("/v1/notes", f"Content-Length: {LIMIT + 1}"))
        answer = await caller.answer()
        assert (answer.status, json.loads(answer.body)["detail"]) == (413, f"expected a body of at most {LIMIT} bytes")
    async with calling(server) as caller:
        await caller.send(head("/v1/notes", "Transfer-Encoding: chunked"))
        await caller.send(b"%x\r\n" % (LIMIT + 1) + b"x" * (LIMIT + 1))
        assert (await caller.answer()).status == 413
    async with calling(server) as caller:
        await caller.send(head("/v1/notes", f"Content-Length: {LIMIT}") + b"x" * LIMIT)
        assert (await caller.answer()).body == str(LIMIT).encode()
    assert server.refused("body_too_large") == 2


async def test_a_route_that_names_no_limit_has_one(server: Server) -> None:
    async with calling(server) as caller:
        await caller.send(head("/v1/small/a", "Content-Type: application/json", "Content-Length: 65537"))
        assert (await caller.answer()).status == 413


async def test_a_body_that_comes_drop_by_drop_has_a_deadline(server: Server) -> None:
    async with calling(server) as caller:
        await caller.send(head("/v1/notes", "Content-Length: 1000"))
        answered = asyncio.create_task(caller.answer())
        while not answered.done():
            await caller.send(b"x")
            await asyncio.wait({answered}, timeout=BODY_SECONDS / 10)
        assert (await answered).status == 408
    assert server.refused("body_too_slow") == 1


async def test_a_body_that_breaks_off_is_counted_and_seen_by_nobody(server: Server) -> None:
    async with calling(server) as caller:
        await caller.send(head("/v1/notes", "Content-Length: 1000") + b"x")
    await until(lambda: server.refused("body_cut_off") == 1)
    assert server.seen == []


@pytest.mark.parametrize("connection", ["keep-alive", "close"])
async def test_a_sender_that_reads_only_once_it_has_sent_everything_gets_its_answer(
    server: Server, connection: str
) -> None:
    async with calling(server) as caller:
        body = head("/v1/notes", "Content-Length: 900000", f"Connection: {connection}", token=None) + b"x" * 900_000
        assert await caller.send(body)
        assert (await caller.answer()).status == 401
        if connection == "close":
            assert await caller.ended()
        else:
            await caller.send(head("/healthz", method="GET"))
            assert (await caller.answer()).status == 200


async def test_after_its_answer_a_sender_is_listened_to_for_so_many_bytes_and_so_long(server: Server) -> None:
    async with calling(server) as caller:
        await caller.send(head("/v1/notes", "Content-Length: 300000000", token=None))
        await caller.answer()
        sent = 0
        while sent < 100 and await caller.send(MEGABYTE):
            sent += 1
        assert sent < 20
    async with calling(server) as caller:
        await caller.send(head("/v1/notes", "Content-Length: 300000000", token=None))
        await caller.answer()
        ended = asyncio.create_task(caller.ended())
        while not ended.done():
            await caller.send(b"x")
            await asyncio.wait({ended}, timeout=0.03)


async def test_a_path_that_is_none_is_answered_without_its_body(server: Server) -> None:
    async with calling(server) as caller:
        await caller.send(head("/v1/nothing", "Content-Length: 300000000"))
        assert (await caller.answer()).status == 404


@pytest.mark.parametrize("path", ["/v1/notes/", "/healthz/", "/v1/notes//"])
async def test_a_trailing_slash_leads_nowhere_whatever_host_is_named(server: Server, path: str) -> None:
    async with calling(server) as caller:
        await caller.send(f"GET {path} HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n".encode())
        assert ((answer := await caller.answer()).status, "location" in answer.headers) == (404, False)

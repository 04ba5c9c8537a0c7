"""Unit tests cannot reach the network, not even by accident."""

import asyncio
import socket

import pytest


async def test_connecting_raises_while_the_event_loop_still_works() -> None:
    await asyncio.sleep(0)
    with socket.socket() as given, pytest.raises(Exception, match="expected no network in tests/unit"):
        given.connect(("127.0.0.1", 9))
    with pytest.raises(Exception, match="expected no network in tests/unit"):
        await asyncio.get_running_loop().getaddrinfo("localhost", 80)

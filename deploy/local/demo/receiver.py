"""The demo's own webhook endpoints: each checks every Standard Webhooks signature and hands on a message once."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import web

PATH = "/warnings"
Told = Callable[[dict[str, Any]], None]


def new_secret() -> str:
    """A fresh signing secret in the form Standard Webhooks writes it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """The `v1` signature of a message."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


class Receiver:
    """Answers 204 to a well-signed message and 401 to any other; tells `told` each message id's payload once."""

    def __init__(self, secret: str, told: Told) -> None:
        self.seen: set[str] = set()
        self.repeated = 0
        self._secret = secret
        self._told = told

    async def receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        message_id = request.headers.get("webhook-id", "")
        expected = signature(self._secret, message_id, request.headers.get("webhook-timestamp", ""), body)
        given = request.headers.get("webhook-signature", "").split()
        if not any(hmac.compare_digest(expected, each) for each in given):
            return web.Response(status=401, text="expected a webhook-signature made with the shared secret")
        if message_id in self.seen:
            self.repeated += 1
        else:
            self.seen.add(message_id)
            self._told(msgspec.json.decode(body))
        return web.Response(status=204)


@asynccontextmanager
async def listening(receivers: Receiver | Mapping[str, Receiver], port: int) -> AsyncIterator[None]:
    """Serve one receiver at PATH of this loopback port, or several each at its own path."""
    app = web.Application()
    for path, each in receivers.items() if isinstance(receivers, Mapping) else [(PATH, receivers)]:
        app.router.add_post(path, each.receive)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield
    finally:
        await runner.cleanup()

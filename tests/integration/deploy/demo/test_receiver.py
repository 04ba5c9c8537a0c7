"""The demo's webhook endpoint: an independent implementation signs, and only the well-signed is believed, once."""

import json
from datetime import UTC, datetime
from typing import Any

import aiohttp
from standardwebhooks.webhooks import Webhook

from deploy.local.demo.receiver import PATH, Receiver, listening, new_secret

BODY = json.dumps({"type": "warning.raised", "data": {}})


async def _post(port: int, secret: str, message_id: str, path: str = PATH) -> int:
    now = datetime.now(UTC)
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, now, BODY),
    }
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"http://127.0.0.1:{port}{path}", data=BODY, headers=headers) as answer,
    ):
        return answer.status


async def test_a_message_is_told_once_however_often_it_comes(free_port: int) -> None:
    told: list[dict[str, Any]] = []
    secret = new_secret()
    receiver = Receiver(secret, told.append)
    async with listening(receiver, free_port):
        assert [await _post(free_port, secret, "m-1") for _ in range(2)] == [204, 204]

    assert told == [json.loads(BODY)]
    assert receiver.repeated == 1


async def test_a_message_signed_with_another_secret_is_not_believed(free_port: int) -> None:
    told: list[dict[str, Any]] = []
    async with listening(Receiver(new_secret(), told.append), free_port):
        assert await _post(free_port, new_secret(), "m-1") == 401

    assert told == []


async def test_each_of_several_has_a_path_and_a_secret_of_its_own(free_port: int) -> None:
    told: dict[str, list[dict[str, Any]]] = {"/one": [], "/other": []}
    secrets = {path: new_secret() for path in told}
    async with listening({path: Receiver(secrets[path], told[path].append) for path in told}, free_port):
        assert await _post(free_port, secrets["/other"], "m-1", "/one") == 401
        assert await _post(free_port, secrets["/other"], "m-1", "/other") == 204

    assert told == {"/one": [], "/other": [json.loads(BODY)]}

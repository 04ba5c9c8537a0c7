"""Feishu's signature: HMAC-SHA256 of nothing at all, under a key made of the timestamp and the secret."""

import base64
import hashlib
import hmac


def signature(secret: str, timestamp: int) -> str:
    """The `sign` of a message sent at `timestamp`, in seconds. Feishu takes it for an hour."""
    key = f"{timestamp}\n{secret}".encode()
    return base64.b64encode(hmac.digest(key, b"", hashlib.sha256)).decode()

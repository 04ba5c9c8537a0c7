"""DingTalk's signature: HMAC-SHA256 of the timestamp and the secret, under the secret, in the URL's query."""

import base64
import hashlib
import hmac
from urllib.parse import quote_plus, urlsplit


def signed(url: str, secret: str, timestamp: int) -> str:
    """The URL for a message sent at `timestamp`, in milliseconds. DingTalk takes it for an hour."""
    digest = hmac.digest(secret.encode(), f"{timestamp}\n{secret}".encode(), hashlib.sha256)
    more = f"timestamp={timestamp}&sign={quote_plus(base64.b64encode(digest))}"
    return f"{url}{'&' if urlsplit(url).query else '?'}{more}"

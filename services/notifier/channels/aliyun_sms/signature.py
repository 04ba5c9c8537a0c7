"""Alibaba Cloud's signature, version 3: HMAC-SHA256 over a request written in one canonical way."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

ALGORITHM = "ACS3-HMAC-SHA256"


def query(values: Mapping[str, str]) -> str:
    """The values as a query, sorted and percent-encoded as the signature wants it."""
    return "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in sorted(values.items()))


def signed(
    action: str,
    version: str,
    values: Mapping[str, str],
    *,
    host: str,
    path: str,
    key_id: str,
    secret: str,
    nonce: str,
    at: datetime,
) -> dict[str, str]:
    """The headers of a POST with these values in its query and an empty body. Good for 15 minutes from `at`."""
    nothing = hashlib.sha256(b"").hexdigest()
    headers = {
        "host": host,
        "x-acs-action": action,
        "x-acs-content-sha256": nothing,
        "x-acs-date": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce,
        "x-acs-version": version,
    }
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    canonical = "\n".join(["POST", path, query(values), lines, names, nothing])
    to_sign = f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.digest(secret.encode(), to_sign.encode(), hashlib.sha256).hex()
    return {**headers, "Authorization": f"{ALGORITHM} Credential={key_id},SignedHeaders={names},Signature={signature}"}

"""Join tokens as any customer's back end would mint them: HS256 with the development key, and the ways to get it wrong."""

from __future__ import annotations

import time

import jwt

DEVELOPMENT_KEY = "devkey"
DEVELOPMENT_SECRET = "hutong-development-secret-32-bytes-min"


def join_token(
    identity: str,
    room: str,
    *,
    name: str = "",
    metadata: str = "",
    ttl: float = 3600,
    key: str = DEVELOPMENT_KEY,
    secret: str = DEVELOPMENT_SECRET,
    grant: dict | None = None,
    claims: dict | None = None,
) -> str:
    """A token that lets `identity` into `room`. `grant` adds to or overrides the `video` grant, `claims` the rest; a
    value of None removes the field."""
    now = int(time.time())
    video = {"roomJoin": True, "room": room, "canUpdateOwnMetadata": True, **(grant or {})}
    payload = {
        "iss": key,
        "sub": identity,
        "nbf": now - 5,
        "exp": int(now + ttl),
        "name": name or identity,
        "metadata": metadata,
        "video": {field: value for field, value in video.items() if value is not None},
        **(claims or {}),
    }
    return jwt.encode({k: v for k, v in payload.items() if v is not None}, secret, algorithm="HS256")

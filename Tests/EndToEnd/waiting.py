"""Waiting for something to become true, with words for when it does not."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable
from typing import Any

POLL_SECONDS = 0.02


async def until(condition: Callable[[], Any], seconds: float, what: str | Callable[[], str]) -> Any:
    """Returns the first truthy value of `condition` (which may be a coroutine function), or fails saying what was
    awaited, in words or as a function finds it then."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if inspect.isawaitable(value):
            value = await value
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain for: {what() if callable(what) else what}")
        await asyncio.sleep(POLL_SECONDS)

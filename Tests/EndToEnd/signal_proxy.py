"""A WebSocket proxy between an unmodified SDK and the server that changes one thing: the candidates in the server's
SDP, so that the SDK's media takes the impairment relay. An SDK cannot be told otherwise from outside.

It can also be a bad way for the signals themselves: `hold` lets nothing through, as a dead network does, and `abort` ends
every connection without a word, as a restarted NAT or proxy does."""

from __future__ import annotations

import asyncio

import aiohttp
from aiohttp import web
from livekit.protocol import rtc

from impairment import ImpairedNetwork, without_candidates
from server import Server


class SignalProxy:
    """`async with SignalProxy(server, network) as url:` — give `url` to the SDK instead of the server's. Without a
    network only the signals take the proxy. `blocked` is a protocol of which the SDK hears nothing."""

    def __init__(self, server: Server, network: ImpairedNetwork | None = None, blocked: str | None = None):
        self.server, self.network, self.blocked = server, network, blocked
        self.is_open = asyncio.Event()
        self.is_open.set()
        self.inside: set[asyncio.Transport] = set()

    async def __aenter__(self) -> str:
        self.http = aiohttp.ClientSession()
        application = web.Application()
        for path in ("/rtc", "/rtc/v1"):
            application.router.add_get(path, self.connect)
        self.runner = web.AppRunner(application, shutdown_timeout=0.2)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        return f"ws://127.0.0.1:{self.runner.addresses[0][1]}"

    async def __aexit__(self, *_) -> None:
        await self.runner.cleanup()
        await self.http.close()

    def hold(self, is_held: bool = True) -> None:
        """Nothing passes while it holds; what waits then passes, as TCP repeats it."""
        if is_held:
            self.is_open.clear()
        else:
            self.is_open.set()

    def abort(self) -> None:
        for transport in list(self.inside):
            transport.abort()

    async def connect(self, request: web.Request) -> web.WebSocketResponse:
        transport = request.transport
        self.inside.add(transport)
        try:
            return await self.pass_on(request)
        finally:
            self.inside.remove(transport)

    async def pass_on(self, request: web.Request) -> web.WebSocketResponse:
        await self.is_open.wait()
        headers = {"Authorization": request.headers["Authorization"]}
        url = self.server.ws_url + request.path_qs
        async with self.http.ws_connect(url, headers=headers, max_msg_size=0) as upstream:
            downstream = web.WebSocketResponse(max_msg_size=0)
            await downstream.prepare(request)
            ways = {
                asyncio.create_task(self.copy(downstream, upstream, lambda data: data)),
                asyncio.create_task(self.copy(upstream, downstream, self.rewrite)),
            }
            _, pending = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in pending:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            await downstream.close()
        return downstream

    async def copy(self, source, sink, change) -> None:
        async for message in source:
            await self.is_open.wait()
            if message.type == aiohttp.WSMsgType.BINARY:
                await sink.send_bytes(change(message.data))

    def rewrite(self, data: bytes) -> bytes:
        if self.network is None and self.blocked is None:
            return data
        response = rtc.SignalResponse.FromString(data)
        kind = response.WhichOneof("message")
        if kind in ("answer", "offer"):
            description = getattr(response, kind)
            if self.network:
                description.sdp = self.network.rewrite_candidates(description.sdp)
            if self.blocked:
                description.sdp = without_candidates(description.sdp, self.blocked)
        elif kind == "trickle" and self.network:
            response.trickle.candidateInit = self.network.rewrite_candidates(response.trickle.candidateInit)
        else:
            return data
        return response.SerializeToString()

"""Everything that travels on data channels, between unmodified SDK clients: packets, streams, calls, and their limits."""

from __future__ import annotations

import asyncio
import hashlib
import random

import aiohttp
import pytest
from livekit import api, rtc

from tokens import DEVELOPMENT_KEY, DEVELOPMENT_SECRET, join_token
from waiting import until

HEARD_SECONDS = 5.0
MODES = {"two connections": False, "one connection": True}


class Person:
    """One SDK client and the data packets it heard, as (sender, payload, topic, kind)."""

    def __init__(self, participant):
        self.room = participant.room
        self.local = participant.room.local_participant
        self.packets: list[tuple[str | None, bytes, str | None, int]] = []
        self.room.on("data_received", self.on_data)

    def on_data(self, packet) -> None:
        sender = packet.participant.identity if packet.participant else None
        self.packets.append((sender, packet.data, packet.topic, packet.kind))

    @property
    def payloads(self) -> list[bytes]:
        return [payload for _, payload, _, _ in self.packets]

    async def heard(self, count: int, seconds: float = HEARD_SECONDS) -> list[bytes]:
        await until(lambda: len(self.packets) >= count, seconds, f"{self.local.identity} hears {count} packets")
        return self.payloads


@pytest.fixture(params=MODES, ids=lambda mode: mode.replace(" ", "-"))
def single(request) -> bool:
    return MODES[request.param]


@pytest.fixture
async def three(join, single):
    """Alice, Bob and Carol, joined and known to each other."""
    joined = [await join(name, single_peer_connection=single) for name in ("alice", "bob", "carol")]
    for person in joined:
        await until(lambda person=person: len(person.remote_identities()) == 2, HEARD_SECONDS, "three people")
    return [Person(person) for person in joined]


async def test_a_packet_reaches_everybody_else(three):
    alice, bob, carol = three
    await alice.local.publish_data(b"hello", reliable=True, topic="greeting")
    for person in (bob, carol):
        await person.heard(1)
        assert person.packets == [("alice", b"hello", "greeting", rtc.DataPacketKind.KIND_RELIABLE)]
    await asyncio.sleep(0.2)
    assert not alice.packets


async def test_a_packet_reaches_whom_it_names(three):
    alice, bob, carol = three
    await alice.local.publish_data("for bob", destination_identities=["bob"])
    await alice.local.publish_data("for all")
    assert await bob.heard(2) == [b"for bob", b"for all"]
    assert await carol.heard(1) == [b"for all"]


async def test_reliable_packets_arrive_in_order(three):
    alice, bob, _ = three
    sent = [b"%d" % number for number in range(1000)]
    for payload in sent:
        await alice.local.publish_data(payload, reliable=True)
    assert await bob.heard(len(sent), 20) == sent


async def test_lossy_packets_arrive_on_a_good_line(three):
    alice, bob, _ = three
    sent = {b"%d" % number for number in range(50)}
    for payload in sorted(sent):
        await alice.local.publish_data(payload, reliable=False)
    await bob.heard(len(sent))
    assert set(bob.payloads) == sent
    assert {kind for _, _, _, kind in bob.packets} == {rtc.DataPacketKind.KIND_LOSSY}


async def test_a_text_stream_arrives_whole(three):
    alice, bob, _ = three
    text = "你好 hutong " * 3000
    read = asyncio.get_running_loop().create_future()

    def on_stream(reader, sender):
        async def read_all():
            read.set_result((sender, await reader.read_all(), reader.info.topic))

        bob.reading = asyncio.create_task(read_all())

    bob.room.register_text_stream_handler("story", on_stream)
    await alice.local.send_text(text, topic="story", destination_identities=["bob"])
    assert await asyncio.wait_for(read, 10) == ("alice", text, "story")


async def test_a_megabyte_arrives_as_it_was(three):
    alice, bob, _ = three
    content = random.Random(1).randbytes(1_000_000)
    read = asyncio.get_running_loop().create_future()

    def on_stream(reader, sender):
        async def read_all():
            chunks = [chunk async for chunk in reader]
            read.set_result((sender, hashlib.sha256(b"".join(chunks)).hexdigest(), reader.info.name))

        bob.reading = asyncio.create_task(read_all())

    bob.room.register_byte_stream_handler("file", on_stream)
    writer = await alice.local.stream_bytes("holiday.jpg", topic="file", total_size=len(content))
    await writer.write(content)
    await writer.aclose()
    expected = ("alice", hashlib.sha256(content).hexdigest(), "holiday.jpg")
    assert await asyncio.wait_for(read, 30) == expected


async def test_calls_go_both_ways(three):
    alice, bob, _ = three

    async def double(call):
        return str(2 * int(call.payload)) + " for " + call.caller_identity

    for person in (alice, bob):
        person.local.register_rpc_method("double", double)
    answer = await alice.local.perform_rpc(destination_identity="bob", method="double", payload="21")
    assert answer == "42 for alice"
    answer = await bob.local.perform_rpc(destination_identity="alice", method="double", payload="4")
    assert answer == "8 for bob"
    with pytest.raises(rtc.RpcError) as caught:
        await alice.local.perform_rpc(destination_identity="bob", method="triple", payload="1")
    assert caught.value.code == rtc.RpcError.ErrorCode.UNSUPPORTED_METHOD


async def test_who_may_not_send_data_is_not_heard(join, server, room, single):
    mute = await join(
        "mute", token=join_token("mute", room, grant={"canPublishData": False}), single_peer_connection=single
    )
    bob = Person(await join("bob", single_peer_connection=single))
    await until(lambda: mute.remote_identities() == {"bob"}, HEARD_SECONDS, "two people")
    await mute.room.local_participant.publish_data("psst")
    await until(
        lambda: server.metrics().by("hutong_data_packets_dropped_total", "reason").get("not-allowed"),
        HEARD_SECONDS, "a packet that was not allowed",
    )  # fmt: skip
    assert not bob.packets


async def test_a_back_end_sends_data(three, server, room):
    alice, bob, carol = three
    async with api.LiveKitAPI(server.url, DEVELOPMENT_KEY, DEVELOPMENT_SECRET) as back_end:
        await back_end.room.send_data(api.SendDataRequest(room=room, data=b"to all", topic="news"))
        await back_end.room.send_data(
            api.SendDataRequest(room=room, data=b"to bob", destination_identities=["bob"])
        )
    assert await bob.heard(2) == [b"to all", b"to bob"]
    assert bob.packets[0] == (None, b"to all", "news", rtc.DataPacketKind.KIND_RELIABLE)
    assert await alice.heard(1) == await carol.heard(1) == [b"to all"]


async def test_a_back_end_calls_a_method_of_a_participant(three, server, room):
    alice, _, _ = three

    async def greet(call):
        return f"hello {call.caller_identity}, {call.payload}"

    alice.local.register_rpc_method("greet", greet)
    token = api.AccessToken(DEVELOPMENT_KEY, DEVELOPMENT_SECRET).with_grants(
        api.VideoGrants(room_admin=True, room=room)
    )

    async def call(**request) -> tuple[int, dict]:
        headers = {"Authorization": f"Bearer {token.to_jwt()}"}
        url = f"{server.url}/twirp/livekit.RoomService/PerformRpc"
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(url, json={"room": room, "payload": "you", **request}) as response,
        ):
            return response.status, await response.json()

    assert await call(destinationIdentity="alice", method="greet") == (200, {"payload": "hello server, you"})
    status, error = await call(destinationIdentity="alice", method="dance")
    assert (status, error["code"]) == (409, "aborted")
    status, error = await call(destinationIdentity="nobody", method="greet")
    assert (status, error["code"]) == (404, "not_found")

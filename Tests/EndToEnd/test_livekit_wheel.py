"""The unmodified Python SDK (libwebrtc) as a customer uses it: join, publish, receive, mute, unsubscribe, leave. Each test
runs over both of the protocol's paths, v1 (one peer connection, the SDK's default) and v0 (two)."""

from __future__ import annotations

import statistics
import time

import pytest
from livekit import rtc

from waiting import until

TONE = 440.0
FRAMES = 50
AUDIO_SECONDS = 3.0
# With the connection's handshakes and a first round of negotiation; the SDK's own part is most of it.
FIRST_PICTURE_SECONDS = 2.0


@pytest.fixture(params=["v1", "v0"])
def path(request) -> str:
    return request.param


@pytest.fixture(autouse=True)
def only_that_path(server, path):
    """An SDK that falls back from one path to the other would pass every test here."""
    before = server.metrics().by("hutong_joins_total", "path")
    yield
    after = server.metrics().by("hutong_joins_total", "path")
    assert {name for name in after if after[name] > before[name]} == {path}


async def publish_and_receive(alice, bob) -> None:
    await alice.publish_tone(TONE)
    await alice.publish_numbers(320, 240)
    video = await bob.sees("alice", FRAMES, seconds=15)
    audio = await bob.hears("alice", AUDIO_SECONDS)
    video.assert_advances((320, 240))
    audio.assert_tone(TONE)


async def test_publish_and_receive_audio_and_video(two):
    await publish_and_receive(*two)


@pytest.mark.show
@pytest.mark.parametrize("path", ["v1"], indirect=True)
async def test_ten_of_ten_runs(join, room, figure):
    passed = 0
    try:
        for run in range(10):
            alice, bob = await join("alice", f"{room}-{run}"), await join("bob", f"{room}-{run}")
            await publish_and_receive(alice, bob)
            await alice.leave()
            await bob.leave()
            passed += 1
    finally:
        figure("livekit wheel: publish, 50 frames, 3 s of the right tone", f"{passed} of 10", "10 of 10")


async def test_join_shows_the_others(join, room):
    started = time.monotonic()
    alice = await join("alice")
    assert time.monotonic() - started < 2
    bob = await join("bob")
    assert alice.room.isconnected() and bob.room.isconnected()
    assert alice.room.name == room
    assert alice.room.local_participant.identity == "alice"
    await until(lambda: alice.remote_identities() == {"bob"}, 5, "alice sees bob")
    assert bob.remote_identities() == {"alice"}
    await alice.leave()
    await until(lambda: not bob.remote_identities(), 5, "bob is told that alice left")


async def test_tracks_published_before_the_join_are_received(join):
    alice = await join("alice")
    await alice.publish_tone(TONE)
    await alice.publish_numbers(160, 120)
    bob = await join("bob")
    await bob.sees("alice")
    (await bob.hears("alice")).assert_tone(TONE)


async def test_mute_and_unmute(two):
    alice, bob = two
    publication = await alice.publish_tone(TONE)
    await bob.hears("alice", 1)
    publication.track.mute()
    participant, muted = await bob.wait_for("track_muted")
    assert participant.identity == "alice" and muted.sid == publication.sid and muted.muted
    publication.track.unmute()
    participant, unmuted = await bob.wait_for("track_unmuted")
    assert unmuted.sid == publication.sid and not unmuted.muted
    bob.audio["alice"].chunks.clear()
    (await bob.hears("alice", 2)).assert_tone(TONE)


async def test_unsubscribe_and_back(two):
    alice, bob = two
    await alice.publish_numbers(320, 240)
    await bob.sees("alice", 5)
    publication = next(iter(bob.room.remote_participants["alice"].track_publications.values()))
    publication.set_subscribed(False)
    await bob.wait_for("track_unsubscribed")
    frames = bob.video["alice"].count
    publication.set_subscribed(True)
    await bob.wait_for("track_subscribed", count=2)
    await bob.sees("alice", frames + 10)


async def test_without_auto_subscribe_nothing_comes_until_asked(join):
    alice = await join("alice")
    bob = await join("bob", auto_subscribe=False)
    await alice.publish_numbers(160, 120)
    publication, _ = await bob.wait_for("track_published")
    assert not bob.named("track_subscribed")
    publication.set_subscribed(True)
    await bob.sees("alice", 5)


async def test_unpublish_and_publish_again(two):
    alice, bob = two
    for turn in (1, 2):
        publication = await alice.publish_numbers(160, 120)
        await bob.wait_for("track_subscribed", seconds=10, count=turn)
        before = bob.video["alice"].count if "alice" in bob.video else 0
        await bob.sees("alice", before + 5)
        await alice.room.local_participant.unpublish_track(publication.sid)
        await bob.wait_for("track_unpublished", count=turn)


async def test_metadata_name_and_attributes_reach_the_others(two):
    alice, bob = two
    await until(lambda: "alice" in bob.remote_identities(), 5, "bob sees alice")
    await alice.room.local_participant.set_metadata('{"desk": 7}')
    await alice.room.local_participant.set_name("愛麗絲")
    await alice.room.local_participant.set_attributes({"hand": "up"})
    await bob.wait_for("participant_attributes_changed")
    seen = bob.room.remote_participants["alice"]
    assert (seen.metadata, seen.name, seen.attributes) == ('{"desk": 7}', "愛麗絲", {"hand": "up"})
    await alice.room.local_participant.set_attributes({"hand": ""})
    await until(lambda: seen.attributes == {}, 5, "an empty value removes the attribute")


async def test_the_one_who_speaks_is_named(two):
    alice, bob = two
    await alice.publish_tone(TONE)
    (speakers,) = await bob.wait_for("active_speakers_changed", seconds=8)
    assert [speaker.identity for speaker in speakers] == ["alice"]


async def test_the_publisher_is_told_of_its_first_subscriber(two):
    alice, bob = two
    await alice.publish_tone(TONE)
    await alice.wait_for("local_track_subscribed")


async def test_more_tracks_than_there_were_places_for(join):
    """In v1 the SDK begins with three places for sound: the others have to be asked for."""
    alice, bob = await join("alice"), await join("bob")
    for _ in range(5):
        await alice.publish_tone(TONE)
    await bob.wait_for("track_subscribed", count=5)
    carol = await join("carol")
    await carol.wait_for("track_subscribed", count=5)


async def test_simulcast_is_received(two):
    alice, bob = two
    await alice.publish_numbers(640, 480, simulcast=True)
    video = await bob.sees("alice", 20, seconds=15)
    assert set(video.sizes) <= {(640, 480), (320, 240)}


async def test_both_publish_and_receive_at_the_same_time(two):
    for person in two:
        await person.publish_tone(TONE)
        await person.publish_numbers(320, 240)
    for person, other in (two, reversed(two)):
        (await person.sees(other.identity, FRAMES, seconds=15)).assert_advances((320, 240))
        (await person.hears(other.identity, 2)).assert_tone(TONE)


async def test_the_first_picture_after_joining_comes_soon(join, path, figure):
    alice = await join("alice")
    await alice.publish_numbers(320, 240)
    times = []
    for turn in range(5):
        started = time.monotonic()
        bob = await join(f"bob-{turn}")
        video = await bob.sees("alice", 1)
        times.append(video.times[0] - started)
        await bob.leave()
    median = statistics.median(times)
    figure(f"livekit wheel, {path}: join to first picture, median of 5", f"{median * 1000:.0f} ms")
    assert median < FIRST_PICTURE_SECONDS


CODECS = {
    "vp8": rtc.VideoCodec.VP8,
    "vp9": rtc.VideoCodec.VP9,
    "h264": rtc.VideoCodec.H264,
    "av1": rtc.VideoCodec.AV1,
}


@pytest.mark.parametrize("codec", CODECS)
async def test_each_codec_is_forwarded(two, codec):
    alice, bob = two
    await alice.publish_numbers(320, 240, video_codec=CODECS[codec])
    (await bob.sees("alice", FRAMES)).assert_advances((320, 240))
    track = next(iter(bob.room.remote_participants["alice"].track_publications.values()))
    assert track.mime_type.lower() == f"video/{codec}"


@pytest.mark.parametrize("red", [True, False])
async def test_audio_with_and_without_redundancy(two, red):
    alice, bob = two
    await alice.publish_tone(TONE, red=red)
    (await bob.hears("alice", 2)).assert_tone(TONE)

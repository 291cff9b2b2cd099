"""A participant made of the unmodified `livekit` SDK: joins, publishes recognisable sound and pictures, keeps what it
receives.

Run as a program it is a client in a process of its own, for crowds (one process cannot read 180 tracks in Python) and
for dying: `python wheel.py URL TOKEN NAME PATH TONES` joins on PATH (`v0` or `v1`), publishes small video and its tone of
TONES (frequencies in Hz by name, JSON), prints what it does not see and hear of the others, `[]` as soon as that is
nothing, and leaves when its stdin is closed.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import subprocess
import sys
import tempfile
import time

import numpy as np
from livekit import rtc

import media
from waiting import until

# 50 ms at a time: each frame costs the SDK a round trip between Python and its own threads.
AUDIO_FRAME_SAMPLES = media.SAMPLE_RATE // 20
# Small enough for ten people who all encode one and decode nine on two cores.
CROWD_SIZE, CROWD_FPS = (160, 120), 10
# Hz between the tones of two people: not a multiple of 50, so that the sidebands of a tone cut into 10 or 20 ms frames
# fall on nobody else's.
CROWD_TONE_STEP = 73
I420 = rtc.VideoBufferType.I420


@dataclasses.dataclass
class ReceivedVideo:
    sizes: list[tuple[int, int]] = dataclasses.field(default_factory=list)
    numbers: list[int | None] = dataclasses.field(default_factory=list)
    times: list[float] = dataclasses.field(default_factory=list)
    last: np.ndarray | None = None  # the Y plane of the latest

    @property
    def count(self) -> int:
        return len(self.times)

    def assert_advances(self, size: tuple[int, int]) -> None:
        """Nearly all frames are readable, of one size, and none goes back."""
        assert set(self.sizes) == {size}
        readable = [number for number in self.numbers if number is not None]
        assert len(readable) >= 0.9 * self.count, f"{len(readable)} of {self.count} frames readable"
        assert media.advance(readable), f"frames out of order: {readable}"


@dataclasses.dataclass
class ReceivedAudio:
    chunks: list[np.ndarray] = dataclasses.field(default_factory=list)

    @property
    def seconds(self) -> float:
        return sum(len(chunk) for chunk in self.chunks) / media.SAMPLE_RATE

    def peak(self, seconds: float = 1.0) -> tuple[float, float]:
        """The strongest frequency of the last `seconds` in Hz, and its share of the energy."""
        return media.peak_frequency(np.concatenate(self.chunks)[-int(seconds * media.SAMPLE_RATE) :])

    def has_tone(self, frequency: float) -> bool:
        return self.seconds >= 1 and abs(self.peak()[0] - frequency) < 5

    def assert_tone(self, frequency: float, seconds: float = 1.0) -> None:
        """The last `seconds` are one tone of `frequency` Hz and hardly anything else."""
        peak, share = self.peak(seconds)
        assert abs(peak - frequency) < 3, f"heard {peak} Hz"
        assert share > 0.8, f"only {share:.0%} of the energy is the tone"


class WheelParticipant:
    """One room connection. `events` is everything the SDK told, as (name, arguments)."""

    EVENTS = (
        "participant_connected", "participant_disconnected", "track_published", "track_unpublished",
        "track_subscribed", "track_unsubscribed", "track_muted", "track_unmuted", "participant_metadata_changed",
        "participant_name_changed", "participant_attributes_changed", "active_speakers_changed", "disconnected",
        "reconnecting", "reconnected", "local_track_subscribed", "local_track_republished", "token_refreshed",
        "connection_quality_changed",
    )  # fmt: skip

    def __init__(self, identity: str):
        self.identity = identity
        self.room = rtc.Room()
        self.events: list[tuple[str, tuple]] = []
        self.video: dict[str, ReceivedVideo] = {}  # by the publisher's identity
        self.audio: dict[str, ReceivedAudio] = {}
        self.tasks: list[asyncio.Task] = []
        for name in self.EVENTS:
            self.room.on(name, lambda *arguments, name=name: self.events.append((name, arguments)))
        self.room.on("track_subscribed", self.on_track)

    async def join(self, url: str, token: str, **options) -> WheelParticipant:
        """`options` are RoomOptions: `auto_subscribe`, `single_peer_connection`, …"""
        await self.room.connect(url, token, rtc.RoomOptions(**options))
        return self

    def on_track(self, track, publication, participant) -> None:
        read = self.read_video if track.kind == rtc.TrackKind.KIND_VIDEO else self.read_audio
        self.tasks.append(asyncio.create_task(read(track, participant.identity)))

    async def read_video(self, track, identity: str) -> None:
        received = self.video.setdefault(identity, ReceivedVideo())
        stream = rtc.VideoStream(track, format=I420)
        async for event in stream:
            frame = event.frame
            received.times.append(time.monotonic())
            received.sizes.append((frame.width, frame.height))
            received.last = media.luma_of(frame.data, frame.width, frame.height).copy()
            received.numbers.append(media.read_number(received.last))
        await stream.aclose()

    async def read_audio(self, track, identity: str) -> None:
        received = self.audio.setdefault(identity, ReceivedAudio())
        stream = rtc.AudioStream(track, sample_rate=media.SAMPLE_RATE, num_channels=1, frame_size_ms=50)
        async for event in stream:
            received.chunks.append(np.frombuffer(event.frame.data, np.int16).copy())
        await stream.aclose()

    async def publish_tone(self, frequency: float = 440.0, **options):
        source = rtc.AudioSource(media.SAMPLE_RATE, 1, queue_size_ms=500)
        track = rtc.LocalAudioTrack.create_audio_track("tone", source)
        # Without this the SDK's DTX may go silent between two identical periods of the sine.
        options.setdefault("dtx", False)
        settings = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE, **options)
        publication = await self.room.local_participant.publish_track(track, settings)
        self.tasks.append(asyncio.create_task(self.play(source, frequency)))
        return publication

    async def play(self, source, frequency: float) -> None:
        position = 0
        while True:
            samples = media.tone(frequency, position, AUDIO_FRAME_SAMPLES)
            await source.capture_frame(
                rtc.AudioFrame(samples.tobytes(), media.SAMPLE_RATE, 1, AUDIO_FRAME_SAMPLES)
            )
            position += AUDIO_FRAME_SAMPLES

    async def publish_numbers(self, width: int = 320, height: int = 240, fps: float = 20, **options):
        source = rtc.VideoSource(width, height)
        track = rtc.LocalVideoTrack.create_video_track("numbers", source)
        options.setdefault("simulcast", False)
        settings = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_CAMERA, **options)
        publication = await self.room.local_participant.publish_track(track, settings)
        self.tasks.append(asyncio.create_task(self.show(source, width, height, fps)))
        return publication

    async def show(self, source, width: int, height: int, fps: float) -> None:
        started = time.monotonic()
        number = 0
        while True:
            source.capture_frame(rtc.VideoFrame(width, height, I420, media.i420(width, height, number)))
            number += 1
            await asyncio.sleep(max(0.0, started + number / fps - time.monotonic()))

    def named(self, event: str) -> list[tuple]:
        return [arguments for name, arguments in self.events if name == event]

    async def wait_for(self, event: str, seconds: float = 5, count: int = 1) -> tuple:
        """The arguments of the latest `event`, once it came `count` times since the start."""
        await until(lambda: len(self.named(event)) >= count, seconds, f"{self.identity}: {event} × {count}")
        return self.named(event)[-1]

    async def sees(self, identity: str, frames: int = 10, seconds: float = 10) -> ReceivedVideo:
        """The video from `identity`, once it has `frames` frames since the start."""
        received = self.video.setdefault(identity, ReceivedVideo())
        await until(lambda: received.count >= frames, seconds, f"{self.identity} sees {frames} frames of {identity}")
        return received

    async def hears(self, identity: str, length: float = 1.5, seconds: float = 10) -> ReceivedAudio:
        """The audio from `identity`, once `length` seconds of it came since the start."""
        received = self.audio.setdefault(identity, ReceivedAudio())
        await until(lambda: received.seconds >= length, seconds, f"{self.identity} hears {length} s of {identity}")
        return received

    def video_count(self, identity: str) -> int:
        return self.video[identity].count if identity in self.video else 0

    def has_heard(self, identity: str, frequency: float) -> bool:
        """In the last second, that tone more than anything else."""
        return self.audio[identity].has_tone(frequency) if identity in self.audio else False

    def remote_identities(self) -> set[str]:
        return {participant.identity for participant in self.room.remote_participants.values()}

    async def leave(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.tasks.clear()
        await self.room.disconnect()


async def attend(url: str, token: str, identity: str, path: str, tones: str) -> None:
    """See the first lines of this file."""
    frequencies = json.loads(tones)
    own = frequencies.pop(identity)
    person = await WheelParticipant(identity).join(url, token, single_peer_connection=path == "v1")
    await person.publish_tone(own)
    await person.publish_numbers(*CROWD_SIZE, fps=CROWD_FPS)
    print("joined", flush=True)

    heard: set[str] = set()

    def misses() -> list[str]:
        """What has not come yet. A voice is known by a second of its tone, whenever: ten busy clients on two cores stop
        each other's now and then."""
        heard.update(n for n, tone in frequencies.items() if person.has_heard(n, tone))
        unseen = [f"video of {n}" for n in frequencies if person.video_count(n) < 2 * CROWD_FPS]
        return unseen + [f"tone of {n}" for n in frequencies if n not in heard]

    deadline = time.monotonic() + 60
    while missing := misses():
        if time.monotonic() > deadline:
            print(json.dumps(missing), flush=True)
            break
        await asyncio.sleep(0.5)
    else:
        for video in person.video.values():
            video.assert_advances(CROWD_SIZE)
        print(json.dumps([]), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await person.leave()


class Crowd:
    """Several such processes in one room; left, and if need be ended, with the `with` block."""

    def __init__(self, url: str, tokens: dict[str, str], paths: dict[str, str] | None = None):
        """`tokens` and `paths` by identity; without `paths` everybody takes the SDK's own, v1."""
        self.errors = tempfile.TemporaryFile("w+")
        tones = json.dumps({name: 300 + CROWD_TONE_STEP * n for n, name in enumerate(tokens)})
        self.people = {
            name: subprocess.Popen(
                [sys.executable, __file__, url, token, name, (paths or {}).get(name, "v1"), tones],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True,
            )
            for name, token in tokens.items()
        }  # fmt: skip

    def complaints(self) -> str:
        """The end of what the processes wrote to stderr: why one of them failed."""
        self.errors.seek(0)
        # The SDK says this a thousand times when a client ends before its streams.
        lines = [line for line in self.errors if "Event loop is closed" not in line]
        return "".join(lines)[-2000:]

    async def lines(self) -> dict[str, str]:
        """The next line of each; empty for one that failed."""
        reads = [asyncio.to_thread(process.stdout.readline) for process in self.people.values()]
        return dict(zip(self.people, await asyncio.gather(*reads), strict=True))

    def __enter__(self) -> Crowd:
        return self

    def __exit__(self, *_) -> None:
        for process in self.people.values():
            process.stdin.close()
        for process in self.people.values():
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()
        self.errors.close()


if __name__ == "__main__":
    asyncio.run(attend(*sys.argv[1:]))

"""A participant on aiortc, a third WebRTC stack: speaks protocol v0 (livekit-wire.md, 2.5) with the published protobuf
messages, publishes recognisable sound and pictures, counts what it receives.

Its parts are open to the test on purpose: SDP can be changed on its way out (`rewrite_offer`) and in
(`rewrite_candidates`), and `publisher_path` gives the bare sender of datagrams under DTLS and SRTP.
"""

from __future__ import annotations

import asyncio
import contextlib
import fractions
import time
from collections.abc import Callable

import aiohttp
import av
import numpy as np
from aiortc import MediaStreamTrack, RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from livekit.protocol import models, rtc

import media
from waiting import until

PROTOCOL = 16
AUDIO_FRAME_SAMPLES = media.SAMPLE_RATE // 50
VIDEO_CLOCK = 90_000
# By aiortc's default of two new sections of a kind in one offer the second waits for a transport that is never started.
ONE_TRANSPORT = RTCConfiguration(bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)


class ToneTrack(MediaStreamTrack):
    kind = "audio"

    def __init__(self, frequency: float = 440.0):
        super().__init__()
        self.frequency = frequency
        self.position = 0
        self.started = time.monotonic()

    async def recv(self) -> av.AudioFrame:
        await asyncio.sleep(max(0.0, self.started + self.position / media.SAMPLE_RATE - time.monotonic()))
        samples = media.tone(self.frequency, self.position, AUDIO_FRAME_SAMPLES)
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = media.SAMPLE_RATE
        frame.pts, frame.time_base = self.position, fractions.Fraction(1, media.SAMPLE_RATE)
        self.position += AUDIO_FRAME_SAMPLES
        return frame


class NumbersTrack(MediaStreamTrack):
    kind = "video"

    def __init__(self, width: int = 320, height: int = 240, fps: int = 15):
        super().__init__()
        self.size, self.fps = (width, height), fps
        self.number = 0
        self.started = time.monotonic()

    async def recv(self) -> av.VideoFrame:
        await asyncio.sleep(max(0.0, self.started + self.number / self.fps - time.monotonic()))
        width, height = self.size
        planes = np.frombuffer(media.i420(width, height, self.number), np.uint8).reshape(height * 3 // 2, width)
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts, frame.time_base = self.number * VIDEO_CLOCK // self.fps, fractions.Fraction(1, VIDEO_CLOCK)
        self.number += 1
        return frame


class AiortcParticipant:
    """`video` and `audio` map a publisher's sid to what was received: frame numbers, and sample arrays."""

    def __init__(
        self,
        identity: str,
        rewrite_offer: Callable[[str], str] = lambda sdp: sdp,
        rewrite_candidates: Callable[[str], str] = lambda sdp: sdp,
    ):
        self.identity = identity
        self.rewrite_offer, self.rewrite_candidates = rewrite_offer, rewrite_candidates
        self.publisher = RTCPeerConnection()
        self.subscriber = RTCPeerConnection(ONE_TRANSPORT)
        self.subscriber.on("track", self.on_track)
        self.joined: rtc.JoinResponse | None = None
        self.participants: dict[str, models.ParticipantInfo] = {}
        self.published: dict[str, models.TrackInfo] = {}  # by cid
        self.answers: list[rtc.SessionDescription] = []
        self.messages: list[str] = []  # the names of all signal messages received
        self.video: dict[str, list[int | None]] = {}
        self.sizes: dict[str, set[tuple[int, int]]] = {}
        self.audio: dict[str, list[np.ndarray]] = {}
        self.tasks: list[asyncio.Task] = []
        self.closed: int | None = None

    async def join(self, url: str, token: str) -> AiortcParticipant:
        self.http = aiohttp.ClientSession()
        self.socket = await self.http.ws_connect(
            f"{url}/rtc?sdk=python&version=1.0.0&protocol={PROTOCOL}&auto_subscribe=1",
            headers={"Authorization": f"Bearer {token}"},
            max_msg_size=0,
        )
        self.tasks.append(asyncio.create_task(self.read()))
        await until(lambda: self.subscriber.connectionState == "connected", 10, f"{self.identity}: subscriber connected")
        return self

    async def send(self, **message) -> None:
        await self.socket.send_bytes(rtc.SignalRequest(**message).SerializeToString())

    async def read(self) -> None:
        async for frame in self.socket:
            if frame.type == aiohttp.WSMsgType.BINARY:
                await self.handle(rtc.SignalResponse.FromString(frame.data))
        self.closed = self.socket.close_code

    async def handle(self, response: rtc.SignalResponse) -> None:
        kind = response.WhichOneof("message")
        self.messages.append(kind)
        match kind:
            case "join":
                self.joined = response.join
                self.remember(response.join.other_participants)
                self.tasks.append(asyncio.create_task(self.ping(response.join.ping_interval)))
            case "update":
                self.remember(response.update.participants)
            case "offer":
                await self.answer(response.offer)
            case "answer":
                self.answers.append(response.answer)
            case "track_published":
                self.published[response.track_published.cid] = response.track_published.track

    def remember(self, participants) -> None:
        for participant in participants:
            if participant.sid == self.joined.participant.sid:
                continue
            if participant.state == models.ParticipantInfo.DISCONNECTED:
                self.participants.pop(participant.sid, None)
            else:
                self.participants[participant.sid] = participant

    async def ping(self, interval: float) -> None:
        while True:
            await self.send(ping_req=rtc.Ping(timestamp=int(time.time() * 1000)))
            await asyncio.sleep(interval)

    async def answer(self, offer: rtc.SessionDescription) -> None:
        sdp = self.rewrite_candidates(offer.sdp)
        await self.subscriber.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        await self.subscriber.setLocalDescription(await self.subscriber.createAnswer())
        description = rtc.SessionDescription(type="answer", sdp=self.subscriber.localDescription.sdp, id=offer.id)
        await self.send(answer=description)

    async def publish(self, *tracks: MediaStreamTrack) -> list[models.TrackInfo]:
        for track in tracks:
            is_video = track.kind == "video"
            request = rtc.AddTrackRequest(
                cid=track.id,
                name=track.kind,
                type=models.TrackType.VIDEO if is_video else models.TrackType.AUDIO,
                source=models.TrackSource.CAMERA if is_video else models.TrackSource.MICROPHONE,
            )
            if is_video:
                request.width, request.height = track.size
            await self.send(add_track=request)
            await until(lambda cid=track.id: cid in self.published, 5, "track_published")
            self.publisher.addTransceiver(track, direction="sendonly")
        await self.offer()
        return [self.published[track.id] for track in tracks]

    async def offer(self) -> None:
        answers = len(self.answers)
        await self.publisher.setLocalDescription(await self.publisher.createOffer())
        sdp = self.rewrite_offer(self.publisher.localDescription.sdp)
        await self.send(offer=rtc.SessionDescription(type="offer", sdp=sdp, id=answers + 1))
        await until(lambda: len(self.answers) > answers, 5, "the answer to the publisher's offer")
        sdp = self.rewrite_candidates(self.answers[-1].sdp)
        await self.publisher.setRemoteDescription(RTCSessionDescription(sdp, "answer"))

    async def connected(self, seconds: float = 10) -> None:
        await until(lambda: self.publisher.connectionState == "connected", seconds, f"{self.identity}: publishing")

    @property
    def publisher_path(self):
        """aioice's connection under the publisher: `await publisher_path.send(datagram)` from the validated address."""
        return self.publisher.getTransceivers()[0].sender.transport.transport._connection

    @property
    def publisher_dtls(self):
        return self.publisher.getTransceivers()[0].sender.transport

    def media_address(self) -> tuple[str, int]:
        """Where the server takes this participant's media."""
        pair = next(iter(self.publisher_path._nominated.values()))
        return pair.remote_addr

    def on_track(self, track) -> None:
        # The msid of the section names the publisher: `PA_…|TR_…` (livekit-wire.md, 3.5).
        self.tasks.append(asyncio.create_task(self.receive(track)))

    def publisher_of(self, track) -> str:
        """aiortc tells a track's id, `TR_…`; the roster tells whose it is."""
        for participant in self.participants.values():
            if any(info.sid == track.id for info in participant.tracks):
                return participant.identity
        return track.id

    async def receive(self, track) -> None:
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                owner = self.publisher_of(track)
                if track.kind == "video":
                    luma = frame.to_ndarray(format="yuv420p")[: frame.height]
                    self.video.setdefault(owner, []).append(media.read_number(luma))
                    self.sizes.setdefault(owner, set()).add((frame.width, frame.height))
                else:
                    channels = len(frame.layout.channels)
                    self.audio.setdefault(owner, []).append(frame.to_ndarray().reshape(-1, channels)[:, 0])

    def frames(self, identity: str) -> int:
        return len(self.video.get(identity, []))

    def seconds(self, identity: str) -> float:
        return sum(len(chunk) for chunk in self.audio.get(identity, [])) / media.SAMPLE_RATE

    async def leave(self, goodbye: bool = True) -> None:
        """Without goodbye everything just stops: no leave message, no DTLS close."""
        if goodbye and not self.socket.closed:
            with contextlib.suppress(ConnectionError):
                await self.send(leave=rtc.LeaveRequest(reason=models.DisconnectReason.CLIENT_INITIATED))
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await asyncio.gather(self.publisher.close(), self.subscriber.close(), return_exceptions=True)
        await self.socket.close()
        await self.http.close()

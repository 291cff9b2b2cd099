"""Real media through the page's two peer connections: another tab echoes what is published (echo.js)."""

import pytest

from test_session import ScriptedServer, join, state

KINDS = {"MICROPHONE": "AUDIO", "CAMERA": "VIDEO", "SCREEN_SHARE": "VIDEO", "SCREEN_SHARE_AUDIO": "AUDIO"}


class EchoServer(ScriptedServer):
    """Negotiates through the echoing tab. Its calls wait in a queue, as a handler may not call into a browser."""

    def __init__(self, page, echo):
        super().__init__(page)
        self.others = []
        self.echo = echo
        self.waiting = []
        self.version = 1

    def receive(self, text):
        before = len(self.requests)
        super().receive(text)
        self.waiting.extend(self.requests[before:])

    def run_until(self, done, seconds=15):
        for _ in range(int(seconds * 20)):
            while self.waiting:
                self.relay(*self.waiting.pop(0))
            if done():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"gave up; the page sent {[kind for kind, _ in self.requests]}")

    def relay(self, kind, value):
        if kind == "offer":
            self.send("answer", self.echo.evaluate("(offer) => echo.answer(offer)", value))
            self.announce()
            self.send("offer", self.echo.evaluate("() => echo.offer()"))
        elif kind == "answer":
            self.echo.evaluate("(answer) => echo.answered(answer)", value)
        elif kind == "trickle":
            self.echo.evaluate("(trickle) => echo.candidate(trickle)", value)

    def announce(self):
        """The echo publishes what the page publishes, in the same order."""
        self.version += 1
        sending = self.echo.evaluate("() => echo.directions()")
        tracks = [
            {"sid": f"TR_e{index}", "source": value["source"], "type": KINDS[value["source"]]}
            for index, value in enumerate(self.sent("addTrack"))
            if sending[index]
        ]
        echo = {"sid": "PA_9", "identity": "echo", "name": "Echo", "version": self.version, "tracks": tracks}
        self.send("update", {"participants": [echo]})


@pytest.fixture
def echo_tab(context, origin):
    tab = context.new_page()
    tab.goto(f"{origin}/tests/echo.html")
    yield tab


def test_published_media_comes_back(page, origin, echo_tab):
    server = EchoServer(page, echo_tab)
    page.bring_to_front()
    join(page, origin)

    def stats():
        return page.evaluate("() => hutong.stats()")

    server.run_until(lambda: stats()["totals"]["framesDecoded"] > 20)
    server.run_until(lambda: stats()["totals"]["audioEnergy"] > 0)
    figures = stats()
    assert figures["subscriber"]["state"] == figures["publisher"]["state"] == "connected"
    assert figures["subscriber"]["candidatePair"]["protocol"] == "udp"
    assert figures["subscriber"]["srtpCipher"]
    [video] = figures["remoteVideo"]
    assert (video["trackSid"], video["source"], video["identity"]) == ("TR_e1", "CAMERA", "echo")
    assert [line["source"] for line in figures["remoteAudio"]] == ["MICROPHONE"]
    assert 0 < figures["joinToFirstFrameMs"] < 10_000
    assert {line["kind"] for line in figures["local"]} == {"audio", "video"}
    playing = "() => [...document.querySelectorAll('audio')].filter((player) => !player.paused).length"
    assert page.evaluate(playing) == 1
    assert state(page)["playbackBlocked"] is False
    page.get_by_text("Connected").wait_for()

    # Camera off and on again: the same section, and pictures flow again.
    page.get_by_role("button", name="Stop video").click()
    server.run_until(lambda: server.sent("mute"))
    page.get_by_role("button", name="Start video").click()
    server.run_until(lambda: len(server.sent("mute")) == 2)
    before = stats()["totals"]["framesDecoded"]
    server.run_until(lambda: stats()["totals"]["framesDecoded"] > before + 10)
    assert len(server.sent("offer")) == 1


# A drawn screen instead of a captured one: headless browsers differ in what they let be captured.
DRAWN_SCREEN = """() => {
    navigator.mediaDevices.getDisplayMedia = async (wanted) => {
        globalThis.wanted = wanted;
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [1280, 720];
        const pen = canvas.getContext('2d');
        let tick = 0;
        setInterval(() => { pen.fillStyle = `hsl(${tick++ % 360} 50% 50%)`; pen.fillRect(0, 0, 1280, 720); }, 50);
        const context = new AudioContext();
        const tone = context.createOscillator();
        const sink = context.createMediaStreamDestination();
        tone.connect(sink);
        tone.start();
        globalThis.shared = new MediaStream([...canvas.captureStream(15).getTracks(), ...sink.stream.getTracks()]);
        return globalThis.shared;
    };
}"""


def test_sharing_a_screen_with_sound_and_stopping_at_the_browser(page, origin, echo_tab):
    server = EchoServer(page, echo_tab)
    page.bring_to_front()
    join(page, origin)
    server.run_until(lambda: page.evaluate("() => hutong.stats()")["totals"]["framesDecoded"] > 0)
    page.evaluate(DRAWN_SCREEN)
    page.get_by_role("button", name="Share screen").click()
    server.run_until(lambda: len(server.sent("addTrack")) == 4)
    screen, sound = server.sent("addTrack")[2:]
    assert (screen["source"], screen["width"], screen["height"]) == ("SCREEN_SHARE", 1280, 720)
    assert (sound["source"], sound["type"]) == ("SCREEN_SHARE_AUDIO", "AUDIO")

    def shown():
        lines = page.evaluate("() => hutong.stats()")["remoteVideo"]
        return [line for line in lines if line["source"] == "SCREEN_SHARE"]

    server.run_until(lambda: shown() and shown()[0]["framesDecoded"] > 5)
    page.get_by_text("Echo’s screen").wait_for()
    page.get_by_text("You are sharing your screen").wait_for()
    assert page.evaluate("() => document.querySelectorAll('audio').length") == 2
    assert page.evaluate("() => shared.getVideoTracks()[0].contentHint") == "detail"

    # The browser's own bar ends the track; the page hears of it by an event.
    page.evaluate(
        """() => {
            const [track] = shared.getVideoTracks();
            track.stop();
            track.dispatchEvent(new Event('ended'));
        }"""
    )
    server.run_until(lambda: len(server.sent("offer")) == 3)
    server.run_until(lambda: not page.get_by_text("Echo’s screen").is_visible())
    assert server.sent("offer")[2]["sdp"].count("a=sendonly") == 2
    assert state(page)["local"]["screen"]["status"] == "off"

    # And again: a new publication.
    page.get_by_role("button", name="Share screen").click()
    server.run_until(lambda: len(server.sent("offer")) == 4)
    assert server.sent("offer")[3]["sdp"].count("a=sendonly") == 4

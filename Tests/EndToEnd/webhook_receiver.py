"""A receiver of webhooks as a customer would write it: checks every request with livekit-api and keeps what came.

It can be down (its port refuses connections) and up again, and answer with any status.
"""

from __future__ import annotations

import dataclasses
import http.server
import threading
from collections import defaultdict

from livekit import api

from server import free_port
from tokens import DEVELOPMENT_KEY, DEVELOPMENT_SECRET


@dataclasses.dataclass
class Received:
    event: api.WebhookEvent
    meeting: str
    sequence: int
    body: str


class WebhookReceiver:
    """Up from the start. `received` is everything that was answered with 200, in order of arrival."""

    def __init__(self):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/hook?key=receiver-secret"
        self.status = 200
        self.received: list[Received] = []
        self.rejected: list[str] = []
        self.requests = 0
        self.checker = api.WebhookReceiver(api.TokenVerifier(DEVELOPMENT_KEY, DEVELOPMENT_SECRET))
        self.server: http.server.ThreadingHTTPServer | None = None
        self.up()

    def up(self) -> None:
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status = receiver.take(self.path, self.headers, body)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                # A kept connection would outlive `down`.
                self.send_header("Connection", "close")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def down(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.server = None

    def take(self, path: str, headers, body: str) -> int:
        self.requests += 1
        if self.status != 200:
            return self.status
        try:
            assert path == "/hook?key=receiver-secret"
            assert headers["Content-Type"] == "application/webhook+json"
            event = self.checker.receive(body, headers["Authorization"])
            received = Received(event, headers["X-Hutong-Room"], int(headers["X-Hutong-Sequence"]), body)
            assert event.room.sid == received.meeting and event.id.startswith("EV_") and event.created_at > 0
        except Exception as error:  # whatever it is, the test must hear of it
            self.rejected.append(f"{error!r}: {body[:500]}")
            return 400
        self.received.append(received)
        return 200

    def of_room(self, name: str) -> list[Received]:
        return [received for received in self.received if received.event.room.name == name]

    def names(self, room: str) -> list[str]:
        return [received.event.event for received in self.of_room(room)]

    def assert_complete(self) -> dict[str, list[str]]:
        """Every meeting's events, first arrivals only (a server killed between an answer and its note of it sends an event
        again): in order, none missing, from the first to the last. Returns their names by meeting."""
        assert not self.rejected, self.rejected[0]
        meetings: dict[str, list[Received]] = defaultdict(list)
        seen: dict[str, str] = {}
        for received in self.received:
            # The same event is the same to the byte.
            if seen.setdefault(received.event.id, received.body) != received.body:
                raise AssertionError(f"{received.event.id} changed")
            if all(received.sequence != earlier.sequence for earlier in meetings[received.meeting]):
                meetings[received.meeting].append(received)
        for meeting, events in meetings.items():
            numbers = [received.sequence for received in events]
            assert numbers == list(range(1, len(numbers) + 1)), f"{meeting}: {numbers}"
            assert events[0].event.event == "room_started"
            assert events[-1].event.event == "room_finished"
        return {meeting: [received.event.event for received in events] for meeting, events in meetings.items()}

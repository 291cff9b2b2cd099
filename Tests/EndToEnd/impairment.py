"""A userspace UDP relay that makes a network bad on purpose: loss, delay, jitter, reordering, duplication, a slow
line with a queue, blackouts and NAT rebinds, all drawn from a seed.

It stands between one client and the server's media ports. For each server port it opens one port of its own; the test
gives the client that one (see `rewrite_candidates`). Each client socket gets its own socket towards the server, so
that the server sees as many addresses as the client has. It runs as a process of its own, so that a busy test never
costs it a packet. The process reads JSON commands from stdin, one a line, and answers each with one line.
"""

from __future__ import annotations

import dataclasses
import heapq
import json
import random
import re
import selectors
import socket
import subprocess
import sys
import time

# Large enough for half a second of 50 Mbit/s: what the test wants lost, the relay loses; nothing else.
SOCKET_BUFFER_BYTES = 4 << 20
# Datagrams taken from one socket before the others get a look.
BATCH = 64


@dataclasses.dataclass
class Line:
    """One direction's faults. All zero: a perfect line."""

    loss: float = 0.0  # probability, 0 to 1
    delay: float = 0.0  # seconds
    jitter: float = 0.0  # seconds; each packet is moved by up to this much either way
    reorder: bool = False  # whether jitter may change the order of packets
    duplicate: float = 0.0  # probability, 0 to 1
    rate: float = 0.0  # bits per second; 0: unlimited
    queue: float = 0.2  # seconds of waiting a limited rate may cause before it drops
    blackhole: bool = False


class Shaper:
    """Decides when each datagram of one direction leaves. Pure: time and randomness come in."""

    def __init__(self, line: Line, seed: int):
        self.line = line
        self.random = random.Random(seed)
        self.free_at = 0.0  # when the limited line has sent everything before
        self.last_departure = 0.0
        self.counts = {"in": 0, "out": 0, "lost": 0, "queue_full": 0, "blackholed": 0, "duplicated": 0}

    def departures(self, now: float, size: int) -> list[float]:
        """The times at which this datagram leaves: none when lost, two when duplicated."""
        line, counts = self.line, self.counts
        counts["in"] += 1
        if line.blackhole:
            counts["blackholed"] += 1
            return []
        if line.loss and self.random.random() < line.loss:
            counts["lost"] += 1
            return []
        at = now + line.delay
        if line.jitter:
            at += self.random.uniform(-line.jitter, line.jitter)
        if line.rate:
            start = max(now, self.free_at)
            if start - now > line.queue:
                counts["queue_full"] += 1
                return []
            self.free_at = start + size * 8 / line.rate
            at = max(at, self.free_at)
        at = max(at, now)
        if not line.reorder:
            at = max(at, self.last_departure)
        self.last_departure = max(self.last_departure, at)
        times = [at]
        if line.duplicate and self.random.random() < line.duplicate:
            counts["duplicated"] += 1
            times.append(at)
        counts["out"] += len(times)
        return times


class Relay:
    """The sockets and the loop around two shapers."""

    def __init__(self, targets: list[tuple[str, int]], seed: int):
        self.up = Shaper(Line(), seed)  # client to server
        self.down = Shaper(Line(), seed + 1)  # server to client
        self.selector = selectors.DefaultSelector()
        self.pending: list[tuple[float, int, socket.socket, tuple[str, int], bytes]] = []
        self.order = 0  # keeps the heap from comparing sockets
        self.fronts: dict[socket.socket, tuple[str, int]] = {}
        self.backs: dict[socket.socket, tuple[socket.socket, tuple[str, int]]] = {}
        self.back_of: dict[tuple[socket.socket, tuple[str, int]], socket.socket] = {}
        self.send_failures = 0
        for target in targets:
            front = self.open_socket()
            self.fronts[front] = target

    def open_socket(self) -> socket.socket:
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            opened.setsockopt(socket.SOL_SOCKET, option, SOCKET_BUFFER_BYTES)
        opened.bind(("127.0.0.1", 0))
        opened.setblocking(False)
        self.selector.register(opened, selectors.EVENT_READ)
        return opened

    def ports(self) -> dict[int, int]:
        return {target[1]: front.getsockname()[1] for front, target in self.fronts.items()}

    def back(self, front: socket.socket, client: tuple[str, int]) -> socket.socket:
        key = (front, client)
        if key not in self.back_of:
            back = self.open_socket()
            self.back_of[key] = back
            self.backs[back] = key
        return self.back_of[key]

    def rebind(self) -> None:
        """What a NAT does when its table is lost: the same client comes from another port, the old one is dead."""
        for back, key in list(self.backs.items()):
            self.selector.unregister(back)
            back.close()
            del self.backs[back]
            del self.back_of[key]

    def receive(self, source: socket.socket) -> None:
        for _ in range(BATCH):
            try:
                data, address = source.recvfrom(65536)
            except (BlockingIOError, ConnectionRefusedError):
                return
            now = time.monotonic()
            if source in self.fronts:
                back = self.back(source, address)
                self.schedule(now, self.up, back, self.fronts[source], data)
            elif source in self.backs:
                front, client = self.backs[source]
                self.schedule(now, self.down, front, client, data)

    def schedule(
        self, now: float, shaper: Shaper, out: socket.socket, address: tuple[str, int], data: bytes
    ) -> None:
        for at in shaper.departures(now, len(data)):
            if at <= now:
                self.send(out, address, data)
            else:
                self.order += 1
                heapq.heappush(self.pending, (at, self.order, out, address, data))

    def send(self, out: socket.socket, address: tuple[str, int], data: bytes) -> None:
        try:
            out.sendto(data, address)
        except OSError:  # closed by a rebind while it waited, or refused by a peer that is gone
            self.send_failures += 1

    def flush(self) -> float | None:
        """Sends what is due; returns the seconds until the next departure."""
        now = time.monotonic()
        while self.pending and self.pending[0][0] <= now:
            _, _, out, address, data = heapq.heappop(self.pending)
            self.send(out, address, data)
        return max(0.0, self.pending[0][0] - now) if self.pending else None

    def command(self, message: dict) -> dict:
        match message.pop("do"):
            case "set":
                shapers = {"up": [self.up], "down": [self.down], "both": [self.up, self.down]}[message.pop("side")]
                for shaper in shapers:
                    shaper.line = dataclasses.replace(shaper.line, **message)
            case "rebind":
                self.rebind()
            case "ports":
                return {str(server): own for server, own in self.ports().items()}
        return {"up": self.up.counts, "down": self.down.counts, "send_failures": self.send_failures}

    def run(self) -> None:
        self.selector.register(sys.stdin.buffer, selectors.EVENT_READ)
        buffered = b""
        while True:
            for key, _ in self.selector.select(self.flush()):
                if key.fileobj is not sys.stdin.buffer:
                    self.receive(key.fileobj)
                    continue
                chunk = sys.stdin.buffer.raw.read(65536)
                if not chunk:
                    return
                *lines, buffered = (buffered + chunk).split(b"\n")
                for line in lines:
                    print(json.dumps(self.command(json.loads(line))), flush=True)


class ImpairedNetwork:
    """The test's handle on a relay process. `up` is client to server, `down` is server to client."""

    def __init__(self, server_ports: list[int], seed: int):
        self.seed = seed
        arguments = [sys.executable, __file__, str(seed), *[str(port) for port in server_ports]]
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ports: dict[int, int] = {int(k): v for k, v in self.ask(do="ports").items()}

    def ask(self, **message) -> dict:
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def set(self, side: str = "both", **faults) -> None:
        """Changes the named faults of `Line` on one side (`up`, `down`) or on both, and leaves the others."""
        self.ask(do="set", side=side, **faults)

    def clear(self) -> None:
        self.set("both", **dataclasses.asdict(Line()))

    def rebind(self) -> None:
        self.ask(do="rebind")

    def counts(self) -> dict:
        return self.ask(do="counts")

    def rewrite_candidates(self, text: str) -> str:
        """SDP or a trickled candidate of the server, with the relay's ports in place of the server's."""
        return rewrite_candidates(text, self.ports)

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=5)
        self.process.stdout.close()


CANDIDATE = re.compile(r"(candidate:\S+ \d+ udp \d+ )(\S+) (\d+)( typ host)", re.IGNORECASE)


def rewrite_candidates(text: str, ports: dict[int, int]) -> str:
    """Sends the client to the relay, and nowhere else by TCP. IPv6 candidates and unknown ports are left as they are: a
    test that must not be bypassed starts its server on IPv4 loopback alone."""

    def replace(match: re.Match) -> str:
        port = ports.get(int(match[3]))
        return f"{match[1]}127.0.0.1 {port}{match[4]}" if port else match[0]

    return CANDIDATE.sub(replace, without_candidates(text, "tcp"))


def without_candidates(sdp: str, protocol: str) -> str:
    """The SDP as if the server had no port of this protocol."""
    return re.sub(rf"a=candidate:\S+ \d+ {protocol} .*\r?\n", "", sdp, flags=re.IGNORECASE)


if __name__ == "__main__":
    Relay([("127.0.0.1", int(port)) for port in sys.argv[2:]], int(sys.argv[1])).run()

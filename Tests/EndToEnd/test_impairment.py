"""The judge is judged first: the impairment relay loses, delays and reorders what it was told to, and nothing else."""

from __future__ import annotations

import selectors
import socket
import threading
import time

import pytest

from impairment import ImpairedNetwork, Line, Shaper, rewrite_candidates, without_candidates

SEED = 20261121


class Echo:
    """A UDP server that sends everything back and remembers from where it came."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.1)
        self.port = self.socket.getsockname()[1]
        self.sources: list[tuple[str, int]] = []
        self.received = 0
        self.stopping = False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.stopping:
            try:
                data, address = self.socket.recvfrom(2048)
            except TimeoutError:
                continue
            self.received += 1
            if address not in self.sources:
                self.sources.append(address)
            self.socket.sendto(data, address)

    def close(self):
        self.stopping = True
        self.thread.join()
        self.socket.close()


@pytest.fixture
def echo():
    server = Echo()
    yield server
    server.close()


@pytest.fixture
def network(echo):
    relay = ImpairedNetwork([echo.port], SEED)
    yield relay
    relay.close()


@pytest.fixture
def client():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        opened.bind(("127.0.0.1", 0))
        yield opened


def exchange(client, port: int, count: int, interval: float = 0.0, patience: float = 1.0) -> list[tuple[int, float]]:
    """Sends numbered datagrams and returns (number, round trip in seconds) of those that came back, in their order."""
    sent, answers = {}, []

    def drain():
        while True:
            try:
                data, _ = client.recvfrom(2048)
            except BlockingIOError:
                return
            number = int(data[:8])
            answers.append((number, time.monotonic() - sent[number]))

    client.setblocking(False)
    for number in range(count):
        sent[number] = time.monotonic()
        client.sendto(b"%08d" % number + bytes(192), ("127.0.0.1", port))
        if interval:
            time.sleep(interval)
        drain()
    with selectors.DefaultSelector() as selector:
        selector.register(client, selectors.EVENT_READ)
        while selector.select(patience):
            drain()
    return answers


def test_a_perfect_line_carries_five_thousand_packets_a_second_without_loss(echo, network, client):
    port = network.ports[echo.port]
    answers = exchange(client, port, 5000, interval=0.0001)
    assert len(answers) == 5000, network.counts()
    assert network.counts()["send_failures"] == 0


def test_loss_is_what_was_asked_on_the_side_asked(echo, network, client):
    network.set("down", loss=0.2)
    answers = exchange(client, network.ports[echo.port], 2000, interval=0.0002)
    assert echo.received == 2000
    assert 0.16 < 1 - len(answers) / 2000 < 0.24, f"seed {SEED}"


def test_delay_and_jitter_keep_the_order_unless_told(echo, network, client):
    port = network.ports[echo.port]
    network.set("both", delay=0.05, jitter=0.02)
    in_order = exchange(client, port, 100, interval=0.002)
    assert [number for number, _ in in_order] == list(range(100))
    assert min(round_trip for _, round_trip in in_order) > 0.058
    network.set("both", reorder=True)
    shuffled = exchange(client, port, 100, interval=0.002)
    assert len(shuffled) == 100
    assert [number for number, _ in shuffled] != list(range(100))


def test_duplicates_arrive_twice(echo, network, client):
    network.set("up", duplicate=1.0)
    assert len(exchange(client, network.ports[echo.port], 50, interval=0.001)) == 100


def test_a_limited_rate_queues_then_drops(echo, network, client):
    # 200-byte datagrams on 160 kbit/s: 100 a second; 0.1 s of queue holds about ten.
    network.set("up", rate=160_000, queue=0.1)
    answers = exchange(client, network.ports[echo.port], 100, interval=0.001)
    assert 10 < len(answers) < 40, network.counts()
    assert network.counts()["up"]["queue_full"] == 100 - echo.received


def test_a_blackhole_swallows_and_gives_back(echo, network, client):
    port = network.ports[echo.port]
    network.set("both", blackhole=True)
    assert exchange(client, port, 20, interval=0.001) == []
    network.clear()
    assert len(exchange(client, port, 20, interval=0.001)) == 20


def test_a_rebind_changes_the_address_the_server_sees(echo, network, client):
    port = network.ports[echo.port]
    assert len(exchange(client, port, 5, interval=0.001)) == 5
    network.rebind()
    assert len(exchange(client, port, 5, interval=0.001)) == 5
    assert len(echo.sources) == 2


def test_the_same_seed_gives_the_same_faults():
    def run(seed):
        shaper = Shaper(Line(loss=0.3, jitter=0.01, delay=0.02, duplicate=0.1), seed)
        return [shaper.departures(n * 0.01, 100) for n in range(500)]

    assert run(7) == run(7)
    assert run(7) != run(8)


def test_candidates_are_rewritten_and_nothing_else():
    ports = {7882: 40000}
    sdp = "c=IN IP4 127.0.0.1\r\na=candidate:1 1 udp 2130706431 127.0.0.1 7882 typ host generation 0\r\na=mid:0\r\n"
    assert rewrite_candidates(sdp, ports) == sdp.replace("7882", "40000")
    tcp = "a=candidate:2 1 tcp 1520435199 127.0.0.1 7882 typ host tcptype passive\r\n"
    assert rewrite_candidates(sdp + tcp, ports) == sdp.replace("7882", "40000"), "a way around the relay is left"
    assert without_candidates(sdp + tcp, "udp") == "c=IN IP4 127.0.0.1\r\na=mid:0\r\n" + tcp
    other = "candidate:1 1 UDP 2130706431 127.0.0.1 9999 typ host"
    assert rewrite_candidates(other, ports) == other

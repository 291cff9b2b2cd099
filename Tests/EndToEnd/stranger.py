"""Someone on the network who is not in the meeting: a bare UDP socket, and the datagrams such people send."""

from __future__ import annotations

import binascii
import hmac
import os
import random
import socket
import struct
import threading
import time

from OpenSSL import SSL

STUN_COOKIE = 0x2112A442


class Stranger:
    """Sends to one address and counts what comes back."""

    def __init__(self, target: tuple[str, int]):
        self.target = target
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)

    def send(self, datagram: bytes) -> None:
        self.socket.sendto(datagram, self.target)

    def replies(self, seconds: float = 0.3) -> list[bytes]:
        """Everything received so far and within the next `seconds`."""
        received = []
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                received.append(self.socket.recv(65536))
            except BlockingIOError:
                time.sleep(0.01)
        return received

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Stranger:
        return self

    def __exit__(self, *_) -> None:
        self.close()


class Flood:
    """Repeats datagrams to several addresses from one thread at a bounded rate, until left."""

    def __init__(self, targets: list[tuple[str, int]], datagrams: list[bytes], per_second: int, seconds: float = 30):
        self.strangers = [Stranger(target) for target in targets]
        self.datagrams, self.per_second, self.limit = datagrams, per_second, int(per_second * seconds)
        self.sent = 0
        self.stopping = False
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        started = time.monotonic()
        while not self.stopping and self.sent < self.limit:
            due = int((time.monotonic() - started) * self.per_second)
            while self.sent < min(due, self.limit):
                stranger = self.strangers[self.sent % len(self.strangers)]
                stranger.send(self.datagrams[self.sent % len(self.datagrams)])
                self.sent += 1
            time.sleep(0.005)

    def __enter__(self) -> Flood:
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.stopping = True
        self.thread.join()

    def replies(self) -> list[bytes]:
        received = [reply for stranger in self.strangers for reply in stranger.replies(0.05)]
        for stranger in self.strangers:
            stranger.close()
        return received


def client_hello() -> bytes:
    """A real DTLS 1.2 ClientHello of OpenSSL, in one datagram."""
    context = SSL.Context(SSL.DTLS_CLIENT_METHOD)
    context.set_tlsext_use_srtp(b"SRTP_AES128_CM_SHA1_80")
    connection = SSL.Connection(context)
    connection.set_connect_state()
    try:
        connection.do_handshake()
    except SSL.WantReadError:
        pass
    return connection.bio_read(1500)


def alert(level: int, description: int) -> bytes:
    """A plaintext DTLS 1.2 alert of epoch 0 (RFC 6347, 4.1)."""
    return struct.pack("!BHHHIHBB", 21, 0xFEFD, 0, 0, 7, 2, level, description)


def rtp(sequence: int, ssrc: int, payload_type: int = 96, payload: bytes = bytes(100)) -> bytes:
    return struct.pack("!BBHII", 0x80, payload_type, sequence & 0xFFFF, sequence * 3000 & 0xFFFFFFFF, ssrc) + payload


def odd_media(seed: int) -> list[bytes]:
    """RTP- and RTCP-like datagrams of every length, the first bytes chosen to reach every branch of a header parser."""
    source = random.Random(seed)
    datagrams = []
    for length in range(1501):
        for first in (0x80, 0x90, 0xA0, 0xB0, 0xBF):
            datagrams.append((bytes([first]) + source.randbytes(length))[:length])
    return datagrams


def binding_request(username: str, password: str | None, use_candidate: bool = True) -> bytes:
    """An ICE check (RFC 8445, 7.1) of someone who may or may not know the password."""
    attributes = _attribute(0x0006, username.encode()) + _attribute(0x0024, struct.pack("!I", 1))
    attributes += _attribute(0x802A, os.urandom(8))
    if use_candidate:
        attributes += _attribute(0x0025, b"")
    transaction = os.urandom(12)
    if password is not None:
        covered = _header(len(attributes) + 24, transaction) + attributes
        attributes += _attribute(0x0008, hmac.digest(password.encode(), covered, "sha1"))
    covered = _header(len(attributes) + 8, transaction) + attributes
    attributes += _attribute(0x8028, struct.pack("!I", binascii.crc32(covered) ^ 0x5354554E))
    return _header(len(attributes), transaction) + attributes


def _header(length: int, transaction: bytes) -> bytes:
    return struct.pack("!HHI", 0x0001, length, STUN_COOKIE) + transaction


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)

"""Sound and pictures that can be recognised after an encoder and a network: a pure tone, and frames that carry their
own number.

A frame is a grey field with a row of large black and white blocks on top, the frame's number in binary followed by its
complement, and a white bar below that moves with the number. Blocks this large survive any codec at any bitrate here.
"""

from __future__ import annotations

import numpy as np

SAMPLE_RATE = 48_000
NUMBER_BITS = 8
# A block is right when its mean is this far from grey (limited-range luma: black 16, white 235).
BLACK_BELOW, WHITE_ABOVE = 80, 170
GREY = 128


def tone(frequency: float, start: int, count: int, amplitude: float = 0.3) -> np.ndarray:
    """`count` samples of a sine from sample `start`, 16 bit."""
    phase = 2 * np.pi * frequency * np.arange(start, start + count) / SAMPLE_RATE
    return (amplitude * 32767 * np.sin(phase)).astype(np.int16)


def peak_frequency(samples: np.ndarray, sample_rate: int = SAMPLE_RATE) -> tuple[float, float]:
    """The strongest frequency in Hz, and the share of all energy within 20 Hz of it."""
    values = samples.astype(np.float64)
    values -= values.mean()
    energy = np.abs(np.fft.rfft(values * np.hanning(len(values)))) ** 2
    frequencies = np.fft.rfftfreq(len(values), 1 / sample_rate)
    peak = frequencies[int(energy.argmax())]
    near = energy[np.abs(frequencies - peak) <= 20].sum()
    return float(peak), float(near / max(energy.sum(), 1e-9))


def block_width(width: int) -> int:
    return width // (2 * NUMBER_BITS)


def numbered_luma(width: int, height: int, number: int) -> np.ndarray:
    """The Y plane of frame `number`, modulo 2^NUMBER_BITS."""
    luma = np.full((height, width), GREY, np.uint8)
    size = block_width(width)
    for position, bit in enumerate(number_bits(number)):
        luma[: height // 4, position * size : (position + 1) * size] = 235 if bit else 16
    left = (number * 4) % (width - size)
    luma[height // 2 :, left : left + size] = 235
    return luma


def number_bits(number: int) -> list[int]:
    bits = [(number >> position) & 1 for position in range(NUMBER_BITS)]
    return bits + [1 - bit for bit in bits]


def read_number(luma: np.ndarray) -> int | None:
    """The number in a received Y plane, or None when it is not one of our frames or too damaged to read."""
    height, width = luma.shape
    size = block_width(width)
    bits = []
    for position in range(2 * NUMBER_BITS):
        left = position * size + size // 4
        mean = luma[height // 16 : 3 * height // 16, left : left + size // 2].mean()
        if BLACK_BELOW < mean < WHITE_ABOVE:
            return None
        bits.append(int(mean >= WHITE_ABOVE))
    number = sum(bit << position for position, bit in enumerate(bits[:NUMBER_BITS]))
    return number if bits == number_bits(number) else None


def i420(width: int, height: int, number: int) -> bytes:
    """Frame `number` as planar YUV 4:2:0."""
    chroma = bytes([GREY]) * (width // 2 * (height // 2))
    return numbered_luma(width, height, number).tobytes() + chroma + chroma


def luma_of(data: bytes | memoryview, width: int, height: int) -> np.ndarray:
    """The Y plane of planar YUV 4:2:0 without row padding."""
    return np.frombuffer(data, np.uint8, width * height).reshape(height, width)


def advance(numbers: list[int]) -> bool:
    """Whether each readable frame is later than the one before. Frames may be missing: a step of almost the counter's
    range is one back, anything less is a gap."""
    period = 1 << NUMBER_BITS
    steps = [(b - a) % period for a, b in zip(numbers, numbers[1:], strict=False)]
    return all(0 < step < period * 3 // 4 for step in steps)

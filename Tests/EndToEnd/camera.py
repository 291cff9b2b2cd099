"""What Chromium's fake camera shows, as Y4M files: someone to look at in screenshots, or a picture that is hard to encode.
By itself the fake camera shows a green disc, which costs an encoder one packet a frame."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

import numpy as np

WIDTH, HEIGHT = 640, 360
FRAMES_PER_SECOND = 20
LOOP_SECONDS = 2
# Wall, shirt, skin and hair, RGB.
PEOPLE = {
    "Ada": ((196, 205, 200), (38, 84, 124), (226, 180, 150), (84, 52, 36)),
    "Lin": ((222, 205, 180), (168, 62, 50), (234, 196, 160), (32, 28, 30)),
}


def portrait(phase: float, name: str) -> np.ndarray:
    """Head and shoulders of one of PEOPLE, nodding a little."""
    wall, shirt, skin, hair = PEOPLE[name]
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    light = (1.15 - 0.45 * (x / WIDTH) - 0.2 * (y / HEIGHT))[..., None]
    picture = np.array(wall, np.float32) * light
    nod = 3 * np.sin(2 * np.pi * phase)
    middle = WIDTH / 2 + 4 * np.sin(2 * np.pi * phase + 1)

    def fill(inside: np.ndarray, colour: tuple) -> None:
        picture[inside] = np.array(colour, np.float32) * (1.1 - 0.3 * x[inside] / WIDTH)[..., None]

    def ellipse(left: float, top: float, half_width: float, half_height: float) -> np.ndarray:
        return ((x - left) / half_width) ** 2 + ((y - top) / half_height) ** 2 < 1

    fill(ellipse(WIDTH / 2, HEIGHT + 40, 170, 150), shirt)
    fill((np.abs(x - middle) < 26) & (y > 200) & (y < 262), skin)
    fill(ellipse(middle, 132 + nod, 78, 92), hair)
    fill(ellipse(middle, 150 + nod, 62, 78), skin)
    fill(ellipse(middle, 92 + nod, 66, 40), hair)
    for side in (-1, 1):
        fill(ellipse(middle + side * 24, 146 + nod, 6, 5), (40, 32, 30))
    fill(ellipse(middle, 190 + nod, 20, 7) & (y > 188 + nod), (150, 70, 70))
    return np.clip(picture, 0, 255)


def to_yuv420(rgb: np.ndarray) -> bytes:
    """Limited-range BT.601, as cameras give it."""
    r, g, b = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    luma = 16 + 0.257 * r + 0.504 * g + 0.098 * b
    blue = 128 - 0.148 * r - 0.291 * g + 0.439 * b
    red = 128 + 0.439 * r - 0.368 * g - 0.071 * b
    planes = [luma, blue[::2, ::2], red[::2, ::2]]
    return b"".join(np.round(plane).astype(np.uint8).tobytes() for plane in planes)


def texture(phase: float) -> np.ndarray:
    """Coloured blocks that slide: every frame is several packets."""
    blocks = np.random.default_rng(7).uniform(40, 215, (HEIGHT // 8, WIDTH // 8, 3)).astype(np.float32)
    picture = blocks.repeat(8, axis=0).repeat(8, axis=1)
    return np.roll(picture, (int(phase * HEIGHT), int(phase * WIDTH)), axis=(0, 1))


def write(path: pathlib.Path, draw_frame: Callable[[float], np.ndarray]) -> pathlib.Path:
    """The file plays in a loop; `draw_frame` gets the phase of it, 0 to 1, and gives RGB."""
    frames = FRAMES_PER_SECOND * LOOP_SECONDS
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FRAMES_PER_SECOND}:1 Ip A1:1 C420\n".encode())
        for number in range(frames):
            file.write(b"FRAME\n" + to_yuv420(draw_frame(number / frames)))
    return path

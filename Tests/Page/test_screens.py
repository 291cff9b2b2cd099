"""Every screen, in both languages, on a desktop and on a phone: nothing sticks out, overlaps or lacks a name.

HUTONG_SCREENSHOTS names a folder to keep the pictures in, for people to look at.
"""

import os
from pathlib import Path

import pytest

DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
NARROWEST = {"width": 360, "height": 640}
DEVICES = {
    "cameras": [{"id": "c1", "label": "Integrated Camera (04f2:b6d9)"}, {"id": "c2", "label": "USB 摄像头"}],
    "microphones": [{"id": "m1", "label": "Built-in Microphone"}],
    "cameraId": "c1",
    "microphoneId": "",
}
OPEN_SOURCES = [
    {"type": "localSourceChanged", "source": "camera", "status": "on"},
    {"type": "localSourceChanged", "source": "microphone", "status": "on"},
]
ROOM = {"type": "roomChosen", "room": "bako-dime-zuto"}


def fault(code, **params):
    return {"type": "faultFound", "fault": {"code": code, "params": params}}


def denied(source):
    return {"type": "localSourceChanged", "source": source, "status": "off", "fault": "permission-denied"}


def problem(code, **params):
    return {"type": "noticeRaised", "notice": {"id": 1, "tone": "problem", "code": code, "params": params}}


# name: (parts of the state, events), or (parts, arguments of `meetingOf`, further events)
SCREENS = {
    "home": ({}, []),
    "prejoin": ({"name": "林知夏", "devices": DEVICES}, [ROOM, *OPEN_SOURCES]),
    "prejoin-denied": ({}, [ROOM, denied("camera"), denied("microphone")]),
    "prejoin-no-invitation": ({"name": "Ada"}, [ROOM, *OPEN_SOURCES, fault("needs-invitation")]),
    "meeting-joining": ({}, [ROOM, *OPEN_SOURCES, {"type": "joinPressed"}]),
    "meeting-1": ({}, (1, {}), []),
    "meeting-2": ({}, (2, {}), []),
    "meeting-5": ({}, (5, {}), []),
    "meeting-12": ({}, (12, {}), []),
    "meeting-40": ({}, (40, {}), []),
    "meeting-screen": ({}, (6, {"share": True}), []),
    "meeting-sharing": ({}, (3, {}), [{"type": "screenShareChanged", "status": "on"}]),
    "meeting-roster": ({}, (7, {"share": True}), [{"type": "rosterToggled"}]),
    "meeting-trouble": (
        {},
        (4, {"transport": "new"}),
        [
            problem("media-blocked"),
            {"type": "playbackBlocked", "blocked": True},
            {"type": "localSourceChanged", "source": "microphone", "status": "off"},
            {"type": "localSourceChanged", "source": "camera", "status": "off", "fault": "device-lost"},
            {"type": "connectionLost", "attempt": 2},
        ],
    ),
    "ended": ({}, [ROOM, {"type": "meetingEnded", "fault": None}]),
    "ended-removed": ({}, [ROOM, {"type": "meetingEnded", "fault": {"code": "removed"}}]),
}

INSPECT = """async () => {
    const { stickingOut, unusable, lowContrast } = await import('/tests/inspection.js');
    return { stickingOut: stickingOut(), unusable: unusable(), lowContrast: lowContrast() };
}"""


def keep_picture(page, name):
    folder = os.environ.get("HUTONG_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.wait_for_timeout(400)
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


@pytest.fixture(scope="module")
def gallery(browser, origin):
    """One tab for all: opening it costs more than showing another screen."""
    page = browser.new_page(viewport=DESKTOP)
    troubles = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto(f"{origin}/tests/gallery.html")
    page.wait_for_selector("html[data-ready]")
    yield page
    page.close()
    assert troubles == []


def show(page, viewport, screen, language):
    page.set_viewport_size(viewport)
    given, *rest = SCREENS[screen]
    given = {"language": language, **given}
    # Sharing is for desktops; a phone's browser has no such call.
    can_share = viewport is DESKTOP
    if len(rest) == 1:
        page.evaluate("(given) => gallery.show(...given)", [given, rest[0], can_share])
    else:
        (count, options), events = rest
        page.evaluate(
            """([given, count, options, events, canShare]) =>
                gallery.show(given, [...gallery.meetingOf(count, options), ...events], canShare)""",
            [given, count, options, events, can_share],
        )
    page.wait_for_timeout(60)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize(
    ("size", "viewport"),
    [pytest.param(size, box, id=size) for size, box in (("desktop", DESKTOP), ("phone", PHONE), ("narrow", NARROWEST))],
)
@pytest.mark.parametrize("screen", SCREENS)
def test_screen(gallery, screen, size, viewport, language):
    page = gallery
    show(page, viewport, screen, language)
    keep_picture(page, f"{screen}-{size}-{language}")
    assert page.evaluate(INSPECT) == {"stickingOut": [], "unusable": [], "lowContrast": []}
    assert page.locator("html").get_attribute("lang") == language


@pytest.mark.parametrize(("count", "tiles"), [(1, 1), (2, 2), (5, 5), (12, 12), (25, 25), (40, 25)])
def test_tiles_on_a_desktop(gallery, count, tiles):
    page = gallery
    page.set_viewport_size(DESKTOP)
    page.evaluate("(count) => gallery.show({}, gallery.meetingOf(count))", count)
    page.wait_for_function("(tiles) => document.querySelectorAll('.tile').length === tiles", arg=tiles)
    if count > tiles:
        assert page.locator(".tile.more").inner_text() == f"+{count - tiles + 1}"


def test_names_cannot_become_markup(page, origin):
    page.goto(f"{origin}/tests/gallery.html")
    page.wait_for_selector("html[data-ready]")
    evil = '<img src=x onerror="globalThis.hit = true"><b>bold</b>'
    page.evaluate(
        """(evil) => {
            const events = gallery.meetingOf(2, { share: true });
            events.find(({ type }) => type === 'admitted').others[0].name = evil;
            gallery.show({ room: evil }, [...events, { type: 'rosterToggled' }]);
        }""",
        evil,
    )
    page.wait_for_selector(".roster-line")
    assert page.locator(".tile-name").first.inner_text() == evil
    assert page.locator("#app b, #app img").count() == 0
    assert page.evaluate("globalThis.hit") is None


def test_buttons_say_what_they_do(page, origin):
    page.goto(f"{origin}/tests/gallery.html")
    page.wait_for_selector("html[data-ready]")
    page.evaluate("() => gallery.show({}, gallery.meetingOf(2))")
    for name in ["Mute", "Stop video", "People", "Leave", "Copy link"]:
        page.get_by_role("button", name=name).click()
    asked = page.evaluate("gallery.asked.filter(([name]) => name !== 'remoteFrameShown')")
    assert asked == [
        ["toggleSource", "microphone"], ["toggleSource", "camera"], ["toggleRoster"], ["leave"], ["copyLink"],
    ]


def test_a_new_screen_is_entered_at_its_heading(page, origin):
    page.goto(f"{origin}/tests/gallery.html")
    page.wait_for_selector("html[data-ready]")
    page.evaluate("() => gallery.show({}, [])")
    page.evaluate("() => gallery.dispatch([{ type: 'roomChosen', room: 'r' }])")
    page.wait_for_function("() => document.activeElement.tagName === 'H1'")


def test_the_roster_takes_and_returns_the_focus(page, origin):
    page.goto(f"{origin}/tests/gallery.html")
    page.wait_for_selector("html[data-ready]")
    page.evaluate("() => gallery.show({}, gallery.meetingOf(3))")
    page.evaluate("() => gallery.dispatch([{ type: 'rosterToggled' }])")
    page.wait_for_function("() => document.activeElement.closest('.roster')")
    page.keyboard.press("Escape")
    assert page.evaluate("gallery.asked.pop()") == ["toggleRoster"]
    page.evaluate("() => gallery.dispatch([{ type: 'rosterToggled' }])")
    page.wait_for_function("() => document.activeElement.dataset.control === 'people'")

"""Joining, leaving and coming back, as the page tells it to a server: a scripted socket stands in for the server.

No media flows here; that is for the end-to-end tests with the real relay.
"""

import json
import re

import pytest

ROOM = "bako-dime-zuto"


def participant(number, **more):
    return {"sid": f"PA_{number}", "identity": f"id{number}", "name": f"Person {number}", "state": "ACTIVE", **more}


class ScriptedServer:
    """Answers joins, track announcements and pings; keeps every request in order."""

    def __init__(self, page):
        self.page = page
        self.requests = []
        self.sockets = []
        self.addresses = []
        self.refusals = []
        self.others = [participant(1)]
        self.permission = {"canSubscribe": True, "canPublish": True}
        self.token_status = 200
        page.route("**/dev/token?*", self.answer_token)
        page.route("**/rtc/validate?*", self.answer_validate)
        page.route_web_socket(re.compile(r"/rtc\?"), self.accept)

    def answer_token(self, route):
        if self.token_status == 200:
            route.fulfill(json={"token": "dev.token.x", "url": "/"})
        else:
            route.fulfill(status=self.token_status)

    def answer_validate(self, route):
        status, body = self.refusals[0] if self.refusals else (200, "success")
        route.fulfill(status=status, body=body)

    def accept(self, socket):
        self.addresses.append(socket.url)
        if self.refusals:
            socket.close(code=1011)
            return
        self.sockets.append(socket)
        socket.on_message(self.receive)
        self.send(
            "join",
            {
                "room": {"sid": "RM_1", "name": ROOM},
                "participant": participant(0, permission=self.permission),
                "otherParticipants": self.others,
                "pingInterval": 5,
                "pingTimeout": 15,
            },
        )

    def receive(self, text):
        [(kind, value)] = json.loads(text).items()
        self.requests.append((kind, value))
        if kind == "addTrack":
            track = {"sid": f"TR_{value['source']}", "source": value["source"], "type": value["type"]}
            self.send("trackPublished", {"cid": value["cid"], "track": track})
        elif kind == "pingReq":
            self.send("pongResp", {"lastPingTimestamp": value["timestamp"], "timestamp": value["timestamp"]})

    def send(self, kind, value):
        self.sockets[-1].send(json.dumps({kind: value}))

    def sent(self, kind):
        return [value for name, value in self.requests if name == kind]

    def wait_for(self, kind, count=1):
        for _ in range(100):
            if len(self.sent(kind)) >= count:
                return self.sent(kind)
            self.page.wait_for_timeout(50)
        raise AssertionError(f"no {kind}; the page sent {[name for name, _ in self.requests]}")


@pytest.fixture
def server(page):
    return ScriptedServer(page)


def state(page):
    return page.evaluate("hutong.state()")


def open_prejoin(page, origin, address=f"/?room={ROOM}"):
    page.goto(origin + address)
    page.wait_for_function(
        """() => {
            const { camera, microphone } = hutong.state().local;
            return camera.status === 'on' && microphone.status === 'on';
        }"""
    )


def join(page, origin, name="Ada"):
    open_prejoin(page, origin)
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Join").click()
    page.wait_for_function("() => hutong.state().meeting && hutong.state().meeting.phase === 'connected'")


def test_start_gives_a_room_and_a_link(page, origin, server):
    page.goto(origin)
    page.get_by_role("button", name="Start meeting now").click()
    page.wait_for_url(re.compile(r"\?room=[a-z]{4}-[a-z]{4}-[a-z]{4}$"))
    assert state(page)["screen"] == "prejoin"
    page.go_back()
    page.get_by_role("heading", name="Meetings on your own server").wait_for()


def test_join_by_code(page, origin, server):
    page.goto(origin)
    page.get_by_label("Meeting code or link").fill(" Bako-Dime-Zuto ")
    page.get_by_role("button", name="Join").click()
    assert page.url.endswith(f"/?room={ROOM}")


def test_joining_announces_both_tracks_and_offers_once(page, origin, server):
    join(page, origin)
    [offer] = server.wait_for("offer")
    socket_origin = origin.replace("http", "ws")
    assert server.addresses[0].startswith(f"{socket_origin}/rtc?access_token=dev.token.x&auto_subscribe=1")
    assert "hutong_frames=json" in server.addresses[0]
    microphone, camera = server.sent("addTrack")
    assert (microphone["source"], microphone["type"], microphone["muted"]) == ("MICROPHONE", "AUDIO", False)
    assert (camera["source"], camera["type"], camera["muted"]) == ("CAMERA", "VIDEO", False)
    assert camera["width"] > 0 and camera["layers"] == [
        {"quality": "HIGH", "width": camera["width"], "height": camera["height"], "bitrate": 1_700_000}
    ]
    assert offer["id"] == 1 and offer["sdp"].count("a=sendonly") == 2
    # The section of each track carries its cid, by which the server finds it.
    for track in (microphone, camera):
        assert re.search(rf"a=msid:\S+ {re.escape(track['cid'])}\r", offer["sdp"])
    page.wait_for_timeout(300)
    assert len(server.sent("offer")) == 1
    kinds = [kind for kind, _ in server.requests]
    assert kinds.index("offer") > max(index for index, kind in enumerate(kinds) if kind == "addTrack")
    for trickle in server.wait_for("trickle"):
        assert trickle["target"] == "PUBLISHER"
        assert set(json.loads(trickle["candidateInit"])) == {"candidate", "sdpMid", "sdpMLineIndex"}


def test_mute_and_camera_are_told(page, origin, server):
    join(page, origin)
    server.wait_for("offer")
    page.get_by_role("button", name="Mute").click()
    assert server.wait_for("mute") == [{"sid": "TR_MICROPHONE", "muted": True}]
    page.get_by_role("button", name="Stop video").click()
    assert server.wait_for("mute", 2)[1] == {"sid": "TR_CAMERA", "muted": True}
    page.get_by_role("button", name="Start video").click()
    assert server.wait_for("mute", 3)[2] == {"sid": "TR_CAMERA", "muted": False}
    # The same publication all along.
    assert len(server.sent("addTrack")) == 2


def test_shortcuts_work_but_not_while_typing(page, origin, server):
    open_prejoin(page, origin)
    page.get_by_label("Your name").press_sequentially("mv")
    assert state(page)["local"]["microphone"]["status"] == "on"
    page.get_by_role("button", name="Join").click()
    page.wait_for_function("() => hutong.state().meeting && hutong.state().meeting.phase === 'connected'")
    page.keyboard.press("m")
    page.wait_for_function("() => hutong.state().local.microphone.status === 'off'")


def test_muted_before_joining_is_published_muted(page, origin, server):
    open_prejoin(page, origin)
    page.get_by_label("Your name").fill("Ada")
    page.get_by_role("button", name="Mute").click()
    page.get_by_role("button", name="Stop video").click()
    page.get_by_role("button", name="Join").click()
    [microphone] = server.wait_for("addTrack")
    assert (microphone["source"], microphone["muted"]) == ("MICROPHONE", True)
    server.wait_for("offer")
    page.wait_for_timeout(200)
    assert len(server.sent("addTrack")) == 1


def test_listening_only(browser, origin):
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    # What a machine without devices answers.
    page.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotFoundError'))"
    )
    server = ScriptedServer(page)
    page.goto(f"{origin}/?room={ROOM}")
    page.get_by_text("No device found").wait_for()
    page.get_by_label("Your name").fill("Ada")
    page.get_by_role("button", name="Join").click()
    page.wait_for_function("() => hutong.state().meeting && hutong.state().meeting.phase === 'connected'")
    page.wait_for_timeout(200)
    assert server.sent("addTrack") == []
    context.close()


def test_without_permission_to_publish_nothing_is_announced(page, origin, server):
    server.permission = {"canSubscribe": True}
    join(page, origin)
    page.wait_for_timeout(200)
    assert server.sent("addTrack") == []
    page.get_by_role("button", name="Mute").click()
    page.get_by_role("button", name="Unmute").click()
    page.get_by_text("You may not share your microphone here").wait_for()
    assert state(page)["local"]["microphone"]["status"] == "off"


def test_leaving_says_goodbye_and_frees_the_devices(page, origin, server):
    join(page, origin)
    page.get_by_role("button", name="Leave").click()
    assert server.wait_for("leave") == [{"reason": "CLIENT_INITIATED"}]
    page.get_by_role("heading", name="You left the meeting").wait_for()
    assert state(page)["local"]["camera"]["status"] == "off"
    page.get_by_role("button", name="Join again").click()
    page.wait_for_function("() => hutong.state().local.camera.status === 'on'")
    page.get_by_role("button", name="Join", exact=True).click()
    page.wait_for_function("() => hutong.state().meeting && hutong.state().meeting.phase === 'connected'")
    assert len(server.sockets) == 2


def test_a_page_that_goes_away_says_goodbye(page, origin, server):
    join(page, origin)
    # The event alone: the scripted socket lives in the page and would go with it.
    page.evaluate("() => dispatchEvent(new PageTransitionEvent('pagehide'))")
    assert server.wait_for("leave") == [{"reason": "CLIENT_INITIATED"}]


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("PARTICIPANT_REMOVED", "You were removed from the meeting"),
        ("ROOM_DELETED", "The meeting has ended"),
        ("DUPLICATE_IDENTITY", "You joined from somewhere else"),
        ("SERVER_SHUTDOWN", "The server is being restarted"),
    ],
)
def test_being_sent_away(page, origin, server, reason, words):
    join(page, origin)
    server.send("leave", {"reason": reason})
    page.get_by_role("heading", name=words).wait_for()
    page.wait_for_timeout(400)
    assert len(server.sockets) == 1


def test_a_lost_socket_is_joined_anew_with_the_same_tracks(page, origin, server):
    join(page, origin)
    server.wait_for("offer")
    server.send("refreshToken", "newer.token.y")
    server.others = [participant(1), participant(2)]
    server.sockets[-1].close(code=1011)
    server.wait_for("offer", 2)
    before, after = server.sent("addTrack")[:2], server.sent("addTrack")[2:]
    assert [track["cid"] for track in before] == [track["cid"] for track in after]
    assert "access_token=newer.token.y" in server.addresses[1]
    assert len(state(page)["meeting"]["participants"]) == 3
    assert state(page)["screen"] == "meeting"


def test_leave_with_reconnect_joins_anew(page, origin, server):
    join(page, origin)
    server.wait_for("offer")
    server.send("leave", {"action": "RECONNECT", "reason": "SERVER_SHUTDOWN"})
    server.wait_for("offer", 2)
    assert len(server.sockets) == 2


def test_a_meeting_that_cannot_be_reached_again_ends_with_a_reason(page, origin, server):
    join(page, origin)
    server.refusals = [(503, "meeting is full")]
    server.sockets[-1].close(code=1011)
    page.get_by_role("heading", name="The meeting is full").wait_for()


def test_reconnecting_is_shown_and_can_be_left(page, origin, server):
    join(page, origin)
    server.refusals = [(500, "")]
    server.sockets[-1].close(code=1011)
    page.get_by_text("Reconnecting…").wait_for()
    page.wait_for_function("() => hutong.state().meeting.attempt >= 3")
    attempts = len(server.addresses)
    page.get_by_role("button", name="Leave").click()
    page.get_by_role("heading", name="You left the meeting").wait_for()
    page.wait_for_timeout(2500)
    assert len(server.addresses) == attempts


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        ((401, "token expired"), "Your invitation is not valid"),
        ((503, "room_full"), "The meeting is full"),
        ((404, "requested room does not exist"), "There is no such meeting"),
        ((500, "oops"), "Something went wrong on the server"),
        ((200, "success"), "The connection does not get through"),
    ],
)
def test_a_refused_join_explains_itself_and_can_be_tried_again(page, origin, server, refusal, words):
    server.refusals = [refusal]
    open_prejoin(page, origin)
    page.get_by_label("Your name").fill("Ada")
    page.get_by_role("button", name="Join").click()
    page.get_by_text(words).wait_for()
    assert state(page)["screen"] == "prejoin"
    server.refusals = []
    page.get_by_role("button", name="Join").click()
    page.wait_for_function("() => hutong.state().meeting && hutong.state().meeting.phase === 'connected'")


def test_without_development_mode_an_invitation_is_needed(page, origin, server):
    server.token_status = 404
    open_prejoin(page, origin)
    page.get_by_text("This server needs an invitation").wait_for()


def test_an_invitation_is_used_and_disappears_from_the_address(page, origin, server):
    server.token_status = 404
    claims = "eyJuYW1lIjoi5p2O6Zu3IiwidmlkZW8iOnsicm9vbSI6ImJha28tZGltZS16dXRvIn19"
    open_prejoin(page, origin, f"/#token=head.{claims}.mac")
    assert page.url == f"{origin}/?room={ROOM}"
    assert page.get_by_label("Your name").input_value() == "李雷"
    assert not page.get_by_label("Your name").is_editable()
    page.get_by_role("button", name="Join").click()
    page.wait_for_function("() => hutong.state().meeting && hutong.state().meeting.phase === 'connected'")
    assert f"access_token=head.{claims}.mac" in server.addresses[0]
    kept = page.evaluate("[hutong.state(), {...localStorage}, {...sessionStorage}, document.cookie]")
    assert "mac" not in json.dumps(kept)


def test_muted_by_the_host(page, origin, server):
    join(page, origin)
    server.wait_for("offer")
    server.send("mute", {"sid": "TR_MICROPHONE", "muted": True})
    page.get_by_text("The host turned off your microphone").wait_for()
    assert server.wait_for("mute") == [{"sid": "TR_MICROPHONE", "muted": True}]


def test_a_server_cannot_open_the_microphone(page, origin, server):
    join(page, origin)
    server.wait_for("offer")
    page.get_by_role("button", name="Mute").click()
    server.wait_for("mute")
    server.send("mute", {"sid": "TR_MICROPHONE"})
    page.wait_for_timeout(200)
    assert state(page)["local"]["microphone"]["status"] == "off"


def test_blocked_media_is_explained(page, origin, server):
    join(page, origin)
    page.get_by_text("Sound and video do not get through").wait_for(timeout=8000)


def test_name_and_language_are_remembered(page, origin, server):
    join(page, origin, name="  Grace  ")
    page.get_by_role("button", name="Switch to Chinese").click()
    page.get_by_role("button", name="静音").wait_for()
    page.goto(f"{origin}/?room={ROOM}")
    page.get_by_role("heading", name="准备加入").wait_for()
    assert page.get_by_label("你的名字").input_value() == "Grace"


def test_only_the_documented_object_is_global(page, origin, server):
    page.goto(origin)
    assert page.evaluate("Object.keys(hutong).sort()") == ["state", "stats", "version"]
    page.evaluate("() => { hutong.state().screen = 'x'; try { hutong.version = 'x' } catch {} }")
    assert state(page)["screen"] == "home"
    assert page.evaluate("hutong.stats()")["subscriber"] is None

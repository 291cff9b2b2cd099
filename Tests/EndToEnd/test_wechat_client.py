"""What Hutong says to WeChat and WeCom, against the stand-in: `wechat-probe` (Tests/Support/WeChatProbe) makes the calls."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from server import REPOSITORY
from wechat_stub import EXTERNAL_ID, OPEN_ID, ROBOT_KEY, UNION_ID, Fault, WeChatStub

PROBE = REPOSITORY / ".build/debug/wechat-probe"
DOMAIN = "meet.example.com"
STATE = "000102030405060708090a0b0c0d0e0f"
TOKEN, TICKET, SNS = "/cgi-bin/token", "/cgi-bin/ticket/getticket", "/sns/oauth2/access_token"


class Probe:
    def __init__(self, stub: WeChatStub, process: asyncio.subprocess.Process) -> None:
        self.stub, self.process = stub, process
        self.said = ""

    async def __call__(self, order: str, **fields: str) -> dict[str, str]:
        line = json.dumps({"order": order, "now": int(self.stub.now)} | fields) + "\n"
        self.process.stdin.write(line.encode())
        answer = (await asyncio.wait_for(self.process.stdout.readline(), 30)).decode()
        self.said += answer
        return json.loads(answer)

    async def address(self, page: str, redirect: str = f"https://{DOMAIN}/r?m=1&n=2", state: str = STATE) -> dict:
        return await self("authorize", text=page, redirect=redirect, state=state)

    async def code(self, page: str, user: str = "liming", switches: str = "") -> str:
        """Sends a browser to the sign-in page and returns the code that it comes back with."""
        address, fragment = (await self.address(page))["address"].split("#")
        assert fragment == "wechat_redirect"
        async with aiohttp.ClientSession(headers={"X-Stub-User": user}) as browser:
            async with browser.get(URL(address + switches, encoded=True), allow_redirects=False) as response:
                assert response.status == 302, await response.text()
        back = urlsplit(response.headers["Location"])
        query = parse_qs(back.query)
        assert (back.netloc, query["m"], query["n"], query["state"]) == (DOMAIN, ["1"], ["2"], [STATE])
        return query["code"][0]


@pytest.fixture
async def stub() -> AsyncIterator[WeChatStub]:
    running = await WeChatStub().start()
    yield running
    await running.stop()


@pytest.fixture
async def probe(stub: WeChatStub) -> AsyncIterator[Probe]:
    process = await asyncio.create_subprocess_exec(
        PROBE, stub.base, DOMAIN, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    running = Probe(stub, process)
    yield running
    # `communicate` alone would leave it waiting for the next order.
    process.stdin.close()
    complaints = (await asyncio.wait_for(process.communicate(), 10))[1].decode()
    assert process.returncode == 0, complaints
    for secret in ("service-secret", "corp-secret", ROBOT_KEY, "SNS-TOKEN", "WECOM-TOKEN"):
        assert secret not in running.said + complaints


async def test_a_guest_signs_in_inside_wechat(probe):
    assert await probe("profile", text=await probe.code("consent")) == {
        "openid": OPEN_ID, "unionid": UNION_ID, "nickname": "李明 🙂",
        "avatar": "https://thirdwx.qlogo.cn/mmopen/vi_32/liming/132",
    }  # fmt: skip


async def test_all_sign_in_pages_are_in_the_order_that_is_asked_for(probe):
    for page in ("silent", "consent", "qr", "wecom"):
        assert await probe.code(page)
    assert (await probe.address("consent", redirect="https://evil.example/r"))["error"] == (
        "wechat_redirect_not_authorised"
    )


@pytest.mark.parametrize("what, error", [
    ("snapshot", "wechat_snapshot_user"), ("expired", "wechat_code_expired"), ("used", "wechat_code_used"),
    ("invented", "wechat_code_invalid"), ("silent", "wechat_not_authorised"), ("http502", "wechat_http_status"),
    ("truncated", "wechat_malformed_reply"), ("slow", "wechat_timed_out"), ("gone", "wechat_unreachable"),
])  # fmt: skip
async def test_what_goes_wrong_has_a_name(probe, what, error):
    page = "silent" if what == "silent" else "consent"
    code = await probe.code(page, switches="&snapshot=1" if what == "snapshot" else "")
    match what:
        case "expired":
            probe.stub.now += 301
        case "used":
            await probe("profile", text=code)
        case "invented":
            code = "CODE-999"
        case "http502" | "truncated" | "slow":
            probe.stub.faults[SNS] = Fault(what)
        case "gone":
            await probe.stub.stop()
    probe.stub.requests.clear()
    assert await probe("profile", text=code) == {"error": error}
    # A code is good for one call: none of these is made again.
    assert probe.stub.requests.count(SNS) == (what != "gone")


async def test_busy_is_asked_again_three_times(probe):
    probe.stub.faults[SNS] = Fault("busy", count=2)
    assert (await probe("profile", text=await probe.code("consent")))["openid"] == OPEN_ID
    assert probe.stub.requests.count(SNS) == 3
    probe.stub.faults[SNS] = Fault("busy", count=9)
    assert await probe("profile", text=await probe.code("consent")) == {"error": "wechat_busy"}
    assert probe.stub.requests.count(SNS) == 3 + 4


async def test_a_mini_program_code_is_exchanged_once(probe):
    code = probe.stub.issue_code("wxmini", "liming", "")
    assert await probe("session", text=code) == {"openid": OPEN_ID}
    assert await probe("session", text=code) == {"error": "wechat_code_used"}


async def test_a_page_is_signed_with_one_token_and_one_ticket_for_two_hours(probe):
    page = f"https://{DOMAIN}/j/1?a=b"
    signed = f"jsapi_ticket=TICKET-1&noncestr={'ab' * 16}&timestamp={int(probe.stub.now)}&url={page}"
    expected = {"nonce": "ab" * 16, "signature": hashlib.sha1(signed.encode()).hexdigest()}
    assert await probe("sign", text=page + "#top") == expected
    assert await probe("sign", text=page) == expected
    assert probe.stub.requests == [TOKEN, TICKET]
    probe.stub.now += 7200 - 300
    await probe("sign", text=page)
    assert probe.stub.requests == [TOKEN, TICKET] * 2
    assert await probe("sign", text="https://evil.example/") == {"error": "wechat_page_not_ours"}


async def test_a_token_that_another_server_replaced_is_fetched_once_more(probe):
    await probe("ticket")
    async with aiohttp.ClientSession() as other:
        await other.get(f"{probe.stub.base}{TOKEN}?grant_type=client_credential&appid=wxservice&secret=service-secret")
    probe.stub.requests.clear()
    assert await probe("ticket") == {"ticket": "7200"}
    assert probe.stub.requests == [TICKET, TOKEN, TICKET]


async def test_a_member_and_a_customer_sign_in_at_wecom(probe):
    assert await probe("member", text=await probe.code("wecom", "zhangsan")) == {
        "userid": "zhangsan", "mobile": "13800000000"
    }  # fmt: skip
    assert await probe("member", text=await probe.code("wecom")) == {
        "openid": OPEN_ID, "name": "李明", "follower": "zhangsan"
    }  # fmt: skip
    assert EXTERNAL_ID not in probe.said


async def test_the_directory_is_read(probe):
    assert await probe("directory") == {
        "departments": "示例公司,研发部", "members": "zhangsan=true,wangwu=false"
    }  # fmt: skip


def message(kind: str, **fields: object) -> str:
    return json.dumps({"msgtype": kind, kind: fields})


async def test_robot_messages_pass_the_stand_ins_checks(probe):
    png = b"\x89PNG\r\n\x1a\n123"
    image = {"base64": base64.b64encode(png).decode(), "md5": hashlib.md5(png).hexdigest()}
    article = {"title": "周会", "description": "10:00", "url": "https://meet.example.com/j/1", "picurl": ""}
    card = {
        "card_type": "text_notice", "main_title": {"title": "周会", "desc": ""},
        "horizontal_content_list": [{"keyname": "时间", "value": "10:00"}],
        "card_action": {"type": 1, "url": "https://meet.example.com/j/1"},
    }  # fmt: skip
    sent = [
        ("text", {"content": '你好 "\\\n', "mentioned_list": ["@all"]}), ("text", {"content": "长" * 682}),
        ("markdown", {"content": "**x**"}), ("image", image), ("news", {"articles": [article] * 8}),
        ("template_card", card),
    ]  # fmt: skip
    for kind, fields in sent:
        assert await probe("robot", text=ROBOT_KEY, body=message(kind, **fields)) == {}
    # What arrives is what was meant: written by our encoder, read by Python's.
    assert probe.stub.messages == [{"msgtype": kind, kind: fields} for kind, fields in sent]
    assert await probe("robot", text=ROBOT_KEY, body=message("text", content="长" * 683)) == {"error": "45002"}
    assert await probe("robot", text="other", body=message("text", content="x")) == {"error": "wechat_robot_unknown"}
    for _ in range(20 - len(sent)):
        assert await probe("robot", text=ROBOT_KEY, body=message("text", content="x")) == {}
    assert await probe("robot", text=ROBOT_KEY, body=message("text", content="x")) == {"error": "wechat_rate_limited"}


@pytest.fixture
async def hook(probe: Probe) -> AsyncIterator[tuple[str, list[dict]]]:
    """A callback's address whose server asks the probe, and what the probe made of each push."""
    results: list[dict] = []

    async def answer(request: web.Request) -> web.Response:
        query = {"signature": request.query["msg_signature"]} | {name: request.query[name] for name in ("timestamp", "nonce")}
        if request.method == "GET":
            results.append(await probe("echo", **query, text=request.query["echostr"]))
        else:
            results.append(await probe("callback", **query, body=await request.text()))
        return web.Response(text=results[-1].get("echo", ""), status=403 if "error" in results[-1] else 200)

    application = web.Application()
    application.add_routes([web.route("*", "/hook", answer)])
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/hook", results
    await runner.cleanup()


async def test_pushes_of_another_implementation_are_opened(probe, hook):
    url, results = hook
    stub = probe.stub
    stub.retry_pause = 0
    assert await stub.check_url(url)
    # Lengths around a block's end: every padding there is.
    for length in range(33):
        assert await stub.check_url(url, "x" * length)
    results.clear()
    assert await stub.push(url, Event="change_contact", ChangeType="delete_user", UserID="zhangsan") == 1
    assert results == [{"event": 'memberDeleted(userID: "zhangsan")'}]
    results.clear()
    stub.skew = 301
    assert await stub.push(url, Event="x") == 4
    stub.skew, stub.cipher.token = 0, "other"
    await stub.push(url, Event="x")
    stub.cipher.token, stub.cipher.receiver = "QDG6eK", "wwother"
    await stub.push(url, Event="x")
    assert [result["error"] for result in results] == (
        ["wecom_callback_outside_window"] * 4 + ["wecom_callback_signature_wrong"] * 4
        + ["wecom_callback_receiver_wrong"] * 4
    )  # fmt: skip

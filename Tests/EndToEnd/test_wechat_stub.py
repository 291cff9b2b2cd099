"""The stand-in for WeChat is as strict as it says, and answers what the Swift decoder is tested with."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from server import REPOSITORY
from wechat_stub import (
    CALLBACK_AES_KEY,
    CALLBACK_TOKEN,
    CORPORATION,
    CORPORATION_SECRET,
    EXTERNAL_ID,
    OPEN_ID,
    ROBOT_KEY,
    CallbackCipher,
    Fault,
    WeChatStub,
)

SAMPLES = json.loads((REPOSITORY / "Tests/WeChatTests/Samples/replies.json").read_text())
STATE = "000102030405060708090a0b0c0d0e0f"
REDIRECT = "redirect_uri=https%3A%2F%2Fmeet.example.com%2Fr&response_type=code"
SERVICE = {"appid": "wxservice", "secret": "service-secret"}
PNG = b"\x89PNG\r\n\x1a\n123"


class Caller:
    def __init__(self, stub: WeChatStub, session: aiohttp.ClientSession) -> None:
        self.stub, self.session = stub, session

    async def get(self, path: str, **query: str) -> dict:
        async with self.session.get(self.stub.base + path, params=query) as response:
            assert response.status == 200
            return json.loads(await response.text())

    async def post(self, path: str, body: object, **query: str) -> dict:
        async with self.session.post(self.stub.base + path, params=query, json=body) as response:
            assert response.status == 200
            return json.loads(await response.text())

    async def page(self, query: str, path: str = "/connect/oauth2/authorize", user: str = "liming") -> tuple[int, str]:
        """Status, and where the browser is sent to."""
        url = URL(f"{self.stub.base}{path}?{query}", encoded=True)
        async with self.session.get(url, allow_redirects=False, headers={"X-Stub-User": user}) as response:
            return response.status, response.headers.get("Location", "")

    async def code(self, scope: str = "snsapi_userinfo", switches: str = "") -> str:
        query = f"appid=wxservice&{REDIRECT}&scope={scope}&state={STATE}{switches}"
        return code_in((await self.page(query))[1])

    async def wecom_code(self, user: str, scope: str = "snsapi_base") -> str:
        query = f"appid={CORPORATION}&{REDIRECT}&scope={scope}&state={STATE}&agentid=1000002"
        return code_in((await self.page(query, user=user))[1])

    async def exchange(self, code: str) -> dict:
        return await self.get("/sns/oauth2/access_token", **SERVICE, code=code, grant_type="authorization_code")

    async def token(self) -> dict:
        return await self.get("/cgi-bin/token", grant_type="client_credential", **SERVICE)

    async def wecom_token(self) -> dict:
        return await self.get("/cgi-bin/gettoken", corpid=CORPORATION, corpsecret=CORPORATION_SECRET)

    async def say(self, message: object, key: str = ROBOT_KEY) -> int:
        return (await self.post("/cgi-bin/webhook/send", message, key=key))["errcode"]


def code_in(location: str) -> str:
    return parse_qs(urlsplit(location).query)["code"][0]


@pytest.fixture
async def stub() -> AsyncIterator[WeChatStub]:
    running = await WeChatStub().start()
    yield running
    await running.stop()


@pytest.fixture
async def wechat(stub: WeChatStub) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession() as session:
        yield Caller(stub, session)


def unnumbered(reply: dict) -> str:
    """Of tokens the number may differ: they are counted."""
    return re.sub(r"((TOKEN|REFRESH|TICKET)-)\d+", r"\g<1>N", json.dumps(reply, sort_keys=True))


async def test_it_answers_the_samples_that_the_decoder_reads(wechat):
    """Recorded once, judged on both sides: neither can drift alone."""
    answers = {
        "sns_access_token": await wechat.exchange(await wechat.code()),
        "sns_access_token_silent": await wechat.exchange(await wechat.code("snsapi_base")),
        "sns_access_token_snapshot": await wechat.exchange(await wechat.code(switches="&snapshot=1")),
        "sns_userinfo": await wechat.get(
            "/sns/userinfo", access_token="SNS-TOKEN-1", openid=OPEN_ID, lang="zh_CN"
        ),
        "jscode2session": await wechat.get(
            "/sns/jscode2session", appid="wxmini", secret="mini-secret",
            js_code=wechat.stub.issue_code("wxmini", "liming", ""), grant_type="authorization_code",
        ),
        "token": await wechat.token(),
        "getticket": await wechat.get("/cgi-bin/ticket/getticket", access_token="TOKEN-1", type="jsapi"),
        "gettoken": await wechat.wecom_token(),
    }  # fmt: skip
    token = {"access_token": answers["gettoken"]["access_token"]}
    member, outsider = await wechat.wecom_code("zhangsan", "snsapi_privateinfo"), await wechat.wecom_code("liming")
    answers |= {
        "get_jsapi_ticket": await wechat.get("/cgi-bin/get_jsapi_ticket", **token),
        "getuserinfo_member": await wechat.get("/cgi-bin/auth/getuserinfo", **token, code=member),
        "getuserinfo_outsider": await wechat.get("/cgi-bin/auth/getuserinfo", **token, code=outsider),
        "getuserdetail": await wechat.post(
            "/cgi-bin/auth/getuserdetail", {"user_ticket": "USER-TICKET-zhangsan"}, **token
        ),
        "externalcontact": await wechat.get("/cgi-bin/externalcontact/get", **token, external_userid=EXTERNAL_ID),
        "department_list": await wechat.get("/cgi-bin/department/list", **token),
        "user_list": await wechat.get("/cgi-bin/user/list", **token, department_id="2"),
        "webhook_send": await wechat.post(
            "/cgi-bin/webhook/send", {"msgtype": "text", "text": {"content": "x"}}, key=ROBOT_KEY
        ),
    }
    assert answers.keys() == SAMPLES.keys()
    for name, answer in answers.items():
        assert unnumbered(answer) == unnumbered(SAMPLES[name]), name


GOOD = f"appid=wxservice&{REDIRECT}&scope=snsapi_base&state={STATE}"


@pytest.mark.parametrize("query", [
    f"{REDIRECT}&appid=wxservice&scope=snsapi_base&state={STATE}",
    f"appid=wxservice&{REDIRECT}&state={STATE}&scope=snsapi_base",
    f"appid=wxservice&{REDIRECT}&scope=snsapi_base",
    f"appid=wxservice&{REDIRECT}&scope=snsapi_login&state={STATE}",
    GOOD + "!", GOOD + "&x=1", GOOD + "0" * 100, GOOD.replace("wxservice", "wxother"),
    GOOD.replace("wxservice", "wxwebsite"), GOOD.replace("meet.example.com", "meet.example.com.evil.org"),
    GOOD.replace("meet.example.com", "meet.example.com%3A8443"), GOOD.replace("https%3A", "javascript%3A"),
    GOOD.replace("wxservice", CORPORATION) + "&agentid=7", GOOD.replace("wxservice", CORPORATION),
])  # fmt: skip
async def test_a_sign_in_page_takes_one_order_and_one_host(wechat, query):
    status, location = await wechat.page(query)
    assert (status, location) == (400, "")


async def test_a_sign_in_page_brings_code_and_state_or_state_alone(wechat):
    status, location = await wechat.page(GOOD)
    assert status == 302 and re.fullmatch(rf"https://meet\.example\.com/r\?code=CODE-\d+&state={STATE}", location)
    assert (await wechat.page(GOOD + "&deny=1"))[1] == f"https://meet.example.com/r?state={STATE}"
    qr = GOOD.replace("wxservice", "wxwebsite").replace("snsapi_base", "snsapi_login")
    assert (await wechat.page(qr, path="/connect/qrconnect"))[0] == 302
    assert (await wechat.page(GOOD, path="/connect/qrconnect"))[0] == 400


async def test_a_code_is_good_once_for_300_seconds_and_for_its_app(wechat):
    code = await wechat.code()
    assert "openid" in await wechat.exchange(code)
    assert (await wechat.exchange(code))["errcode"] == 40163
    late = await wechat.code()
    wechat.stub.now += 301
    assert (await wechat.exchange(late))["errcode"] == 42003
    assert (await wechat.exchange("CODE-999"))["errcode"] == 40029
    assert (await wechat.exchange(""))["errcode"] == 41008
    assert (await wechat.exchange(wechat.stub.issue_code("wxwebsite", "liming", "")))["errcode"] == 40029
    punctual = await wechat.code()
    wechat.stub.now += 300
    assert "openid" in await wechat.exchange(punctual)


async def test_secrets_are_checked(wechat):
    query = {"grant_type": "client_credential"}
    assert (await wechat.get("/cgi-bin/token", **query, appid="wxservice", secret="x"))["errcode"] == 40001
    assert (await wechat.get("/cgi-bin/token", **query, appid="x", secret="x"))["errcode"] == 40013
    assert (await wechat.get("/cgi-bin/gettoken", corpid=CORPORATION, corpsecret="x"))["errcode"] == 40001
    assert (await wechat.get("/cgi-bin/gettoken", corpid="x", corpsecret="x"))["errcode"] == 40013
    assert (await wechat.get("/cgi-bin/gettoken", corpid=CORPORATION))["errcode"] == 41004


async def test_a_service_token_ends_the_one_before_and_a_wecom_token_stays(wechat):
    async def ticket(token: str) -> int:
        return (await wechat.get("/cgi-bin/ticket/getticket", access_token=token, type="jsapi"))["errcode"]

    first, second = (await wechat.token())["access_token"], (await wechat.token())["access_token"]
    assert (await ticket(first), await ticket(second), await ticket("x")) == (40001, 0, 40014)
    wechat.stub.now += 7200
    assert await ticket(second) == 42001
    kept = await wechat.wecom_token()
    assert await wechat.wecom_token() == kept
    wechat.stub.now += 7200
    assert await wechat.wecom_token() != kept


async def test_silent_sign_in_tells_no_nickname(wechat):
    token = (await wechat.exchange(await wechat.code("snsapi_base")))["access_token"]
    assert (await wechat.get("/sns/userinfo", access_token=token, openid=OPEN_ID))["errcode"] == 48001


async def test_rates_are_limited(wechat):
    text = {"msgtype": "text", "text": {"content": "x"}}
    assert [await wechat.say(text) for _ in range(21)] == [0] * 20 + [45009]
    wechat.stub.now += 60
    assert await wechat.say(text) == 0

    async def session() -> dict:
        code = wechat.stub.issue_code("wxmini", "liming", "")
        return await wechat.get("/sns/jscode2session", appid="wxmini", secret="mini-secret", js_code=code)

    replies = [await session() for _ in range(101)]
    assert all("openid" in reply for reply in replies[:100]) and replies[100]["errcode"] == 45011


@pytest.mark.parametrize("message, number", [
    ({"msgtype": "text", "text": {"content": "x" * 2048}}, 0),
    ({"msgtype": "text", "text": {"content": "长" * 683}}, 45002),
    ({"msgtype": "text", "text": {}}, 40058), ({"msgtype": "text"}, 40058), ({}, 40008), ({"msgtype": "sms"}, 40008),
    ({"msgtype": "markdown", "markdown": {"content": "x" * 4097}}, 45002),
    ({"msgtype": "image", "image": {"base64": base64.b64encode(PNG).decode(), "md5": hashlib.md5(PNG).hexdigest()}}, 0),
    ({"msgtype": "image", "image": {"base64": base64.b64encode(PNG).decode(), "md5": "0" * 32}}, 40058),
    ({"msgtype": "image", "image": {"base64": "*", "md5": ""}}, 40058),
    ({"msgtype": "news", "news": {"articles": []}}, 40058),
    ({"msgtype": "news", "news": {"articles": [{"title": "t", "url": "https://a/"}] * 8}}, 0),
    ({"msgtype": "news", "news": {"articles": [{"title": "t" * 129, "url": "https://a/"}]}}, 45002),
    ({"msgtype": "template_card", "template_card": {"card_type": "x"}}, 40058),
])  # fmt: skip
async def test_the_robot_counts_bytes_and_checks_hashes(wechat, message, number):
    assert await wechat.say(message) == number
    assert await wechat.say(message, key="other") == 93000
    assert len(wechat.stub.messages) == (number == 0)


async def test_faults_come_as_ordered(wechat):
    path = "/cgi-bin/token"
    wechat.stub.faults[path] = Fault("busy", count=2)
    assert [(await wechat.token()).get("errcode") for _ in range(3)] == [-1, -1, None]
    wechat.stub.faults[path] = Fault("truncated")
    with pytest.raises(json.JSONDecodeError):
        await wechat.token()
    wechat.stub.faults[path] = Fault("http502")
    with pytest.raises(AssertionError):
        await wechat.token()
    wechat.stub.faults[path] = Fault("slow", seconds=1)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(wechat.token(), 0.2)
    assert "access_token" in await wechat.token()


async def test_it_can_be_driven_from_another_process(wechat):
    await wechat.post("/_stub/set", {"now": 100, "domain": "127.0.0.1:8080"})
    await wechat.post("/_stub/advance", {"seconds": 5})
    await wechat.post("/_stub/fault", {"path": "/cgi-bin/token", "kind": "busy"})
    assert (await wechat.token())["errcode"] == -1
    state = await wechat.post("/_stub/state", {})
    assert state == {"now": 105, "requests": ["/cgi-bin/token"], "messages": []}
    assert wechat.stub.domain == "127.0.0.1:8080"


def test_its_cipher_agrees_with_both_published_vectors():
    cipher = CallbackCipher(CALLBACK_TOKEN, CALLBACK_AES_KEY, "wx5823bf96d3bd56c7")
    echo = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
    assert cipher.signature("1409659589", "263014780", echo) == "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3"
    assert cipher.decrypt(echo) == b"1616140317555161061"
    other = CallbackCipher("t", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wxb11529c136998cb6")
    sealed = "jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg=="
    assert other.encrypt("我是中文abcd123".encode(), start=b"aaaabbbbccccdddd") == sealed
    assert other.decrypt(sealed).decode() == "我是中文abcd123"


class Receiver:
    """What a customer's server does with pushes; answers 500 so often first."""

    def __init__(self) -> None:
        self.failures, self.events, self.echo_tail = 0, [], b""
        self.cipher = CallbackCipher(CALLBACK_TOKEN, CALLBACK_AES_KEY, CORPORATION)

    def check(self, request: web.Request, encrypted: str) -> bytes:
        query = request.query
        assert query["msg_signature"] == self.cipher.signature(query["timestamp"], query["nonce"], encrypted)
        return self.cipher.decrypt(encrypted)

    async def get(self, request: web.Request) -> web.Response:
        return web.Response(body=self.check(request, request.query["echostr"]) + self.echo_tail)

    async def post(self, request: web.Request) -> web.Response:
        encrypted = re.search(r"<Encrypt><!\[CDATA\[(.+?)\]\]>", await request.text())
        self.events.append((request.query["timestamp"], self.check(request, encrypted[1]).decode()))
        if self.failures > 0:
            self.failures -= 1
            return web.Response(status=500)
        return web.Response()


@pytest.fixture
async def receiver() -> AsyncIterator[tuple[Receiver, str]]:
    waiting = Receiver()
    application = web.Application()
    application.add_routes([web.get("/hook", waiting.get), web.post("/hook", waiting.post)])
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield waiting, f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    await runner.cleanup()


async def test_pushes_are_sealed_and_repeated_three_times_at_most(stub, receiver):
    waiting, url = receiver
    stub.retry_pause = 0
    assert await stub.push(url, Event="change_contact", ChangeType="delete_user", UserID="zhangsan") == 1
    assert "<UserID><![CDATA[zhangsan]]></UserID>" in waiting.events[0][1]
    waiting.failures = 2
    assert await stub.push(url, Event="x") == 3
    waiting.failures = 9
    assert await stub.push(url, Event="x") == 4
    stub.skew = 301
    await stub.push(url, Event="x")
    assert int(waiting.events[-1][0]) == int(stub.now) + 301


async def test_the_check_of_an_address_wants_the_bare_text(stub, receiver):
    waiting, url = receiver
    assert await stub.check_url(url)
    waiting.echo_tail = b"\n"
    assert not await stub.check_url(url)
    assert not await stub.check_url("http://127.0.0.1:9/hook")

"""A stand-in for WeChat, the Open Platform and WeCom on a free port of 127.0.0.1. No test ever talks to the real ones.

It is as strict as they are said to be: the order of the parameters of a sign-in page, the redirect's host, codes that are
good once and for 300 s, tokens that end or are replaced, errors as `errcode` at status 200, rates, byte limits, hashes. Its
clock stands still until it is told otherwise. Its cryptography is of its own (`cryptography`), so that it judges ours.

Tests drive it as an object, or over `/_stub/…` when it runs alone: `python wechat_stub.py [--port N]` prints its port.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import dataclasses
import hashlib
import json
import os
import re
import struct
from collections import defaultdict, deque
from urllib.parse import unquote, urlsplit

import aiohttp
from aiohttp import web
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

CODE_SECONDS = 300
TOKEN_SECONDS = 7200
SNS_ACCOUNTS = {"wxservice": "service-secret", "wxwebsite": "website-secret", "wxmini": "mini-secret"}
CORPORATION, CORPORATION_SECRET, AGENT = "wwcorp", "corp-secret", "1000002"
ROBOT_KEY = "693a91f6-0000-4bc4-97c4-0ec2sifa5aaa"
CALLBACK_TOKEN, CALLBACK_AES_KEY = "QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"

OPEN_ID, UNION_ID, EXTERNAL_ID = (
    prefix + "LiMing" + "1".rjust(width, "0") for prefix, width in (("o", 22), ("u", 22), ("wm", 21))
)
# Who can sign in. A member of the company has a userid; everybody else is an outsider.
USERS: dict[str, dict[str, str]] = {
    "liming": {"openid": OPEN_ID, "unionid": UNION_ID, "external_userid": EXTERNAL_ID, "nickname": "李明 🙂"},
    "zhangsan": {"userid": "zhangsan"},
}
DETAIL = {
    "userid": "zhangsan", "gender": "1", "avatar": "https://wework.qpic.cn/bizmail/zhangsan/0",
    "mobile": "13800000000", "email": "zhangsan@example.com", "biz_mail": "zhangsan@corp.example.com",
}  # fmt: skip
CONTACT = {
    "external_contact": {
        "external_userid": EXTERNAL_ID, "name": "李明", "position": "Manager",
        "avatar": "https://wx.qlogo.cn/mmhead/liming/0", "corp_name": "示例", "corp_full_name": "示例有限公司",
        "type": 1, "gender": 1, "unionid": UNION_ID,
        "external_profile": {"external_attr": [{"type": 0, "name": "文本", "text": {"value": "值"}}]},
    },
    "follow_user": [
        {"userid": "zhangsan", "remark": "李总", "description": "", "createtime": 1790000000, "tags": [], "state": ""}
    ],
}  # fmt: skip
DEPARTMENTS = [
    {"id": 1, "name": "示例公司", "name_en": "Example", "parentid": 0, "order": 100000000, "department_leader": []},
    {"id": 2, "name": "研发部", "name_en": "R&D", "parentid": 1, "order": 99999, "department_leader": ["zhangsan"]},
]
MEMBERS = [
    {
        "userid": "zhangsan", "name": "张三", "alias": "Jack", "department": [1, 2], "main_department": 2,
        "order": [0, 0], "is_leader_in_dept": [0, 1], "direct_leader": ["lisi"], "position": "工程师",
        "external_position": "高级工程师", "mobile": "13800000000", "status": 1, "enable": 1,
    },
    {
        "userid": "wangwu", "name": "王五", "alias": "", "department": [2], "main_department": 2, "order": [0],
        "is_leader_in_dept": [0], "direct_leader": [], "position": "", "external_position": "", "status": 2,
        "enable": 0,
    },
]  # fmt: skip

# WeChat compares with a pattern, so this does too. The switches at the end are for tests only.
SWITCHES = r"(?P<switches>(?:&(?:deny|snapshot)=1)*)"
BEGINNING = r"appid=(?P<app>\w+)&redirect_uri=(?P<redirect>[^&]+)&response_type=code&scope=(?P<scope>%s)"
AUTHORIZE = re.compile(BEGINNING % "snsapi_base|snsapi_userinfo" + r"&state=(?P<state>[a-zA-Z0-9]{1,128})" + SWITCHES)
WECOM_AUTHORIZE = re.compile(
    BEGINNING % "snsapi_base|snsapi_privateinfo"
    + r"&state=(?P<state>[a-zA-Z0-9]{1,128})&agentid=(?P<agent>\d+)" + SWITCHES
)  # fmt: skip
QR_CONNECT = re.compile(BEGINNING % "snsapi_login" + r"&state=(?P<state>[a-zA-Z0-9]{1,128})" + SWITCHES)


class Refusal(Exception):
    """An errcode, at status 200."""

    def __init__(self, number: int, message: str = "refused") -> None:
        super().__init__(number)
        self.number, self.message = number, message


@dataclasses.dataclass
class Code:
    app: str
    user: str
    scope: str
    issued: float
    snapshot: bool = False
    used: bool = False


@dataclasses.dataclass
class Fault:
    kind: str  # busy, slow, truncated, http502
    count: int = 1
    seconds: float = 6.0


class Rate:
    """So many in so many seconds, for each key."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit, self.seconds = limit, seconds
        self.times: dict[str, deque[float]] = defaultdict(deque)

    def count(self, key: str, now: float, number: int) -> None:
        times = self.times[key]
        while times and times[0] <= now - self.seconds:
            times.popleft()
        if len(times) >= self.limit:
            raise Refusal(number, "api freq out of limit")
        times.append(now)


class CallbackCipher:
    """WeCom's envelope for pushes, both ways."""

    def __init__(self, token: str, aes_key: str, receiver: str) -> None:
        self.token, self.receiver = token, receiver
        self.key = base64.b64decode(aes_key + "=")

    def signature(self, timestamp: str, nonce: str, encrypted: str) -> str:
        return hashlib.sha1("".join(sorted([self.token, timestamp, nonce, encrypted])).encode()).hexdigest()

    def encrypt(self, message: bytes, start: bytes | None = None) -> str:
        plain = (start or os.urandom(16)) + struct.pack(">I", len(message)) + message + self.receiver.encode()
        padding = 32 - len(plain) % 32
        encryptor = Cipher(algorithms.AES(self.key), modes.CBC(self.key[:16])).encryptor()
        return base64.b64encode(encryptor.update(plain + bytes([padding]) * padding) + encryptor.finalize()).decode()

    def decrypt(self, encrypted: str) -> bytes:
        decryptor = Cipher(algorithms.AES(self.key), modes.CBC(self.key[:16])).decryptor()
        plain = decryptor.update(base64.b64decode(encrypted)) + decryptor.finalize()
        plain = plain[: -plain[-1]]
        (length,) = struct.unpack(">I", plain[16:20])
        assert plain[20 + length :] == self.receiver.encode()
        return plain[20 : 20 + length]


def ok(**fields: object) -> dict[str, object]:
    return {"errcode": 0, "errmsg": "ok"} | fields


class WeChatStub:
    def __init__(self) -> None:
        self.now = 1_790_000_000.0
        self.skew = 0.0  # seconds that its pushes' time is ahead of the clock
        self.domain = "meet.example.com"
        self.user = "liming"  # who signs in, without X-Stub-User
        self.retry_pause = 5.0  # real seconds between repetitions of a push
        self.faults: dict[str, Fault] = {}
        self.requests: list[str] = []
        self.messages: list[dict] = []
        self.codes: dict[str, Code] = {}
        self.counters: dict[str, int] = defaultdict(int)
        self.sns: dict[str, tuple[Code, float]] = {}  # token: whose, until when
        # Of each account: the only good token or ticket, until when.
        self.current: dict[str, tuple[str, float]] = {}
        self.session_rate, self.robot_rate = Rate(100, 60), Rate(20, 60)
        self.ticket_rates = {"COMPANY-TICKET": Rate(400, 3600), "APP-TICKET": Rate(100, 3600)}
        self.cipher = CallbackCipher(CALLBACK_TOKEN, CALLBACK_AES_KEY, CORPORATION)
        self.runner: web.AppRunner | None = None
        self.port = 0

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self, port: int = 0) -> WeChatStub:
        application = web.Application(middlewares=[self.interface], client_max_size=4 * 1024 * 1024)
        application.add_routes([
            web.get("/connect/oauth2/authorize", self.authorize),
            web.get("/connect/qrconnect", self.authorize),
            web.get("/sns/oauth2/access_token", self.sns_access_token),
            web.get("/sns/userinfo", self.sns_userinfo),
            web.get("/sns/jscode2session", self.jscode2session),
            web.get("/cgi-bin/token", self.service_token),
            web.get("/cgi-bin/ticket/getticket", self.service_ticket),
            web.get("/cgi-bin/gettoken", self.wecom_token),
            web.get("/cgi-bin/get_jsapi_ticket", self.company_ticket),
            web.get("/cgi-bin/ticket/get", self.app_ticket),
            web.get("/cgi-bin/auth/getuserinfo", self.getuserinfo),
            web.post("/cgi-bin/auth/getuserdetail", self.getuserdetail),
            web.get("/cgi-bin/externalcontact/get", self.externalcontact),
            web.get("/cgi-bin/department/list", self.department_list),
            web.get("/cgi-bin/user/list", self.user_list),
            web.post("/cgi-bin/webhook/send", self.webhook_send),
            web.post("/_stub/{order}", self.control),
        ])  # fmt: skip
        self.runner = web.AppRunner(application, access_log=None)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", port)
        await site.start()
        self.port = self.runner.addresses[0][1]
        return self

    async def stop(self) -> None:
        if self.runner is not None:
            await self.runner.cleanup()

    # What all calls have in common: faults, and refusals at status 200.

    @web.middleware
    async def interface(self, request: web.Request, handler) -> web.StreamResponse:
        if request.path.startswith(("/_stub/", "/connect/")):
            return await handler(request)
        self.requests.append(request.path)
        fault = self.faults.get(request.path)
        if fault is not None and fault.count > 0:
            fault.count -= 1
            if fault.kind == "busy":
                return self.answer({"errcode": -1, "errmsg": "system error"})
            if fault.kind == "http502":
                return web.Response(status=502, text="<html>502 Bad Gateway</html>", content_type="text/html")
            if fault.kind == "slow":
                await asyncio.sleep(fault.seconds)
        else:
            fault = None
        try:
            reply = await handler(request)
        except Refusal as refusal:
            reply = {"errcode": refusal.number, "errmsg": refusal.message}
        except (KeyError, ValueError) as problem:
            reply = {"errcode": 40035, "errmsg": f"invalid argument {type(problem).__name__}"}
        return self.answer(reply, is_truncated=fault is not None and fault.kind == "truncated")

    @staticmethod
    def answer(reply: dict, is_truncated: bool = False) -> web.Response:
        text = json.dumps(reply, ensure_ascii=False)
        # WeChat calls its JSON plain text.
        return web.Response(text=text[: len(text) // 2] if is_truncated else text, content_type="text/plain")

    def numbered(self, kind: str) -> str:
        self.counters[kind] += 1
        return f"{kind}-{self.counters[kind]}"

    # Signing in.

    async def authorize(self, request: web.Request) -> web.Response:
        query = request.rel_url.raw_query_string
        patterns = [QR_CONNECT] if request.path == "/connect/qrconnect" else [AUTHORIZE, WECOM_AUTHORIZE]
        found = next((match for pattern in patterns if (match := pattern.fullmatch(query))), None)
        if found is None:
            return web.Response(status=400, text="parameters are missing, wrong, or not in their order")
        app = found["app"]
        known = [CORPORATION] if "agent" in found.groupdict() else ["wxwebsite"] if "qr" in request.path else ["wxservice"]
        if app not in known or found.groupdict().get("agent") not in (None, AGENT):
            return web.Response(status=400, text="40013 invalid appid")
        redirect = unquote(found["redirect"])
        target = urlsplit(redirect)
        if target.scheme not in ("http", "https") or target.netloc != self.domain:
            return web.Response(status=400, text="50001 redirect_uri is not on the authorised domain")
        answer = f"state={found['state']}"
        if "deny=1" not in found["switches"]:
            user = request.headers.get("X-Stub-User", self.user)
            is_snapshot = "snapshot=1" in found["switches"]
            answer = f"code={self.issue_code(app, user, found['scope'], is_snapshot)}&{answer}"
        separator = "&" if target.query else "?"
        return web.Response(status=302, headers={"Location": f"{redirect}{separator}{answer}"})

    def issue_code(self, app: str, user: str, scope: str, snapshot: bool = False) -> str:
        name = self.numbered("CODE")
        self.codes[name] = Code(app, user, scope, self.now, snapshot)
        return name

    def use_code(self, name: str | None, app: str) -> Code:
        if not name:
            raise Refusal(41008, "missing code")
        code = self.codes.get(name)
        if code is None or code.app != app:
            raise Refusal(40029, "invalid code")
        if code.used:
            raise Refusal(40163, "code been used")
        if self.now - code.issued > CODE_SECONDS:
            raise Refusal(42003, "code expired")
        code.used = True
        return code

    def check_secret(self, app: str, secret: str) -> None:
        if app not in SNS_ACCOUNTS:
            raise Refusal(40013, "invalid appid")
        if SNS_ACCOUNTS[app] != secret:
            raise Refusal(40001, "invalid credential")

    async def sns_access_token(self, request: web.Request) -> dict:
        query = request.query
        self.check_secret(query["appid"], query["secret"])
        if query["grant_type"] != "authorization_code":
            raise Refusal(40002, "invalid grant_type")
        code = self.use_code(query.get("code"), query["appid"])
        token = self.numbered("SNS-TOKEN")
        self.sns[token] = (code, self.now + TOKEN_SECONDS)
        reply = {
            "access_token": token, "expires_in": TOKEN_SECONDS, "refresh_token": token.replace("TOKEN", "REFRESH"),
            "openid": "oSnapshot00000000000000000001" if code.snapshot else USERS[code.user]["openid"],
            "scope": code.scope,
        }  # fmt: skip
        if code.snapshot:
            reply["is_snapshotuser"] = 1
        elif code.scope != "snsapi_base":
            reply["unionid"] = USERS[code.user]["unionid"]
        return reply

    async def sns_userinfo(self, request: web.Request) -> dict:
        code, end = self.sns.get(request.query["access_token"], (None, 0.0))
        if code is None:
            raise Refusal(40001, "invalid credential")
        if self.now >= end:
            raise Refusal(42001, "access_token expired")
        if code.scope == "snsapi_base":
            raise Refusal(48001, "api unauthorized")
        user = USERS[code.user]
        if request.query["openid"] != user["openid"]:
            raise Refusal(40003, "invalid openid")
        return {
            "openid": user["openid"], "nickname": user["nickname"], "sex": 0, "province": "", "city": "", "country": "",
            "headimgurl": f"https://thirdwx.qlogo.cn/mmopen/vi_32/{code.user}/132", "privilege": [],
            "unionid": user["unionid"],
        }  # fmt: skip

    async def jscode2session(self, request: web.Request) -> dict:
        query = request.query
        self.check_secret(query["appid"], query["secret"])
        code = self.use_code(query.get("js_code"), query["appid"])
        self.session_rate.count(code.user, self.now, 45011)
        user = USERS[code.user]
        return {"openid": user["openid"], "session_key": "c2Vzc2lvbi1rZXktMDAwMQ==", "unionid": user["unionid"]}

    # Tokens and tickets.

    def renew(self, kind: str, is_kept: bool) -> str:
        """A token or ticket that is the only good one of its kind; `is_kept`: the same while it is good."""
        name, end = self.current.get(kind, ("", 0.0))
        if not (is_kept and self.now < end):
            name = self.numbered(kind)
            self.current[kind] = (name, self.now + TOKEN_SECONDS)
        return name

    def check_token(self, request: web.Request, kind: str) -> None:
        name = request.query.get("access_token", "")
        good, end = self.current.get(kind, ("", 0.0))
        if re.fullmatch(rf"{kind}-\d+", name) is None:
            raise Refusal(40014, "invalid access_token")
        if name != good:
            raise Refusal(40001, "invalid credential, access_token is invalid or not latest")
        if self.now >= end:
            raise Refusal(42001, "access_token expired")

    async def service_token(self, request: web.Request) -> dict:
        if request.query["grant_type"] != "client_credential":
            raise Refusal(40002, "invalid grant_type")
        self.check_secret(request.query["appid"], request.query["secret"])
        return {"access_token": self.renew("TOKEN", is_kept=False), "expires_in": TOKEN_SECONDS}

    async def service_ticket(self, request: web.Request) -> dict:
        self.check_token(request, "TOKEN")
        if request.query["type"] != "jsapi":
            raise Refusal(40097, "invalid type")
        return ok(ticket=self.renew("TICKET", is_kept=True), expires_in=TOKEN_SECONDS)

    async def wecom_token(self, request: web.Request) -> dict:
        if request.query["corpid"] != CORPORATION:
            raise Refusal(40013, "invalid corpid")
        if "corpsecret" not in request.query:
            raise Refusal(41004, "missing secret")
        if request.query["corpsecret"] != CORPORATION_SECRET:
            raise Refusal(40001, "invalid credential")
        return ok(access_token=self.renew("WECOM-TOKEN", is_kept=True), expires_in=TOKEN_SECONDS)

    def wecom_ticket(self, request: web.Request, kind: str) -> dict:
        self.check_token(request, "WECOM-TOKEN")
        self.ticket_rates[kind].count(kind, self.now, 45009)
        return ok(ticket=self.renew(kind, is_kept=True), expires_in=TOKEN_SECONDS)

    async def company_ticket(self, request: web.Request) -> dict:
        return self.wecom_ticket(request, "COMPANY-TICKET")

    async def app_ticket(self, request: web.Request) -> dict:
        if request.query["type"] != "agent_config":
            raise Refusal(40097, "invalid type")
        return self.wecom_ticket(request, "APP-TICKET")

    # People and departments.

    async def getuserinfo(self, request: web.Request) -> dict:
        self.check_token(request, "WECOM-TOKEN")
        code = self.use_code(request.query.get("code"), CORPORATION)
        user = USERS[code.user]
        if "userid" in user:
            ticket = {"user_ticket": f"USER-TICKET-{code.user}"} if code.scope == "snsapi_privateinfo" else {}
            return ok(userid=user["userid"], **ticket)
        return ok(openid=user["openid"], external_userid=user["external_userid"])

    async def getuserdetail(self, request: web.Request) -> dict:
        self.check_token(request, "WECOM-TOKEN")
        if (await request.json())["user_ticket"] != "USER-TICKET-zhangsan":
            raise Refusal(40094, "invalid user_ticket")
        return ok(**DETAIL)

    async def externalcontact(self, request: web.Request) -> dict:
        self.check_token(request, "WECOM-TOKEN")
        asked = request.query["external_userid"]
        if not asked.startswith("wm"):
            raise Refusal(40096, "invalid external userid")
        if asked != EXTERNAL_ID:
            raise Refusal(84061, "not external contact")
        return ok(**CONTACT)

    async def department_list(self, request: web.Request) -> dict:
        self.check_token(request, "WECOM-TOKEN")
        root = int(request.query.get("id", "1"))
        return ok(department=[item for item in DEPARTMENTS if root in (1, item["id"], item["parentid"])])

    async def user_list(self, request: web.Request) -> dict:
        self.check_token(request, "WECOM-TOKEN")
        department = int(request.query["department_id"])
        return ok(userlist=[member for member in MEMBERS if department in member["department"]])

    # The robot.

    async def webhook_send(self, request: web.Request) -> dict:
        if request.query.get("key") != ROBOT_KEY:
            raise Refusal(93000, "invalid webhook url")
        try:
            message = await request.json()
        except ValueError:
            raise Refusal(40058, "invalid json") from None
        self.check_message(message)
        self.robot_rate.count(ROBOT_KEY, self.now, 45009)
        self.messages.append(message)
        return ok()

    @staticmethod
    def check_message(message: dict) -> None:
        kind = message.get("msgtype")
        if kind not in ("text", "markdown", "image", "news", "template_card"):
            raise Refusal(40008, "invalid message type")
        fields = message.get(kind)
        if not isinstance(fields, dict):
            raise Refusal(40058, kind)

        def check(text: object, limit: int, least: int = 1) -> None:
            if not isinstance(text, str) or len(text.encode()) < least:
                raise Refusal(40058, "missing text")
            if len(text.encode()) > limit:
                raise Refusal(45002, "content size out of limit")

        if kind in ("text", "markdown"):
            check(fields.get("content"), 2048 if kind == "text" else 4096)
        elif kind == "image":
            try:
                data = base64.b64decode(fields.get("base64", ""), validate=True)
            except ValueError:
                raise Refusal(40058, "invalid base64") from None
            if len(data) > 2 * 1024 * 1024:
                raise Refusal(45002, "image size out of limit")
            if hashlib.md5(data).hexdigest() != fields.get("md5") or not data.startswith((b"\xff\xd8\xff", b"\x89PNG")):
                raise Refusal(40058, "invalid image or md5")
        elif kind == "news":
            articles = fields.get("articles", [])
            if not 1 <= len(articles) <= 8:
                raise Refusal(40058, "1 to 8 articles")
            for article in articles:
                check(article.get("title"), 128)
                check(article.get("description", ""), 512, least=0)
                check(article.get("url"), 2048)
        else:
            if fields.get("card_type") != "text_notice" or fields.get("card_action", {}).get("type") not in (1, 2):
                raise Refusal(40058, "card_type or card_action")
            check(fields.get("main_title", {}).get("title"), 128)

    # Pushes.

    async def check_url(self, url: str, plain: str = "1616140317555161061") -> bool:
        """The check that WeCom makes when somebody enters a callback's address: the bare plaintext within a second."""
        encrypted = self.cipher.encrypt(plain.encode())
        query = self.signed(encrypted) | {"echostr": encrypted}
        try:
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(1)) as session:
                async with session.get(url, params=query) as response:
                    return response.status == 200 and await response.read() == plain.encode()
        except (TimeoutError, aiohttp.ClientError):
            return False

    def signed(self, encrypted: str) -> dict[str, str]:
        timestamp, nonce = str(int(self.now + self.skew)), self.numbered("nonce")
        return {
            "msg_signature": self.cipher.signature(timestamp, nonce, encrypted), "timestamp": timestamp, "nonce": nonce
        }  # fmt: skip

    def event(self, **fields: object) -> str:
        fields = {
            "ToUserName": CORPORATION, "FromUserName": "sys", "CreateTime": int(self.now), "MsgType": "event"
        } | fields  # fmt: skip
        inner = "".join(
            f"<{name}>{value}</{name}>" if isinstance(value, int) else f"<{name}><![CDATA[{value}]]></{name}>"
            for name, value in fields.items()
        )
        return f"<xml>{inner}</xml>"

    async def push(self, url: str, **fields: object) -> int:
        """Pushes an event, up to three times more while the answer is not 200 within 5 s; returns how often it went."""
        message = self.event(**fields)
        for attempt in range(4):
            if attempt > 0:
                await asyncio.sleep(self.retry_pause)
            encrypted = self.cipher.encrypt(message.encode())
            body = (
                f"<xml><ToUserName><![CDATA[{CORPORATION}]]></ToUserName><AgentID><![CDATA[{AGENT}]]></AgentID>"
                f"<Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
            )
            try:
                async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(5)) as session:
                    async with session.post(
                        url, params=self.signed(encrypted), data=body.encode(), headers={"Content-Type": "text/xml"}
                    ) as response:
                        if response.status == 200:
                            break
            except (TimeoutError, aiohttp.ClientError):
                pass
        return attempt + 1

    # Orders of a test that runs in another process.

    async def control(self, request: web.Request) -> web.Response:
        order = request.match_info["order"]
        fields = await request.json()
        result: dict[str, object] = {}
        if order == "set":  # now, skew, domain, user, retry_pause
            for name in fields:
                if name not in ("now", "skew", "domain", "user", "retry_pause"):
                    raise web.HTTPBadRequest(text=name)
                setattr(self, name, fields[name])
        elif order == "advance":
            self.now += fields["seconds"]
        elif order == "fault":
            path = fields.pop("path")
            self.faults[path] = Fault(**fields)
        elif order == "code":
            result["code"] = self.issue_code(fields["app"], fields["user"], fields.get("scope", ""))
        elif order == "push":
            result["attempts"] = await self.push(fields.pop("url"), **fields)
        elif order == "check":
            result["passed"] = await self.check_url(fields["url"])
        elif order == "state":
            result = {"now": self.now, "requests": self.requests, "messages": self.messages}
        else:
            raise web.HTTPNotFound
        return web.json_response(result)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    stub = await WeChatStub().start(parser.parse_args().port)
    print(stub.port, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())

"""The first start of an organisation (product.md, B35): one command, one link, and people work within a minute."""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.error
import urllib.request

from server import Server, binary, environment

PASSWORD = "a long enough one"
USABLE_SECONDS = 60
LOCK_OUT_SECONDS = 1


class Person:
    """A browser as far as it matters here: a cookie, and pages of our own."""

    def __init__(self, url: str):
        self.url = url
        self.cookie = ""

    def ask(self, method: str, path: str, body: dict | None = None) -> tuple[int, dict]:
        request = urllib.request.Request(
            f"{self.url}/api/v1/{path}", method=method, data=json.dumps(body).encode() if body is not None else None,
            headers={"Origin": self.url, **({"Cookie": self.cookie} if self.cookie else {})},
        )  # fmt: skip
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                if cookie := answer.headers["Set-Cookie"]:
                    self.cookie = cookie.split(";")[0]
                text = answer.read()
                return answer.status, json.loads(text) if text else {}
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())


def init(folder, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [str(binary()), "init", "--data", str(folder / "data"), "--listen", "127.0.0.1:7880", *arguments],
        capture_output=True, text=True, timeout=20, cwd=folder, env=environment(), stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_an_organisation_works_within_a_minute(tmp_path):
    began = time.monotonic()
    first = init(tmp_path, "--admin", "wang", "--name", "王小明", "--organisation", "胡同公司")
    assert first.returncode == 0, first.stderr
    link = re.search(r"""http://127\.0\.0\.1:7880/api/v1/invites/redeem -d '{"token": "([\w-]{43})",""", first.stdout)
    assert link, first.stdout
    again = init(tmp_path, "--admin", "zhang")
    assert again.returncode == 1 and "already" in again.stderr and len(again.stderr.splitlines()) == 1
    for wrong in ("王", "a b", ""):
        result = init(tmp_path, "--admin", wrong)
        assert result.returncode == 1 and "--admin" in result.stderr

    server = Server(tmp_path)
    try:
        assert init(tmp_path, "--admin", "zhang").returncode == 1, "a running server holds its store"
        chief, guest, mia = (Person(server.url) for _ in range(3))
        assert guest.ask("GET", "me")[0] == 401
        status, me = chief.ask("POST", "invites/redeem", {"token": link[1], "password": PASSWORD})
        assert status == 201 and me["member"]["name"] == "王小明" and me["administration"]["superAdmin"] is True
        assert guest.ask("POST", "invites/redeem", {"token": link[1], "password": PASSWORD})[0] == 401
        member = {"account": "mia", "name": "米娅", "gender": "female", "email": "mia@example.com", "departments": [1]}
        assert chief.ask("POST", "members", member)[0] == 201
        _, invite = chief.ask("POST", "members/mia/invites", {})
        assert mia.ask("POST", "invites/redeem", {"token": invite["token"], "password": PASSWORD})[0] == 201
        assert mia.ask("GET", "members?q=wang")[1]["members"][0]["account"] == "wang"
        assert time.monotonic() - began < USABLE_SECONDS

        # Disabled: out at once, and after a restart too.
        moment = time.monotonic()
        assert chief.ask("POST", "members/mia/disable", {})[0] == 200
        assert mia.ask("GET", "me")[0] == 401
        assert time.monotonic() - moment < LOCK_OUT_SECONDS
        server.stop()
        server.start()
        assert mia.ask("GET", "me")[0] == 401
        assert chief.ask("GET", "me")[0] == 200
        assert mia.ask("POST", "sessions", {"account": "mia", "password": PASSWORD})[0] == 401
        status, log = chief.ask("GET", "audit")
        assert status == 200 and log["entries"][-1]["action"] == "organisation.create"
        text = server.log()
        assert PASSWORD not in text and link[1] not in text and invite["token"] not in text
    finally:
        server.stop()

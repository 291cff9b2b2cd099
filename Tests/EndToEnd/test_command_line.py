"""`hutong` as an operator types it: version, check, token, and how it refuses to start."""

from __future__ import annotations

import re
import signal
import socket
import ssl
import subprocess
import time
import urllib.request

import jwt
import pytest

from server import REPOSITORY, Server, binary, environment, free_media_ports, free_port, passing
from tokens import DEVELOPMENT_KEY, DEVELOPMENT_SECRET, join_token

CONFIGURATION_ERROR = 78
RUNTIME_ERROR = 1
GOOD_SECRET = "0123456789abcdef0123456789abcdef"


def hutong(*arguments: str, folder, **settings: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [str(binary()), *arguments], capture_output=True, text=True, timeout=10, cwd=folder,
        env=environment(**settings), stdin=subprocess.DEVNULL,
    )  # fmt: skip


def assert_refused(result: subprocess.CompletedProcess, status: int, *words: str) -> None:
    """One clear line with these words, the status, and nothing like a stack trace."""
    lines = result.stderr.strip().splitlines()
    assert result.returncode == status, result.stderr
    assert len(lines) == 1, result.stderr
    for word in words:
        assert word in lines[0], lines[0]


def test_version(tmp_path):
    result = hutong("version", folder=tmp_path)
    assert result.returncode == 0 and re.fullmatch(r"hutong \d+\.\d+\.\d+\n", result.stdout)


def test_help_names_every_command(tmp_path):
    text = hutong("--help", folder=tmp_path).stdout
    assert all(command in text for command in ("serve", "init", "token", "check", "version"))


def test_token_is_what_customers_back_ends_mint(tmp_path):
    result = hutong("token", "--dev", "--room", "stand-up", "--identity", "ada", "--name", "Ada", folder=tmp_path)
    assert result.returncode == 0, result.stderr
    claims = jwt.decode(result.stdout.strip(), DEVELOPMENT_SECRET, algorithms=["HS256"])
    assert (claims["iss"], claims["sub"], claims["name"]) == (DEVELOPMENT_KEY, "ada", "Ada")
    assert claims["video"]["roomJoin"] is True and claims["video"]["room"] == "stand-up"
    assert 5 * 3600 < claims["exp"] - time.time() <= 6 * 3600 + 60


def test_token_needs_a_room(tmp_path):
    result = hutong("token", "--dev", "--identity", "ada", folder=tmp_path)
    assert result.returncode != 0 and "--room" in result.stderr


def test_check_shows_what_is_in_force_and_hides_secrets(tmp_path):
    (tmp_path / "hutong.yaml").write_text(f"keys: {{ mine: {GOOD_SECRET} }}\nlisten: 127.0.0.1:7999\n")
    (tmp_path / "hutong.yaml").chmod(0o600)
    result = hutong("check", folder=tmp_path, HUTONG_MEDIA_LISTEN="127.0.0.1:17882")
    assert result.returncode == 0, result.stderr
    assert "127.0.0.1:7999" in result.stdout and "127.0.0.1:17882" in result.stdout
    assert GOOD_SECRET not in result.stdout + result.stderr


def test_the_example_file_is_complete_and_valid(tmp_path):
    example = REPOSITORY / "hutong.example.yaml"
    assert hutong("check", "--example", folder=tmp_path).stdout == example.read_text()
    result = hutong("check", "--config", str(example), "--dev", folder=tmp_path)
    assert result.returncode == 0, result.stderr


BAD_FILES = {
    "unknown key": ("listn: 127.0.0.1:7880\n", "listn"),
    "malformed number": ("media: { workers: many }\n", "media.workers"),
    "malformed address": ("listen: 127.0.0.1:port\n", "listen"),
    "not YAML": ("listen: [\n", "hutong.yaml"),
    "short secret": ("keys: { mykey: short }\n", "32"),
    "missing certificate": ("tls: { certificate: /nowhere/cert.pem, key: /nowhere/key.pem }\n", "/nowhere/cert.pem"),
    "certificate without key": ("tls: { certificate: cert.pem }\n", "tls.key"),
    "wildcard without announce": ("media: { listen: 0.0.0.0:7882 }\n", "media.announce"),
}


@pytest.mark.parametrize("what", BAD_FILES)
def test_a_bad_configuration_is_refused_in_one_line(tmp_path, what):
    text, word = BAD_FILES[what]
    file = tmp_path / "hutong.yaml"
    file.write_text(text)
    file.chmod(0o600)
    assert_refused(hutong("serve", "--dev", folder=tmp_path), CONFIGURATION_ERROR, word)
    assert hutong("check", "--dev", folder=tmp_path).returncode == CONFIGURATION_ERROR


def test_no_key_outside_development_is_refused(tmp_path):
    assert_refused(hutong("serve", folder=tmp_path), CONFIGURATION_ERROR, "key")


def test_an_unknown_environment_setting_is_told(tmp_path):
    """Not refused: orchestrators put HUTONG_SERVICE_HOST and the like there by themselves."""
    result = hutong("check", "--dev", folder=tmp_path, HUTONG_LISTN="x")
    assert result.returncode == 0 and "HUTONG_LISTN" in result.stderr


def test_a_missing_file_is_refused(tmp_path):
    result = hutong("serve", "--dev", "--config", "elsewhere.yaml", folder=tmp_path)
    assert_refused(result, CONFIGURATION_ERROR, "elsewhere.yaml")


def addresses(**given: int) -> list[str]:
    ports = {"listen": free_port(), "media": free_media_ports(), **given}
    return [word for name, port in ports.items() for word in (f"--{name}", f"127.0.0.1:{port}")]


def test_a_web_port_in_use_is_refused(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = hutong("serve", "--dev", *addresses(listen=port), folder=tmp_path)
    lines = [line for line in result.stderr.splitlines() if line.startswith("hutong: ")]
    assert result.returncode == RUNTIME_ERROR, result.stderr
    assert len(lines) == 1 and str(port) in lines[0], result.stderr


def test_a_media_port_in_use_is_refused(tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        result = hutong("serve", "--dev", *addresses(media=port), folder=tmp_path)
    lines = [line for line in result.stderr.splitlines() if line.startswith("hutong: ")]
    assert result.returncode == RUNTIME_ERROR, result.stderr
    assert len(lines) == 1 and str(port) in lines[0], result.stderr


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_stops_when_told(tmp_path, stop):
    server = Server(tmp_path)
    assert f"http://127.0.0.1:{server.port}" in server.greeting_path.read_text().splitlines()[0]
    server.process.send_signal(stop)
    assert server.process.wait(timeout=5) == 0
    server.check_log()


def test_nobody_is_refused_while_it_restarts_if_the_service_manager_holds_the_socket(tmp_path):
    server = Server(tmp_path, keeps_listening=True)
    try:
        server.kill()
        visitor = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        visitor.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        server.start()
        with visitor, visitor.makefile() as answer:
            text = answer.read()
        assert text.startswith("HTTP/1.1 200") and text.endswith("ok\n")
        assert re.search(r"(?mi)^date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$", text)
        server.stop()
    finally:
        server.kill()


@pytest.mark.parametrize("kind", ["another port", "not listening"])
def test_a_socket_that_is_not_meant_for_it_is_refused(tmp_path, kind):
    with socket.socket() as passed:
        passed.bind(("127.0.0.1", 0))
        if kind == "another port":
            passed.listen()
            words = ("listen", str(passed.getsockname()[1]))
        else:
            words = ("LISTEN_FDS", "no listening TCP socket")
        result = subprocess.run(
            passing(passed, [str(binary()), "serve", "--dev", *addresses()]), capture_output=True, text=True, timeout=10,
            cwd=tmp_path, env=environment(), pass_fds=[passed.fileno()],
        )  # fmt: skip
    assert_refused(result, CONFIGURATION_ERROR, *words)


def test_it_serves_https_with_a_certificate_of_its_own(tmp_path):
    server = Server(tmp_path, ("--tls-self-signed",), scheme="https")
    try:
        trusting = ssl.create_default_context(cafile=str(tmp_path / "data/tls-self-signed.pem"))
        with urllib.request.urlopen(server.url + "/", context=trusting, timeout=5) as page:
            assert page.status == 200
        assert (tmp_path / "data/tls-self-signed.pem").stat().st_mode & 0o077 == 0
    finally:
        server.stop()
    server.check_log()


def test_the_development_token_is_for_the_own_page_only(tmp_path):
    server = Server(tmp_path)
    try:
        assert server.status("/dev/token?room=x&name=Ada")[0] == 200
        assert server.status("/dev/token?room=x&name=Ada", {"Sec-Fetch-Site": "cross-site"})[0] == 403
        assert server.status("/dev/token")[0] == 400
    finally:
        server.stop()


def test_outside_development_nobody_gets_a_token(tmp_path):
    (tmp_path / "hutong.yaml").write_text(f"keys: {{ mine: {GOOD_SECRET} }}\n")
    (tmp_path / "hutong.yaml").chmod(0o600)
    server = Server(tmp_path, development=False)
    try:
        assert server.status("/dev/token?room=x&name=Ada")[0] == 404
        development = {"Authorization": f"Bearer {join_token('ada', 'x')}"}
        assert server.status("/rtc/validate?protocol=16", development)[0] == 401
        mine = {"Authorization": f"Bearer {join_token('ada', 'x', key='mine', secret=GOOD_SECRET)}"}
        assert server.status("/rtc/validate?protocol=16", mine)[0] == 200
    finally:
        server.stop()


def test_health_metrics_and_what_is_not_there(tmp_path):
    server = Server(tmp_path)
    try:
        assert server.status("/healthz")[0] == 200
        assert not any(server.metrics().occupancy().values())
        assert server.status("/metrics", {"X-Forwarded-For": "192.0.2.7"})[0] == 403
        for path in ("/rtc", "/rtc/v1", "/nothing", "/../Package.swift", "/%2e%2e/Package.swift"):
            status, _, headers = server.status(path)
            assert status == 404, path
            assert headers["access-control-allow-origin"] == "*", path
    finally:
        server.stop()

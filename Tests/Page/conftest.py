"""The page in a real Chromium: a static server with the page's own security policy, and browser fixtures.

No Hutong server takes part here; the end-to-end tests have that. HUTONG_CHROMIUM names another browser binary.
"""

import os
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "Sources" / "WebClient" / "page"
CHROMIUM = os.environ.get("HUTONG_CHROMIUM", "/usr/bin/chromium")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--disable-gpu",
]
# The strictest policy that the page promises to work under.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; "
    "img-src 'self' data:; media-src 'self' blob:"
)


class StaticFiles(SimpleHTTPRequestHandler):
    """The page at `/`, the tests' own modules at `/tests/`."""

    extensions_map = {
        ".html": "text/html; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        ".svg": "image/svg+xml",
        "": "application/octet-stream",
    }

    def translate_path(self, path):
        root = HERE if path.startswith("/tests/") else PAGE
        self.directory = str(root)
        return super().translate_path(path.removeprefix("/tests"))

    def end_headers(self):
        self.send_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="session")
def origin():
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(StaticFiles))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def context(browser):
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800})
    context.grant_permissions(["camera", "microphone", "clipboard-read", "clipboard-write"])
    yield context
    context.close()


@pytest.fixture
def page(context):
    """A tab whose test fails when the page throws, or when its security policy stops something."""
    page = context.new_page()
    troubles = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: "Content Security Policy" in message.text and troubles.append(message.text))
    yield page
    assert troubles == []

"""Neo4j Browser in a headless Chromium: sign in, paste a script, look at what it drew."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",  # containers, and CI as root, have none
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTH, HEIGHT = 1400, 900
PATIENCE_MS = 60_000
"""How long one step of the page may take on a busy machine."""
SETTLE_MS = 2_500
"""How long a drawing goes on moving."""

OWN = re.compile(r"(https?|wss?)://127\.0\.0\.1[:/]")
MARK_OLD = "document.querySelectorAll('article[data-testid=frame]').forEach(frame => frame.dataset.old = '1')"
NEWEST = "article[data-testid=frame]:not([data-old])"

Style = Mapping[str, Mapping[str, str]]


def chromium() -> str:
    """Return Chromium's program. Without one: a failure in CI, a skip with the reason elsewhere."""
    for program in PROGRAMS:
        if found := shutil.which(program):
            return found
    reason = f"There is no {' or '.join(PROGRAMS)} to try Neo4j Browser with: `apt install chromium fonts-dejavu-core`."
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


class Browser:
    """Neo4j Browser, signed in."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def paste(self, text: str) -> Locator:
        """Put a text into the editor as one paste, run it, and return the frame that appears."""
        self.page.evaluate(MARK_OLD)
        self.page.locator("[data-testid=activeEditor] .monaco-editor").first.click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.press("Delete")
        self.page.keyboard.insert_text(text)
        self.page.get_by_test_id("editor-Run").click()
        frame = self.page.locator(NEWEST).first
        frame.wait_for()
        return frame

    def photograph(self, frame: Locator, path: Path) -> None:
        """Save a picture of the graph in a frame, for that moment as large as the window."""
        frame.locator("button[title=Fullscreen]").click()
        self.page.wait_for_timeout(SETTLE_MS)
        frame.get_by_label("zoom-to-fit").click()
        self.page.wait_for_timeout(SETTLE_MS)
        frame.get_by_test_id("frame-loaded-contents").screenshot(path=path)
        frame.locator("button[title='Close fullscreen']").click()


@contextmanager
def signed_in(http_uri: str, user: str, password: str, style: Style | None = None) -> Iterator[Browser]:
    """Open Browser in a fresh profile and sign in; everything that it wants from other machines is refused at once.

    Left hanging instead, its style sheet from a font service would keep the page from ever being loaded.
    style: how graphs look, instead of Browser's own choice, e.g. `{"node.Movie": {"diameter": "80px"}}`.
    """
    program = chromium()
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=program,
            headless=True,
            args=FLAGS,
            viewport={"width": WIDTH, "height": HEIGHT},
        )
        try:
            context.set_default_timeout(PATIENCE_MS)
            context.route(lambda address: not OWN.match(address), lambda route: route.abort())
            if style:
                context.add_init_script(f"localStorage.setItem('neo4j.grass', {json.dumps(json.dumps(style))})")
            page = context.pages[0]
            page.goto(f"{http_uri}/browser/", wait_until="commit")
            page.get_by_test_id("username").fill(user)
            page.get_by_test_id("password").fill(password)
            page.get_by_test_id("connect").click()
            page.get_by_text("Connected to Neo4j").wait_for()
            yield Browser(page)
        finally:
            context.close()

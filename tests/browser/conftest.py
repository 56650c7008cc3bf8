"""A real browser on a real server over a simulated rack. What a page complains of fails the test that opened it.

Watched on every page: errors on the console, uncaught exceptions, reports of the content security policy, dialogs.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator import Rack
from orchestrator.adapters.store.sqlite import SqliteStore
from orchestrator.interfaces.web.server import serve_http
from orchestrator.system import simulated

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page

CHROMIUM = shutil.which("chromium")
SOON_MS = 15_000
LOOKING = """
window.seen = [];
addEventListener("securitypolicyviolation", (event) => seen.push(`${event.violatedDirective}: ${event.blockedURI}`));
"""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("chromium is not installed (apt-get install chromium)")
    sync_api.expect.set_options(timeout=SOON_MS)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Troubles(list[str]):
    """What pages complained of. `expected` are parts of texts that a test provokes."""

    def __init__(self) -> None:
        super().__init__()
        self.expected: list[str] = []

    def note(self, text: str) -> None:
        if not any(part in text for part in self.expected):
            self.append(text)

    def watch(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.note(f"uncaught: {error}"))
        page.on("dialog", self._dialog)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.note(message.text)

    def _dialog(self, dialog: Dialog) -> None:
        self.note(f"dialog: {dialog.message}")
        dialog.dismiss()


@pytest.fixture
def open_page(browser):
    """`open_page(url, **context)`: a new page of a browser of its own, loaded and live."""
    with ExitStack() as left:
        troubles = Troubles()

        def opened(url: str, *, live: bool = True, **context: Any) -> Any:
            fresh = browser.new_context(**{"viewport": {"width": 1366, "height": 768}, **context})
            left.callback(fresh.close)
            fresh.set_default_timeout(SOON_MS)
            fresh.add_init_script(LOOKING)
            page = fresh.new_page()
            troubles.watch(page)
            page.goto(url)
            if live:
                page.wait_for_selector("#link[data-link=live]")
            page.troubles = troubles
            left.callback(lambda: None if page.is_closed() else troubles.extend(page.evaluate("window.seen")))
            return page

        yield opened
    assert not troubles


@pytest.fixture
def rack():
    """24 slots in which a short self-test takes a few seconds, an extended one longer than any test."""
    with Rack.simulated(slots=24, speed=40.0, seed=7) as rack:
        yield rack


@pytest.fixture
def url(rack):
    with serve_http(rack, port=0) as server:
        yield server.url


def with_history(path: Path, slots: int = 24, speed: float = 20_000.0) -> Rack:
    """A rack with a store in a file, as one that is described by YAML has."""
    parts, simulation = simulated.parts(slots, speed, 7)
    return Rack(replace(parts, store=SqliteStore(path / "history.db")), simulation)


def cell(page, slot_id: int):
    return page.locator(f'.cell[data-slot="{slot_id}"]')


def expect(locator):
    from playwright.sync_api import expect

    return expect(locator)

"""Every page, as it is when much has happened: readable for all, quiet on the console, and deaf to what drives say."""

import os
from urllib.parse import quote

import pytest

from orchestrator import Rack
from orchestrator.interfaces.web.server import serve_http
from orchestrator.model.job import EventKind
from tests.browser import hostile
from tests.browser.conftest import with_history

SECONDS = 30
FULL = bool(os.environ.get("ORCHESTRATOR_FULL"))
PATHS = (
    "/", "/slots/1", "/slots/3", "/slots/5", "/jobs", "/jobs/{failed}", "/jobs/{refused}", "/jobs/{scanned}",
    "/jobs/{failed}/raw/before", "/drives/{serial}", "/operations", "/login?failed=wrong_token", "/nowhere",
)  # fmt: skip
"""Each template, and each way in which it looks different."""


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    """The address of a rack in which there is one of everything, and the pages that show it."""
    with with_history(tmp_path_factory.mktemp("store"), slots=24) as rack, serve_http(rack, port=0) as server:
        sim = rack.simulation
        sim.inject(1, "health_failed")
        sim.inject(2, "garbage")
        sim.pull(3)
        named = {"failed": rack.read_health(1, 1), "refused": rack.read_health(1, 2)}
        named["scanned"] = rack.read_scan(1, 4, end_lba=4_000_000)
        rack.wait([*named.values(), *(rack.read_health(1, 4) for _ in range(3))], SECONDS)
        sim.inject(4, "hot")
        rack.wait([rack.read_health(1, 4)], SECONDS)
        sim.inject(5, "hang")
        named["running"] = rack.run_smart_test(1, 5)
        rack.read_health(2, 5)
        serial = rack.slots()[3].drive.serial
        yield server.url, [path.format(serial=serial, **named) for path in PATHS]
        rack.cancel_job(named["running"])


def test_no_page_has_a_serious_finding_of_axe(busy, open_page):
    """All of its rules by day; by night those that look at colours."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    url, paths = busy
    page = open_page(url)
    page.troubles.expected += ["404"]
    found = []
    for path in paths:
        page.emulate_media(color_scheme="light")
        page.goto(url + path)
        page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")
        violations = axe.run(page).response["violations"]
        page.emulate_media(color_scheme="dark")
        violations += axe.run(page, options={"runOnly": ["color-contrast"]}).response["violations"]
        found += [
            (path, violation["id"], violation["nodes"][0]["html"][:120])
            for violation in violations
            if violation["impact"] in ("serious", "critical")
        ]
    assert not found


def test_every_page_fits_a_phone_repeats_no_id_and_says_that_the_rack_is_simulated(busy, open_page):
    url, paths = busy
    page = open_page(url, viewport={"width": 360, "height": 740})
    page.troubles.expected += ["404"]
    for path in paths:
        page.goto(url + path)
        for width in (430, 390, 360):
            page.set_viewport_size({"width": width, "height": 740})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
        ids = page.locator("[id]").evaluate_all("all => all.map(one => one.id)")
        assert len(ids) == len(set(ids)), path
        page.mouse.wheel(0, 4000)
        assert page.get_by_text("SIMULATED").first.is_visible(), path


@pytest.fixture(scope="module")
def poisoned():
    """200 slots whose drives, jobs, verdicts and errors say what no page may obey. Put into the published tables."""
    with Rack.simulated(slots=len(hostile.STRINGS), seed=7) as rack:
        hostile.poison(rack)
        with serve_http(rack, port=0) as server:
            yield rack, server.url


def test_nothing_that_a_drive_says_is_run_on_any_page(poisoned, open_page):
    """Served, and once more by the event stream."""
    rack, url = poisoned
    page = open_page(url)
    page.troubles.expected += ["404"]
    for slot in rack.slots():
        rack._tables.journal.append(EventKind.SLOT, "test", slot=slot)
        rack._tables.journal.append(EventKind.STATUS, "test", job=rack._tables.jobs[slot.id])
    page.wait_for_function("text => document.querySelector('.cell[data-slot=\"1\"] .serial, .cell .label')"
                           ".textContent === text", arg=hostile.STRINGS[0])  # fmt: skip
    step = 1 if FULL else 25
    paths = ["/", "/jobs", "/jobs?serial=" + quote(hostile.STRINGS[0])]
    for n in range(0, len(hostile.STRINGS), step):
        paths += [f"/slots/{n + 1}", f"/jobs/{n + 1}", "/drives/" + quote(hostile.STRINGS[n], safe="")]
    for path in paths:
        page.goto(url + path)
        assert "orchestrator" in page.title()
        assert page.locator("main script, main iframe, main object, main base, main meta, main style").count() == 0
        assert page.evaluate("window.seen") == [], path
    # that all 200 are there as text, letter by letter
    page.goto(url)
    labels = page.locator(".cell .label").all_text_contents()
    assert labels == [text.replace("\x00", "") for text in hostile.STRINGS]  # HTML knows no NUL

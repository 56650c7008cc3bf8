"""The rack's page: what happens at the rack is seen on it, without a reload."""

import re

import pytest

from orchestrator import Rack
from orchestrator.interfaces.web.server import serve_http
from orchestrator.model.job import AsyncJobStatus
from tests.browser.conftest import cell, expect

SECONDS = 30


def test_a_drive_that_is_pulled_is_seen_to_be_gone_and_the_next_one_to_come(rack, url, open_page):
    page = open_page(url)
    before = cell(page, 3).locator(".serial").inner_text()
    rack.simulation.pull(3)
    expect(cell(page, 3).locator(".state .word")).to_have_text("Empty")
    expect(cell(page, 3).locator(".serial")).to_have_text("")
    expect(page.locator('[data-count="state:empty"]')).to_have_text("1")
    serial = rack.simulation.insert(3)
    expect(cell(page, 3).locator(".state .word")).to_have_text("Ready")
    expect(cell(page, 3).locator(".serial")).to_have_text(serial)
    assert serial != before


def test_a_job_is_seen_running_with_its_progress_and_then_its_verdict(rack, url, open_page):
    rack.simulation.inject(2, "self_test_failure")
    page = open_page(url)
    jobs = [rack.run_smart_test(1, slot_id) for slot_id in (1, 2)]
    expect(cell(page, 1).locator(".state .word")).to_have_text("Running")
    expect(cell(page, 1).locator(".what")).to_have_text("SMART test")
    expect(cell(page, 1).locator(".percent")).to_have_text(re.compile(r"\d+ %"))
    rack.wait(jobs, SECONDS)
    expect(cell(page, 1).locator(".found .word")).to_have_text("Pass")
    expect(cell(page, 2).locator(".found .word")).to_have_text("Fail")
    expect(page.locator('[data-count="verdict:fail"]')).to_have_text("1")


def test_a_job_whose_drive_is_pulled_leaves_no_verdict_on_the_next_drive(rack, url, open_page):
    page = open_page(url)
    rack.run_smart_test(1, 4, kind="extended")
    expect(cell(page, 4).locator(".state .word")).to_have_text("Running")
    rack.simulation.pull(4)
    rack.simulation.insert(4)
    expect(cell(page, 4).locator(".state .word")).to_have_text("Ready")
    expect(cell(page, 4)).to_have_attribute("data-verdict", "")


def test_what_the_server_draws_and_what_the_page_makes_of_the_events_is_the_same(rack, url, open_page):
    """faces.py and rack.js: every cell, in every state that a simulated rack comes to."""
    watching = open_page(url)
    sim = rack.simulation
    sim.inject(1, "health_failed")
    sim.inject(2, "garbage")
    sim.pull(3)
    ended = [rack.read_health(1, slot_id) for slot_id in (1, 2, 4)]
    rack.run_smart_test(1, 5, kind="extended")
    paused, cancelled = rack.read_scan(1, 6), rack.run_smart_test(1, 7, kind="extended")
    later = [rack.run_smart_test(1, 8, kind="extended"), rack.read_health(1, 8)]
    rack.wait(ended, SECONDS)
    for slot_id in (5, 6, 7, 8):
        expect(cell(watching, slot_id)).to_have_attribute("data-state", "running")
    rack.cancel_job(cancelled)
    rack.pause_job(paused)
    rack.wait([cancelled], SECONDS)
    for slot_id, state in ((3, "empty"), (6, "paused"), (7, "ready"), (8, "running")):
        expect(cell(watching, slot_id)).to_have_attribute("data-state", state)
    assert rack.get_job_status(later[1]).status is AsyncJobStatus.INIT
    drawn = open_page(url, live=False, java_script_enabled=False)
    read = "cells => cells.map(c => [c.dataset.state, c.dataset.verdict, ...['label', 'what', 'model', 'serial']" \
           ".map(n => c.querySelector('.' + n).textContent), c.querySelector('.state .word').textContent," \
           " c.querySelector('.found .word').textContent, c.dataset.state === 'running' ? '' : " \
           "c.querySelector('.eta').textContent])"  # fmt: skip
    assert watching.locator(".cell").evaluate_all(read) == drawn.locator(".cell").evaluate_all(read)
    counts = "places => places.map(p => p.textContent)"
    shown = [page.locator(".legend [data-count]").evaluate_all(counts) for page in (watching, drawn)]
    assert shown[0] == shown[1]


def test_the_legend_dims_all_cells_but_those_asked_for(rack, url, open_page):
    rack.simulation.pull(3)
    page = open_page(url)
    page.get_by_role("button", name="1 empty").click()
    opacity = "cell => getComputedStyle(cell).opacity"
    assert cell(page, 3).evaluate(opacity) == "1"
    assert float(cell(page, 4).evaluate(opacity)) < 0.5
    page.get_by_role("button", name="1 empty").click()
    assert cell(page, 4).evaluate(opacity) == "1"


def test_arrows_move_as_the_slots_lie_and_enter_opens_one(rack, url, open_page):
    page = open_page(url)
    cell(page, 1).focus()
    for key, slot_id in (("ArrowRight", 2), ("ArrowDown", 6), ("ArrowLeft", 5), ("ArrowUp", 1), ("End", 4)):
        page.keyboard.press(key)
        expect(cell(page, slot_id)).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{url}/slots/4")


@pytest.fixture(scope="module")
def large():
    with Rack.simulated(slots=1000, speed=1000.0, seed=7) as rack, serve_http(rack, port=0) as server:
        yield rack, server.url


def test_a_thousand_slots_are_all_there_and_live(large, open_page):
    rack, url = large
    page = open_page(url)
    assert page.locator(".cell").count() == 1000
    rack.simulation.pull(1000)
    expect(cell(page, 1000)).to_have_attribute("data-state", "empty")
    jobs = [rack.read_health(1, slot_id) for slot_id in range(1, 1000, 9)]
    rack.wait(jobs, SECONDS)
    expect(page.locator('[data-count="verdict:pass"]')).to_have_text(str(len(jobs)))
    expect(page.locator('.cell[data-verdict="pass"]')).to_have_count(len(jobs))


def test_a_phone_shows_every_slot_without_scrolling_sideways(rack, url, open_page):
    page = open_page(url, viewport={"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert cell(page, 24).bounding_box()["width"] > 320


def test_a_wall_shows_all_24_slots_at_once_in_letters_to_be_read_from_two_metres(rack, url, open_page):
    page = open_page(url, viewport={"width": 1920, "height": 1080})
    assert page.evaluate("document.documentElement.scrollHeight") <= 1080
    size = "element => parseFloat(getComputedStyle(element).fontSize)"
    assert cell(page, 1).locator(".label").evaluate(size) >= 30
    assert cell(page, 1).locator(".state").evaluate(size) >= 20

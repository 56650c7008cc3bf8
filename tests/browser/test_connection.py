"""A page whose service is gone says since when it is old, keeps trying, and is right again by itself."""

import urllib.parse

from orchestrator.interfaces.web.server import serve_http
from tests.browser.conftest import cell, expect

LOST = ("net::ERR_", "Failed to load resource")


def test_the_page_says_that_it_is_old_and_catches_up_when_the_service_is_back(rack, open_page):
    with serve_http(rack, port=0) as server:
        url = server.url
        page = open_page(url)
        page.troubles.expected += LOST
        ended = rack.run_smart_test(1, 2, kind="extended")
        expect(cell(page, 2)).to_have_attribute("data-state", "running")
    expect(page.locator("#stale")).to_contain_text("No connection since")
    expect(page.locator("#stale")).to_contain_text("Trying again")
    expect(page.locator("#link .word")).to_have_text("Not live")
    rack.simulation.pull(3)
    rack.cancel_job(ended)
    rack.wait([ended], 30)
    with serve_http(rack, port=urllib.parse.urlsplit(url).port):
        expect(page.locator("#link .word")).to_have_text("Live")
        expect(page.locator("#stale")).to_be_hidden()
        expect(cell(page, 3)).to_have_attribute("data-state", "empty")
        expect(cell(page, 2)).to_have_attribute("data-verdict", "cancelled")
        expect(page.locator('[data-count="state:running"]')).to_have_text("0")


def test_a_press_that_reaches_nobody_says_so(rack, open_page):
    with serve_http(rack, port=0) as server:
        page = open_page(f"{server.url}/slots/1")
        page.troubles.expected += LOST
    page.get_by_role("button", name="Locate", exact=True).click()
    expect(page.locator("#toast")).to_contain_text("The service does not answer")


def test_without_javascript_the_page_shows_the_rack_and_says_that_it_is_not_live(rack, url, open_page):
    page = open_page(url, live=False, java_script_enabled=False)
    expect(cell(page, 1).locator(".state .word")).to_have_text("Ready")
    expect(page.locator("noscript p")).to_contain_text("without JavaScript it is not live")


def test_the_colours_that_were_chosen_stay(rack, url, open_page):
    page = open_page(url, color_scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="Colours").click()
    page.get_by_role("button", name="Colours").click()
    dark = page.evaluate(ground)
    page.goto(f"{url}/jobs")
    assert page.evaluate(ground) == dark != light

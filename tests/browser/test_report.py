"""A report in a real browser: as a file from anywhere, by day, by night, on a phone and on paper."""

import re

import pytest

from orchestrator.interfaces.report.forms import write
from orchestrator.interfaces.report.record import STATEMENT
from tests.browser import hostile
from tests.browser.conftest import expect
from tests.report.conftest import kept  # noqa: F401 -- a fixture
from tests.report.test_hostile import poisoned

NAMES = ("intake", "failed intake", "bad scan", "no answer", "health", "own", "suite", "nested")


@pytest.fixture
def file_of(tmp_path):
    def put(written):
        path = tmp_path / "report.html"
        path.write_bytes(written)
        return path.as_uri()

    return put


def test_no_report_has_a_finding_of_axe(kept, open_page, file_of):  # noqa: F811
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    found = []
    for name in NAMES:
        page = open_page(file_of(kept.form(name, "html")), live=False, bypass_csp=True)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            violations = axe.run(page).response["violations"]
            found += [(name, scheme, one["id"], one["nodes"][0]["html"][:120]) for one in violations]
        page.close()
    assert found == []


def test_it_is_told_by_words_headings_and_tables(kept, open_page, file_of):  # noqa: F811
    page = open_page(file_of(kept.form("failed intake", "html")), live=False)
    expect(page.locator("h1")).to_contain_text("Recipe intake")
    expect(page.locator(".conclusion")).to_have_text("FAIL")
    expect(page.get_by_role("heading", name=STATEMENT)).to_be_visible()
    expect(page.get_by_role("columnheader", name="Reason").first).to_be_visible()
    expect(page.get_by_text("SIMULATED")).to_be_visible()
    assert page.locator(".lists li").count() == len(
        (report := kept.report("failed intake")).checked + report.not_checked
    )


def test_speed_and_temperature_are_drawn_and_named(kept, open_page, file_of):  # noqa: F811
    page = open_page(file_of(kept.form("bad scan", "html")), live=False)
    names = [page.get_by_role("img").nth(n).get_attribute("aria-label") for n in range(page.get_by_role("img").count())]
    assert any(name.startswith("Read speed by zone: 20 values") for name in names)
    assert any(name.startswith("Temperature while reading") for name in names)
    box = page.locator("svg .line").first.bounding_box()
    assert box["width"] > 500


def test_it_fits_a_phone_and_paper(kept, open_page, file_of):  # noqa: F811
    for name in NAMES:
        page = open_page(file_of(kept.form(name, "html")), live=False, viewport={"width": 360, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, name
        page.emulate_media(media="print", color_scheme="dark")
        page.set_viewport_size({"width": 680, "height": 1000})  # A4 without its margins
        assert page.evaluate("document.documentElement.scrollWidth") <= 680, name
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        pdf = page.pdf(prefer_css_page_size=True)
        sizes = {
            tuple(round(float(number)) for number in box.split()) for box in re.findall(rb"/MediaBox \[([^\]]*)\]", pdf)
        }
        assert sizes == {(0, 0, 595, 842)}, name
        page.close()


def test_nothing_that_a_drive_says_is_run(open_page, file_of):
    for text in hostile.STRINGS[::7]:
        page = open_page(file_of(write(poisoned(text), "html")), live=False)
        assert page.locator("script, iframe, object, base, img").count() == 0
        assert page.evaluate("window.seen") == [] and page.title().startswith("Report of job 1")
        assert page.evaluate("document.documentElement.scrollWidth") <= 1366
        page.close()


def test_the_job_page_leads_to_it(kept, open_page):  # noqa: F811
    page = open_page(f"{kept.url}/jobs/{kept.jobs['health']}")
    page.get_by_role("link", name="to read or print").click()
    expect(page.locator("h1")).to_contain_text("Read health")
    assert page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") != "none"  # its style was let in
    assert page.evaluate("window.seen") == []

"""A person at a slot's page: starts, pauses, resumes and cancels, by mouse and by keyboard alone."""

import re

from orchestrator.model.job import AsyncJobStatus
from tests.browser.conftest import expect

SECONDS = 30


def test_a_test_that_is_started_from_the_page_is_seen_to_run_and_to_end(rack, url, open_page):
    page = open_page(f"{url}/slots/5")
    page.locator("#operation-run_smart_test summary").click()
    page.get_by_label("Your reference").locator("visible=true").fill("4711")
    page.get_by_role("button", name="Start SMART test").click()
    expect(page.locator("output.answer").locator("visible=true")).to_contain_text("Accepted as job 1")
    expect(page.locator("#work .badge")).to_contain_text("Running")
    expect(page.locator("#work [data-say=percent]")).to_have_text(re.compile(r"[1-9]\d? %"))
    expect(page.locator("#work [data-say=eta]")).to_contain_text("left")
    expect(page.locator("#found .verdict-word")).to_have_text("Pass", timeout=SECONDS * 1000)
    expect(page.locator("#work")).to_contain_text("Nothing runs here")
    assert rack.get_job_status(1).client_ref == 4711


def test_a_job_is_paused_resumed_and_cancelled(rack, url, open_page):
    job_id = rack.read_scan(1, 5)
    page = open_page(f"{url}/slots/5")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#work .badge")).to_contain_text("Paused")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("#work .badge")).to_contain_text("Running")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#sure")).to_contain_text(f"Cancel job {job_id}")
    page.get_by_role("button", name="No", exact=True).click()
    assert not rack.get_job_status(job_id).has_ended
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Yes, cancel it").click()
    expect(page.locator("#work")).to_contain_text("Nothing runs here")
    assert rack.get_job_status(job_id).error.code == "job_cancelled"


def test_a_waiting_job_is_shown_with_its_reason_and_leaves_the_queue_when_it_is_cancelled(rack, url, open_page):
    rack.run_smart_test(1, 5, kind="extended")
    waiting = rack.read_health(1, 5)
    page = open_page(f"{url}/slots/5")
    expect(page.locator(".queue li")).to_contain_text("does another job first")
    page.get_by_role("button", name=f"Cancel job {waiting}").click()
    expect(page.locator(".queue")).to_have_count(0)
    assert rack.wait([waiting], SECONDS)[0].status is AsyncJobStatus.FAILED


def test_a_refused_start_says_why_at_the_form(rack, url, open_page):
    page = open_page(f"{url}/slots/5")
    page.troubles.expected.append("422")
    page.locator("#operation-read_scan summary").click()
    page.get_by_label("Start LBA").fill("100")
    page.get_by_label("End LBA").fill("100")
    page.get_by_role("button", name="Start Read scan").click()
    answer = page.locator("#operation-read_scan output")
    expect(answer).to_contain_text("end_lba is 100; it takes a number above start_lba, which is 100")


def test_the_form_keeps_a_number_in_the_declared_range(rack, url, open_page):
    page = open_page(f"{url}/slots/5")
    page.locator("#operation-locate summary").click()
    page.get_by_label("Seconds").fill("0")
    page.get_by_role("button", name="Start Locate").click()
    assert page.get_by_label("Seconds").evaluate("field => field.validity.rangeUnderflow")
    assert rack.get_jobs_list().total == 0


def test_locate_is_one_press(rack, url, open_page):
    page = open_page(f"{url}/slots/5")
    page.get_by_role("button", name="Locate", exact=True).click()
    expect(page.locator("#recent tbody tr")).to_contain_text("Locate")
    assert rack.wait([1], SECONDS)[0].name == "locate"


def test_a_pulled_drive_takes_the_forms_with_it_and_the_next_one_brings_them_back(rack, url, open_page):
    page = open_page(f"{url}/slots/5")
    rack.simulation.pull(5)
    expect(page.locator("#start")).to_contain_text("The slot is empty: plug a drive in.")
    expect(page.locator("#drive")).to_contain_text("No drive is in this slot")
    serial = rack.simulation.insert(5)
    expect(page.locator("#drive")).to_contain_text(serial)
    expect(page.locator("#operation-read_health")).to_be_visible()


def test_all_of_it_goes_by_keyboard_alone(rack, url, open_page):
    page = open_page(url)
    press = page.keyboard.press

    def tab_to(selector: str) -> None:
        for _ in range(40):
            press("Tab")
            if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
        raise AssertionError(f"40 tabs do not reach {selector}")

    press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    tab_to(".cell")
    press("ArrowRight")
    press("Enter")
    page.wait_for_url(f"{url}/slots/2")
    tab_to("#operation-run_smart_test summary")
    press("Enter")
    tab_to("#run_smart_test-kind")
    press("e")
    tab_to("#operation-run_smart_test button[type=submit]")
    press("Enter")
    expect(page.locator("#work .badge")).to_contain_text("Running")
    page.locator("#main").focus()
    tab_to("#cancel-1")
    press("Enter")
    press("Tab")
    press("Enter")
    expect(page.locator("#found .verdict-word")).to_have_text("Cancelled")
    assert rack.get_job_status(1).status is AsyncJobStatus.FAILED

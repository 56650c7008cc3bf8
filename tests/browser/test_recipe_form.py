"""A person chooses a recipe on a slot's page, and reads what came of it."""

from orchestrator.model.job import ListInfo
from tests.browser.conftest import expect

SECONDS = 30


def test_a_recipe_is_chosen_and_its_page_has_a_table_of_steps(rack, url, open_page):
    page = open_page(f"{url}/slots/5")
    page.locator("#operation-run_recipe summary").click()
    start = page.get_by_role("button", name="Start Recipe")
    start.click()  # nothing is chosen yet: the browser asks for it
    assert rack.get_jobs_list(ListInfo()).total == 0
    page.locator("#run_recipe-name").select_option("quick")
    start.click()
    expect(page.locator("output.answer").locator("visible=true")).to_contain_text("Accepted as job 1")
    expect(page.locator("#found .verdict-word")).to_have_text("Pass", timeout=SECONDS * 1000)
    rack.wait([1], SECONDS)
    page.goto(f"{url}/jobs/1")
    table = page.get_by_role("region", name="Recipe quick, a wide table")
    expect(table.get_by_role("row")).to_have_count(3)
    expect(table).to_contain_text("read_health")
    expect(table.get_by_role("link", name="2", exact=True)).to_have_attribute("href", "/jobs/2")

"""Who may do what, as a person in a browser meets it."""

import pytest

from orchestrator.interfaces.web.server import serve_http
from orchestrator.interfaces.web.tokens import Tokens
from tests.browser.conftest import expect


@pytest.fixture
def guarded(rack, tmp_path):
    """The address, and a token of each scope."""
    tokens = Tokens(tmp_path / "tokens.json")
    secrets = {scope: tokens.add(scope, [scope]) for scope in ("read", "run")}
    with serve_http(rack, port=0, tokens=tokens) as server:
        yield server.url, secrets


def sign_in(page, secret: str) -> None:
    page.get_by_label("Token").fill(secret)
    page.get_by_role("button", name="Sign in").click()


def test_a_page_asks_for_a_token_then_comes_and_works_until_one_signs_out(rack, guarded, open_page):
    url, secrets = guarded
    page = open_page(f"{url}/slots/2", live=False)
    assert "/login" in page.url
    expect(page.locator("nav")).to_have_count(0)
    sign_in(page, "dto_wrong")
    expect(page.get_by_role("alert")).to_contain_text("This token is not known")
    sign_in(page, secrets["run"])
    page.wait_for_url(f"{url}/slots/2")
    page.get_by_role("button", name="Locate", exact=True).click()
    expect(page.locator("#recent tbody tr")).to_contain_text("Locate")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{url}/login")
    page.goto(url)
    assert "/login" in page.url


def test_a_token_that_may_only_read_has_its_buttons_off(rack, guarded, open_page):
    url, secrets = guarded
    rack.run_smart_test(1, 2, kind="extended")
    page = open_page(f"{url}/slots/2", live=False)
    sign_in(page, secrets["read"])
    page.wait_for_url(f"{url}/slots/2")
    expect(page.get_by_role("button", name="Cancel")).to_be_disabled()
    page.locator("#operation-read_health summary").click()
    expect(page.get_by_role("button", name="Start Read health")).to_be_disabled()
    expect(page.locator("#start")).to_contain_text("may only read")

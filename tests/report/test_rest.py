"""The same reports by REST, and the job page's links to them."""

import httpx
import pytest

from orchestrator.interfaces.report.forms import FORMATS
from tests.web.conftest import SOON, in_process, loop, slow_rack, start  # noqa: F401 -- fixtures


@pytest.fixture
def service(kept):
    with httpx.Client(base_url=kept.url, trust_env=False, timeout=SOON) as client:
        yield client


def ask(service, job_id, form):
    return service.get(f"/api/v1/jobs/{job_id}/report", params={"format": form})


def test_it_gives_the_same_bytes(service, kept):
    for name, job_id in kept.jobs.items():
        for form in FORMATS:
            assert ask(service, job_id, form).content == kept.form(name, form), (name, form)


@pytest.mark.parametrize(
    ("form", "media_type", "disposition"),
    [
        ("html", "text/html; charset=utf-8", 'inline; filename="job-{}.html"'),
        ("json", "application/json", 'attachment; filename="job-{}.json"'),
        ("junit", "application/xml", 'attachment; filename="job-{}.xml"'),
        ("csv", "text/csv; charset=utf-8", 'attachment; filename="job-{}.csv"'),
    ],
)
def test_each_form_has_its_type_and_name(service, kept, form, media_type, disposition):
    job_id = kept.jobs["health"]
    headers = ask(service, job_id, form).headers
    assert headers["content-type"] == media_type
    assert headers["content-disposition"] == disposition.format(job_id)
    assert headers["x-content-type-options"] == "nosniff"


def test_the_html_may_run_nothing_and_ask_for_nothing(service, kept):
    policy = ask(service, kept.jobs["health"], "html").headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    assert "script" not in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in ask(service, kept.jobs["health"], "json").headers["content-security-policy"]


def test_html_is_the_usual_form(service, kept):
    answer = service.get(f"/api/v1/jobs/{kept.jobs['health']}/report")
    assert answer.headers["content-type"].startswith("text/html")


def test_an_open_job_is_409_with_the_way_to_wait(loop, slow_rack):  # noqa: F811
    with in_process(slow_rack, loop) as client:
        job_id = start(client, "run_smart_test", kind="extended").json()["id"]
        answer = ask(client, job_id, "json")
    assert answer.status_code == 409 and answer.json()["code"] == "job_not_finished"
    assert f"orchestrator wait {job_id}" in answer.json()["remedy"]


def test_what_is_wrong_is_told_as_everywhere(service, kept):
    assert ask(service, 10**9, "json").status_code == 404
    assert ask(service, kept.jobs["health"], "pdf").status_code == 422


def test_the_job_page_links_each_form_once_the_job_has_ended(service, kept):
    page = service.get(f"/jobs/{kept.jobs['health']}", headers={"accept": "text/html"}).text
    assert [f"/api/v1/jobs/{kept.jobs['health']}/report?format={form}" in page for form in FORMATS] == [True] * 4


def test_the_document_names_each_form(service):
    document = service.get("/api/v1/openapi.json").json()
    answers = document["paths"]["/api/v1/jobs/{job_id}/report"]["get"]["responses"]
    assert set(answers["200"]["content"]) == {"text/html", "application/json", "application/xml", "text/csv"}
    assert "docs/report.schema.json" in answers["200"]["content"]["application/json"]["schema"]["description"]

"""The pages as they are served, without a browser: what they say, and what they never say as markup."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from html import unescape
from html.parser import HTMLParser
from typing import Annotated, Literal

import httpx
import pytest

from orchestrator import Rack, operation
from orchestrator.adapters.store.sqlite import SqliteStore
from orchestrator.interfaces.web import charts, faces, forms, tellings, wording
from orchestrator.interfaces.web.pages import drive_path
from orchestrator.interfaces.web.server import serve_http
from orchestrator.model.job import AsyncJobStatus
from orchestrator.operations.declare import Between
from orchestrator.system import simulated
from tests.browser import hostile

SECONDS = 30
VOID = {"meta", "link", "input", "br", "path", "polyline"}


@contextmanager
def client_of(rack: Rack) -> Iterator[httpx.Client]:
    with (
        serve_http(rack, port=0) as server,
        httpx.Client(base_url=server.url, headers={"accept": "text/html"}, trust_env=False, timeout=SECONDS) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def rack():
    with Rack.simulated(slots=4, speed=20_000.0, seed=7) as rack:
        yield rack


@pytest.fixture(scope="module")
def client(rack):
    with client_of(rack) as client:
        yield client


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A rack with a history, and a client of it."""
    parts, simulation = simulated.parts(4, 20_000.0, 7)
    path = tmp_path_factory.mktemp("store") / "history.db"
    with Rack(replace(parts, store=SqliteStore(path)), simulation) as rack, client_of(rack) as client:
        yield rack, client


class Reader(HTMLParser):
    """The page's tags, and its words, as an independent reader finds them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.handlers: list[str] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on") or name in ("style", "srcdoc")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def read(client: httpx.Client, path: str, status: int = 200) -> Reader:
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    page = Reader(answer.text)
    assert page.open == []
    assert page.handlers == []
    return page


def test_all_200_hostile_drives_are_words_and_never_tags_on_every_page():
    paths = {text: (f"/slots/{n}", f"/jobs/{n}", drive_path(text)) for n, text in enumerate(hostile.STRINGS, 1)}
    with Rack.simulated(slots=len(paths), seed=7) as rack:
        hostile.poison(rack)
        with client_of(rack) as client:
            for text, own in paths.items():
                for path in own:
                    page = read(client, path)
                    assert text in page.words, path
                    assert page.tags.count("script") == 1
                    assert not {"iframe", "object", "base", "img", "style", "math"} & set(page.tags), path
            assert [read(client, path).tags.count("script") for path in ("/", "/jobs")] == [2, 1]


def test_what_is_not_there_is_a_page_for_a_browser_and_a_problem_for_a_program(client):
    for path in ("/nowhere", "/slots/99", "/slots/x", "/jobs/99", f"/jobs/{2**70}", "/drives/nobody"):
        assert "Nothing here" in read(client, path, 404).words
    answer = client.get("/nowhere", headers={"accept": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert client.get("/api/v1/nowhere").headers["content-type"] == "application/problem+json"
    assert client.get("/api/v1/jobs/1/cancel").status_code == 405


def test_a_filter_that_makes_no_sense_is_said_to_make_none(client):
    for query in ("status=7", "slot_id=x", f"client_ref={2**64}", "after_id=1.5"):
        assert "That makes no sense" in read(client, f"/jobs?{query}", 422).words


def test_the_list_of_jobs_pages_by_key_and_keeps_its_filter(rack, client):
    jobs = [rack.read_health(9, 1) for _ in range(120)]
    rack.wait(jobs, SECONDS)
    seen, path, pages = [], "/jobs?client_ref=9", 0
    while path:
        html = client.get(path).text
        seen += [int(job_id) for job_id in re.findall(r'href="/jobs/(\d+)"', html)]
        older = re.search(r'rel="next" href="([^"]+)"', html)
        path, pages = unescape(older[1]) if older else "", pages + 1
    assert (seen, pages) == (jobs[::-1], 3)
    assert "No job matches" in read(client, "/jobs?client_ref=12345").words


def test_a_rack_without_a_store_shows_the_live_record_and_says_so(rack, client):
    job_id = rack.read_health(1, 2)
    rack.wait([job_id], SECONDS)
    page = read(client, f"/jobs/{job_id}")
    assert "This rack keeps no history: only the live record is shown." in page.words
    serial = rack.slots()[1].drive.serial
    assert any("keeps no history" in word for word in read(client, f"/drives/{serial}").words)


def test_a_rack_with_a_store_shows_what_changed_in_a_job_and_what_the_drive_said(kept):
    rack, client = kept
    job_id = rack.run_smart_test(5, 1)
    rack.wait([job_id], SECONDS)
    page = read(client, f"/jobs/{job_id}")
    assert {"Accepted", "Running", "Completed: pass", "SMART before and after"} <= set(page.words)
    raw = read(client, f"/jobs/{job_id}/raw/before")
    assert any('"smartctl"' in word for word in raw.words)
    assert "That makes no sense" in read(client, f"/jobs/{job_id}/raw/never", 422).words


def test_a_drive_s_page_has_its_stays_and_its_temperature_as_a_line(kept):
    rack, client = kept
    slot = rack.slots()[2]
    rack.wait([rack.read_health(1, 3) for _ in range(3)], SECONDS)
    page = read(client, f"/drives/{slot.drive.serial}")
    assert "Temperature" in page.words
    assert "polyline" in page.tags
    assert "there now" in page.words


# -- forms, faces, charts


@operation()
def many_options(
    drive,
    bench,
    *,
    needed: int,
    level: Literal[1, 2, 3] = 2,
    name: Literal["a", "b"] | None = None,
    loud: bool = True,
    share_percent: Annotated[float, Between(0.5, 99)] = 12.5,
    note: str | None = None,
) -> bool:
    """Does nothing with much."""
    return True


def test_a_form_has_a_fitting_control_for_each_option():
    form = {field.name: field for field in forms.form_of(many_options).fields}
    assert (form["needed"].control, form["needed"].as_type, form["needed"].required) == ("number", "integer", True)
    assert (form["level"].as_type, form["level"].default, len(form["level"].choices)) == ("integer", "2", 3)
    assert form["name"].choices[0] == ("", "leave to the operation")
    assert (form["loud"].control, form["loud"].default) == ("switch", "true")
    assert (form["share_percent"].least, form["share_percent"].most, form["share_percent"].unit) == ("0.5", "99", "%")
    assert form["share_percent"].label == "Share"
    assert not form["note"].required


def test_every_shipped_operation_has_a_form_that_the_rack_takes_as_it_stands(rack):
    for name, declared in rack.operations.items():
        given = {
            field.name: {"integer": int, "number": float, "string": str, "boolean": "true".__eq__}[field.as_type](
                field.default
            )
            for field in forms.form_of(declared).fields
            if field.default != ""
        }
        sound = {"path": ".", "results": "[]"}
        needed = {option.name: sound.get(option.name, "x") for option in declared.options.values() if option.required}
        assert declared.check(needed | given) == declared.check(needed), name


def test_a_verdict_belongs_to_the_drive_it_was_found_on(rack):
    job_id = rack.read_health(1, 4)
    (job,) = rack.wait([job_id], SECONDS)
    slot = rack.slots()[3]
    assert faces.newest_findings([slot], [job]) == {4: job}
    other = replace(slot, drive=replace(slot.drive, serial="another"))
    assert faces.newest_findings([other], [job]) == {}
    assert faces.newest_findings([slot], [replace(job, status=AsyncJobStatus.RUNNING)]) == {}


@pytest.mark.parametrize(("slots", "columns"), [(1, 1), (3, 3), (24, 4), (60, 6), (1000, 20)])
def test_slots_stand_in_rows_as_they_do_on_a_chassis(slots, columns):
    assert faces.usual_columns(slots) == columns


def test_a_chart_keeps_its_peaks_however_many_points_it_has():
    points = [(float(n), 1000.0 if n == 7777 else float(n % 5)) for n in range(10_000)]
    drawn = charts.chart("x", points)
    assert drawn.greatest == 1000.0
    assert max(y for _, y in charts.thin(points)) == 1000.0
    assert len(charts.thin(points)) <= charts.MOST_POINTS
    assert charts.chart("x", points[:1]) is None
    assert charts.chart("x", [(0, 1), (1, float("nan"))]) is None


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0821, "82 ms"), (2.04, "2.0 s"), (61, "1 min 1 s"), (7200, "2 h"), (90061, "1 d 1 h")]
)
def test_a_length_of_time_is_said_in_its_two_greatest_units(seconds, text):
    assert wording.span(seconds) == text


@dataclass(frozen=True)
class Found:
    places: tuple[int, ...]
    speeds: tuple[tuple[int, float], ...]
    worst_celsius: int | None


def test_an_answer_s_parts_are_measurements_and_pairs_along_the_surface_a_line():
    measured = tellings.measured(Found((3, 4), ((0, 1.0), (10, 2.5)), None))
    assert measured.values == (("Places", "3, 4"), ("Worst celsius", "not known"))
    assert [chart.name for chart, _, _ in measured.charts] == ["Speeds"]

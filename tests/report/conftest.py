"""A rack whose history holds one of each: recipes, scans, self-tests, an operation of a user's own, what broke off."""

from contextlib import closing
from dataclasses import dataclass, replace
from typing import Annotated, Any

import pytest

from orchestrator.adapters.store.reading import History
from orchestrator.adapters.store.sqlite import SqliteStore
from orchestrator.interfaces.records import KeptRecords
from orchestrator.interfaces.report.forms import write
from orchestrator.interfaces.report.gather import make_report
from orchestrator.interfaces.served_records import ServedRecords
from orchestrator.interfaces.web.reports import RackRecords
from orchestrator.interfaces.web.server import serve_http
from orchestrator.model.drive import Drive
from orchestrator.model.errors import ToolFailed
from orchestrator.model.measurement import Measurement
from orchestrator.model.plan import Step
from orchestrator.model.recipe import Growth, Limit, OnFail, Recipe, RecipeStep
from orchestrator.model.suite import CaseOutcome, CaseResult, SuiteResult, judge_suite
from orchestrator.operations.bench import Bench
from orchestrator.operations.declare import Between, operation
from orchestrator.rack import Rack
from orchestrator.system import simulated

SECONDS = 60
LABELS = {n: f"bay {n}" for n in range(1, 14)}


@dataclass(frozen=True, slots=True)
class Spin:
    """An answer type of a user's own."""

    rpm: int
    noise_db: float
    mode: str
    places: tuple[int, ...]


@operation()
def spin(drive: Drive, bench: Bench, *, seconds: Annotated[float, Between(1, 60)] = 5.0) -> Spin:
    """A user's own operation, which judges nothing."""
    bench.sleep(seconds)
    return Spin(7200, 31.5, "quiet", (1, 2, 3))


CASES = (
    CaseResult("tests/q/test_a.py::test_reads", CaseOutcome.PASSED, 1.5, "", (
        Measurement("seq_read", 512.0, "MB/s", at_least=450.0),
    ), (3,)),
    CaseResult("tests/q/test_a.py::test_fast", CaseOutcome.FAILED, 0.5, "assert 3 < 2"),
    CaseResult("tests/q/test_a.py::test_gone", CaseOutcome.NO_ANSWER, 0.5, "drive removed"),
    CaseResult("tests/q/test_a.py::test_odd", CaseOutcome.ERROR, 0.0, "fixture broke"),
    CaseResult("tests/q/test_a.py::test_nvme", CaseOutcome.SKIPPED, 0.0, "not for ATA"),
)  # fmt: skip


@operation()
def suite_of_five(drive: Drive, bench: Bench) -> SuiteResult:
    """As a pytest suite answers, with one case of each outcome."""
    found = SuiteResult(drive.serial, CASES, 2.5, 1, "<testsuites/>")
    bench.conclude(judge_suite(found))
    return found


@operation()
def break_off(drive: Drive, bench: Bench) -> bool:
    """A step that never has an answer."""
    raise ToolFailed("smartctl was killed", remedy="look at dmesg", serial=drive.serial)


def step(name: str, **more: Any) -> RecipeStep:
    declared = {field: more.pop(field) for field in ("limits", "grows", "on_fail", "fits") if field in more}
    return RecipeStep(Step(name, tuple(more.items())), **declared)


RECIPES = {
    "intake": Recipe(
        "intake",
        "",
        (
            step("read_health"),
            step("run_smart_test", kind="short", grows=(Growth("attribute_5_raw", 0), Growth("media_errors", 0))),
            step("read_scan", end_lba=4_000_000, limits=(Limit("unreadable_places", at_most=0), Limit("rpm", 1))),
        ),
        (Growth("attribute_5_raw", 0),),
    ),
    "broken": Recipe("broken", "", (step("read_health"), step("break_off"), step("spin"))),
    "nested": Recipe("nested", "", (step("suite_of_five", on_fail=OnFail.CONTINUE), step("spin"))),
}


def build(path, slots=13, speed=100_000.0):
    parts, simulation = simulated.parts(slots, speed, 7)
    own = {op.name: op for op in (spin, suite_of_five, break_off)}
    return Rack(
        replace(
            parts, store=SqliteStore(path), labels={n: LABELS[n] for n in parts.labels},
            recipes=lambda: RECIPES, operations={**parts.operations, **own},
        ),
        simulation,
    )  # fmt: skip


@dataclass(frozen=True)
class Kept:
    """The rack, the same records in its store and behind its service, and the jobs by what they are."""

    rack: Rack
    store: KeptRecords
    service: ServedRecords
    jobs: dict[str, int]
    url: str

    @property
    def types(self) -> dict[str, Any]:
        return {name: op.answer_type for name, op in self.rack.operations.items()}

    def report(self, name: str, source: Any = None):
        return make_report(source or RackRecords(self.rack), self.jobs[name], self.types)

    def form(self, name: str, form: Any) -> bytes:
        return write(self.report(name), form)


@pytest.fixture(scope="session")
def kept(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "history.db"
    with build(path) as rack, serve_http(rack, port=0) as server:
        sim = rack.simulation
        sim.inject(2, "health_failed")
        sim.inject(3, "bad_sector")
        jobs = {
            "intake": rack.run_recipe(7, 1, name="intake"),
            "failed intake": rack.run_recipe(7, 2, name="intake"),
            "bad scan": rack.read_scan(7, 3),
            "no answer": rack.run_recipe(7, 4, name="broken"),
            "self-test": rack.run_smart_test(7, 5, kind="extended"),
            "health": rack.read_health(7, 6),
            "own": rack.start("spin", 7, 7),
            "suite": rack.start("suite_of_five", 7, 7),
            "nested": rack.run_recipe(7, 8, name="nested"),
            "nvme": rack.run_smart_test(7, 13),
            "locate": rack.locate(7, 8, seconds=1.0),
        }
        rack.wait(jobs.values(), SECONDS)
        with (
            closing(KeptRecords(History(path, busy_s=5.0), LABELS, simulated=True)) as store,
            rack.connect(server.url) as remote,
        ):
            yield Kept(rack, store, ServedRecords(remote), jobs, server.url)

"""What the service sends, as our own records again. A field that this release does not know is passed over."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from orchestrator.model.drive import Drive
from orchestrator.model.errors import OrchestratorError
from orchestrator.model.history import DriveHistory, JobHistory, KeptReport, Row, Sample, Stay
from orchestrator.model.job import AsyncJob
from orchestrator.model.plan import Plan
from orchestrator.model.recipe import Recipe
from orchestrator.model.slot import SlotInfo
from orchestrator.operations.declare import Operation, collect

if TYPE_CHECKING:
    from orchestrator.settings.parts import ChassisSettings

T = TypeVar("T")
Json = Mapping[str, Any]


def job(found: Json) -> AsyncJob:
    return _read(AsyncJob, found)


def slot(found: Json) -> SlotInfo:
    return _read(SlotInfo, found)


def plan(found: Json) -> Plan:
    return _read(Plan, found)


def layout(found: Json | None) -> "ChassisSettings | None":
    from orchestrator.settings.parts import ChassisSettings

    return None if found is None else _read(ChassisSettings, found)


def recipe(found: Json) -> Recipe:
    return _read(Recipe, found)


def answer(operation: Operation[..., Any] | str, found: Any) -> Any:
    """As the operation answers, where it is declared here; else as JSON has it."""
    declared = operation if isinstance(operation, Operation) else _installed().get(operation)
    return found if declared is None else _read(declared.answer_type, found)


def drive_history(found: Json) -> DriveHistory:
    samples = tuple(_read(Sample, sample | {"values": _pairs(sample["values"])}) for sample in found["samples"])
    stays, jobs = (_read(Stay, stay) for stay in found["stays"]), map(job, found["jobs"])
    return DriveHistory(_read(Drive, found["drive"]), tuple(stays), tuple(jobs), found["total_jobs"], samples)


def job_history(found: Json) -> JobHistory:
    rows = (_read(Row, row | {"changes": tuple(row["changes"].items())}) for row in found["rows"])
    reports = (_read(KeptReport, report | {"values": _pairs(report["values"])}) for report in found["reports"])
    return JobHistory(job(found["job"]), found["options"], found["answer"], tuple(rows), tuple(reports))


def _pairs(values: Json) -> tuple[tuple[str, float], ...]:
    """Without those that are no number, for which JSON has null."""
    return tuple((name, value) for name, value in values.items() if value is not None)


def _read(kind: Callable[..., T], found: Any) -> T:
    try:
        read: T = _adapter(kind).validate_python(found)
    except ValueError as exc:
        raise OrchestratorError(
            f"what the service sent is no {getattr(kind, '__name__', kind)} as it is known here: "
            f"{json.dumps(found, default=str)[:200]}",
            remedy="install the same release here and there",
        ) from exc
    return read


@cache
def _adapter(kind: Any) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


@cache
def _installed() -> dict[str, Operation[..., Any]]:
    return collect()

"""What goes over the wire, as OpenAPI tells it. The schemas are made from the records and declarations themselves.

What comes in is checked by these models; what goes out is written by encode.py, and a test holds the two equal.
"""

import dataclasses
import functools
import operator
import typing
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, Strict, create_model

from orchestrator.model.drive import Drive
from orchestrator.model.history import Row, Sample, Stay
from orchestrator.model.job import AsyncJob, AsyncJobStatus
from orchestrator.model.plan import Plan
from orchestrator.model.recipe import Recipe
from orchestrator.model.slot import SlotInfo
from orchestrator.operations.declare import Holds, Operation

INT64 = 2**63
Int64 = Annotated[int, Field(ge=-INT64, lt=INT64)]
_SIMPLE = (bool, int, float, str, type(None), None)


class Taken(BaseModel):
    """The base of what comes in: exactly these fields, exactly these types."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


def _of_record(kind: type, **more: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {field.name: (hints[field.name], ...) for field in dataclasses.fields(kind)} | more


StatusName = Literal[tuple(status.name for status in AsyncJobStatus)]  # type: ignore[valid-type]
Job: type[BaseModel] = create_model("AsyncJob", **_of_record(AsyncJob, status_name=(StatusName, ...)))
Slot: type[BaseModel] = create_model("Slot", **_of_record(SlotInfo))


class Slots(BaseModel):
    total: int
    simulated: bool
    """No drive of a simulated rack is real."""
    items: list[Slot]  # type: ignore[valid-type]


class Jobs(BaseModel):
    total: int
    """Matches before offset and limit."""
    offset: int
    limit: int
    next: int | None
    """Ask with this as `after_id` for the next page; null on the last one, and in another order than that by id."""
    items: list[Job]  # type: ignore[valid-type]


class OperationInfo(BaseModel):
    name: str
    summary: str
    pausable: bool
    options: dict[str, JsonValue]
    """The JSON Schema of the options that a start takes."""


class Operations(BaseModel):
    items: list[OperationInfo]


class Recipes(BaseModel):
    items: list[Recipe]


class Count(BaseModel):
    status: AsyncJobStatus
    status_name: StatusName  # type: ignore[valid-type]
    jobs: int


class Counts(BaseModel):
    total: int
    items: list[Count]
    """Of the statuses that any job has."""


class SlotPlan(BaseModel):
    slot_id: int
    plan: Plan


class Layout(BaseModel):
    columns: int
    """Of the chassis as one sees its front; slots by id, row after row, from the top left."""


class WholeRack(BaseModel):
    simulated: bool
    keeps_history: bool
    trouble: str
    """Why the store cannot be written now, so that no job is accepted; "" while it can."""
    sequence: int
    """Of the newest event: while it stays, nothing that is published changed."""
    layout: Layout | None
    plans: list[SlotPlan]
    """What starts by itself, by slot."""


class Health(BaseModel):
    status: Literal["ok", "not_ready"]
    reason: str = ""


class Version(BaseModel):
    version: str
    simulated: bool


Values = dict[str, float | None]
Stays: type[BaseModel] = create_model("Stay", **_of_record(Stay))
Rows: type[BaseModel] = create_model("Row", **_of_record(Row, changes=(dict[str, JsonValue], ...)))
Samples: type[BaseModel] = create_model("Sample", **_of_record(Sample, values=(Values, ...)))


class DrivePast(BaseModel):
    """One drive over all its slots."""

    drive: Drive
    stays: list[Stays]  # type: ignore[valid-type]
    total_jobs: int
    jobs: list[Job]  # type: ignore[valid-type]
    samples: list[Samples]  # type: ignore[valid-type]


class Drives(BaseModel):
    total: int
    items: list[DrivePast]


class ReportValues(BaseModel):
    moment: str
    time: datetime
    values: Values


class Delta(BaseModel):
    name: str
    before: float
    after: float


class JobPast(BaseModel):
    job: Job  # type: ignore[valid-type]
    options: str
    answer: str
    rows: list[Rows]  # type: ignore[valid-type]
    reports: list[ReportValues]
    deltas: list[Delta]


class Problem(BaseModel):
    """RFC 9457, with what one needs to act."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    """Stable: what a program looks at."""
    remedy: str
    slot_id: int | None
    serial: str


def options_of(operation: Operation[..., Any], recipes: tuple[str, ...] = ()) -> type[BaseModel]:
    """The operation's options, each with its type, default and range. `recipes`: names that the document is to tell;
    another one is left to the rack, whose recipes may change."""
    return _options(operation, recipes)


@functools.cache
def _options(operation: Operation[..., Any], recipes: tuple[str, ...]) -> type[BaseModel]:
    found: dict[str, Any] = {}
    for option in operation.options.values():
        kind = option.type if _is_simple(option.type) else Annotated[option.type, Strict(False)]
        limits: dict[str, Any] = {}
        if option.between is not None:
            limits = {"ge": option.between.least, "le": option.between.most}
        if option.holds is Holds.RECIPE and recipes:
            limits["json_schema_extra"] = {"enum": list(recipes)}
        default = ... if option.required else option.default
        found[option.name] = (kind, Field(default, description=option.help or None, **limits))
    return create_model(f"{_title(operation.name)}Options", __base__=Taken, **found)


def start_of(operation: Operation[..., Any], recipes: tuple[str, ...] = ()) -> type[BaseModel]:
    """The body of a start. `recipes` as in `options_of`."""
    options = options_of(operation, recipes)
    given = ... if any(option.required for option in operation.options.values()) else Field(default_factory=options)
    return create_model(
        f"Start{_title(operation.name)}",
        __base__=Taken,
        client_ref=(Int64, Field(description="the caller's own number; echoed, never interpreted")),
        slot_id=(Int64, ...),
        options=(options, given),
        parent=(Int64 | None, Field(None, description="the slot's running job, in whose turn this one is to run")),
    )


def result_of(operations: Iterable[Operation[..., Any]]) -> type[BaseModel]:
    """An answer of any of these operations, and its job."""
    answers = {operation.answer_type: None for operation in operations}
    answer: Any = functools.reduce(operator.or_, answers) if answers else None
    return create_model("Result", answer=(answer, ...), job=(Job, ...))


def _is_simple(kind: Any) -> bool:
    if typing.get_origin(kind) is Literal or kind in _SIMPLE:
        return True
    parts = typing.get_args(kind)
    return bool(parts) and all(map(_is_simple, parts))


def _title(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))

"""The questions about many jobs, in SQLAlchemy's words, each made into SQL once and then put to the driver itself.

A list is read along one index: of a filter, or of the order. Which one, `Plan` decides from the tallies, because SQLite
does not know how many rows a value has; the other conditions are hidden from its planner behind coalesce().
"""

import functools
import sqlite3
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, literal_column, select
from sqlalchemy.dialects import sqlite

from orchestrator.adapters.store.encoding import DRIVE_COLUMNS, RECORD_COLUMNS
from orchestrator.adapters.store.schema import changes, drives, jobs, reports, stays, tallies
from orchestrator.model.job import AsyncJobStatus

_DIALECT = sqlite.dialect(paramstyle="qmark")
_ENDED = jobs.c.has_ended == literal_column("1")  # as the indexes have it, or they are not used
_RECORD = [jobs.c[name] for name in RECORD_COLUMNS]


class Query:
    """A statement as SQLite takes it."""

    def __init__(self, statement: Any) -> None:
        compiled = statement.compile(dialect=_DIALECT)
        self.sql = str(compiled)
        self._names = tuple(compiled.positiontup or ())
        self._values = dict(compiled.params)

    def run(self, connection: sqlite3.Connection, **values: Any) -> sqlite3.Cursor:
        given = self._values | values
        return connection.execute(self.sql, [given[name] for name in self._names])


@dataclass(frozen=True, slots=True)
class Shape:
    """A list's criteria without their values: lists of one shape are one statement."""

    names: int | None = None
    """How many names; None = any. So with drives."""
    drives: int | None = None
    equal: tuple[str, ...] = ()
    """Further columns that have one value."""
    after: bool = False
    """An id that the page begins behind."""
    excluded: tuple[int, ...] = ()
    """Ids that are not on the page."""
    order_by: str = "id"
    descending: bool = False
    along: str = ""
    """The column whose index is walked; "" = that of the order."""

    @property
    def tallied(self) -> bool:
        """Whether the tallies tell how many there are."""
        return "client_ref" not in self.equal and self.drives is None


def _filters(shape: Shape, table: Any = jobs) -> dict[str, ColumnElement[bool]]:
    """By column."""

    def among(name: str, many: int, kind: str) -> ColumnElement[bool]:
        of = _seen(shape, name, table)
        if many == 1:
            return of == bindparam(f"{kind}_0")
        return of.in_([bindparam(f"{kind}_{n}") for n in range(many)])

    found: dict[str, ColumnElement[bool]] = {}
    if shape.names is not None:
        found["name"] = among("name", shape.names, "name")
    if shape.drives is not None and "drive_id" in table.c:
        found["drive_id"] = among("drive_id", shape.drives, "drive")
    for name in shape.equal:
        if name in table.c:
            found[name] = _seen(shape, name, table) == bindparam(name)
    return found


def _seen(shape: Shape, name: str, table: Any) -> ColumnElement[Any]:
    """The column; hidden from the planner where another one is walked along."""
    return table.c[name] if table is not jobs or name == shape.along else func.coalesce(table.c[name], None)


@functools.lru_cache(256)
def page(shape: Shape) -> Query:
    """Takes the filters' values, `limit` (-1 = all) and `offset`, or `after_id`. Gives RECORD_COLUMNS."""
    statement: Select[Any] = select(*_RECORD).where(_ENDED, *_filters(shape).values())
    if shape.excluded:
        statement = statement.where(jobs.c.id.not_in([literal_column(str(int(each))) for each in shape.excluded]))
    by_id = jobs.c.id.desc() if shape.descending else jobs.c.id
    if shape.after:
        bound: ColumnElement[int] = bindparam("after_id")
        statement = statement.where(jobs.c.id < bound if shape.descending else jobs.c.id > bound)
    if shape.order_by != "id":
        order = jobs.c[shape.order_by]
        statement = statement.order_by((order.desc() if shape.descending else order).nulls_last())
    return Query(statement.order_by(by_id).limit(bindparam("limit")).offset(bindparam("offset")))


@functools.lru_cache(256)
def total(shape: Shape) -> Query:
    return Query(select(func.count()).select_from(jobs).where(_ENDED, *_filters(shape).values()))


def told(shape: Shape) -> tuple[str, ...]:
    """The filters that the tallies know of."""
    return tuple(name for name in (("name",) if shape.names is not None else ()) + shape.equal if name in tallies.c)


@functools.lru_cache(256)
def tallied(shape: Shape) -> Query:
    """One row of sums over the tallies: of all, of those that match what they know of, and of each filter in `told`."""
    filters = _filters(shape, tallies)
    conditions = [filters[name] for name in told(shape)]
    if not conditions:
        return Query(select(func.sum(tallies.c.count), func.sum(tallies.c.count)))
    sums = [func.sum(case((condition, tallies.c.count), else_=0)) for condition in (and_(*conditions), *conditions)]
    return Query(select(func.sum(tallies.c.count), *sums))


ENDED_AMONG = f"SELECT {', '.join(RECORD_COLUMNS)} FROM jobs WHERE has_ended = 1 AND id IN ({{}})"  # noqa: S608
"""Ids are put in as text: there may be more than a statement takes as values."""
NAMES = Query(select(tallies.c.name).distinct())
DRIVES_OF = Query(
    select(drives.c.id, *(drives.c[name] for name in DRIVE_COLUMNS)).where(drives.c.serial == bindparam("serial"))
)
STAYS_OF = Query(
    select(stays.c.slot_id, stays.c.label, stays.c.began, stays.c.ended)
    .where(stays.c.drive_id == bindparam("drive_id"))
    .order_by(stays.c.id.desc())
)
JOBS_OF = Query(
    select(*_RECORD)
    .where(jobs.c.drive_id == bindparam("drive_id"))
    .order_by(jobs.c.id.desc())
    .limit(bindparam("limit"))
)
COUNT_OF = Query(select(func.count()).select_from(jobs).where(jobs.c.drive_id == bindparam("drive_id")))
SAMPLES_OF = Query(
    select(reports.c.time, reports.c.job_id, reports.c.moment, reports.c.counters)
    .where(reports.c.drive_id == bindparam("drive_id"))
    .order_by(reports.c.time.desc(), reports.c.job_id.desc())
    .limit(bindparam("limit"))
)
CHANGES_OF = Query(
    select(changes.c.number, changes.c.time, changes.c.kind, changes.c.who, changes.c.cause, changes.c.body)
    .where(changes.c.job_id == bindparam("job_id"))
    .order_by(changes.c.number)
)
REPORTS_OF = Query(
    select(reports.c.moment, reports.c.time, reports.c.counters)
    .where(reports.c.job_id == bindparam("job_id"))
    .order_by(reports.c.time, reports.c.moment.desc())
)
RAW_REPORT = Query(
    select(reports.c.raw).where(reports.c.job_id == bindparam("job_id"), reports.c.moment == bindparam("moment"))
)
_newest = jobs.alias("newest")
ANSWERS = Query(
    select(drives.c.serial, jobs.c.answer)
    .join_from(
        drives,
        jobs,
        jobs.c.id
        == (
            select(func.max(_newest.c.id))
            .where(
                _newest.c.drive_id == drives.c.id,
                _newest.c.name == bindparam("name"),
                _newest.c.status == int(AsyncJobStatus.COMPLETED),
            )
            .scalar_subquery()
        ),
    )
    .where(drives.c.model == bindparam("model"))
    .order_by(drives.c.serial, drives.c.id)
)

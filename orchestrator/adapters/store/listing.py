"""A list over what is open and what is kept: as `ListInfo.select` over both, without reading more than its part.

With k matching open jobs, what stands on the page is among them and the kept ones from offset - k to offset + limit.
"""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from orchestrator.adapters.store import queries
from orchestrator.adapters.store.encoding import clean
from orchestrator.adapters.store.queries import Shape
from orchestrator.model.job import AsyncJob, ListInfo, ResultSet

Records = Callable[[sqlite3.Connection, list[tuple[Any, ...]]], list[AsyncJob]]

SORT = 1.5
"""What it costs to fetch a row by an index and sort it, against walking over one."""
_INT64 = range(-(2**63), 2**63)


def select(connection: sqlite3.Connection, info: ListInfo, live: Sequence[AsyncJob], records: Records) -> ResultSet:
    """Within one read transaction. `records` makes jobs from rows."""
    everything = replace(info, offset=0, limit=-1)
    found = everything.select(list(live))
    both = records(connection, _ended_too(connection, live))
    kept = _Kept(connection, info, doubled=everything.select(both).total, excluded=tuple(job.id for job in both))
    skipped = max(0, info.offset - len(found.items))
    upto = kept.total if info.limit == -1 else info.offset + info.limit
    jobs = records(connection, kept.rows(skipped, upto - skipped))
    if found.items:
        jobs = list(replace(info, offset=info.offset - skipped).select([*found.items, *jobs]).items)
    return ResultSet(found.total + kept.total, tuple(jobs), info.offset, info.limit)


def _ended_too(connection: sqlite3.Connection, live: Sequence[AsyncJob]) -> list[tuple[Any, ...]]:
    """Of `live`, what is kept as ended: the store may be ahead of the table, and the table keeps an end for a while."""
    if not live:
        return []
    return connection.execute(queries.ENDED_AMONG.format(", ".join(str(int(job.id)) for job in live))).fetchall()


class _Kept:
    """The ended jobs that match, but for `excluded`."""

    def __init__(
        self, connection: sqlite3.Connection, info: ListInfo, *, doubled: int, excluded: tuple[int, ...]
    ) -> None:
        """`doubled`: so many of the excluded ones match."""
        self._connection, self._info = connection, info
        self._values: dict[str, Any] = {}
        names, drives = self._names(info.name_starts_with), self._drives(info.serial)
        equal = tuple(name for name in ("status", "client_ref", "slot_id") if getattr(info, name) is not None)
        self._values |= {name: int(getattr(info, name)) for name in equal}
        possible = names != 0 and drives != 0 and all(self._values[name] in _INT64 for name in equal)
        shape = Shape(
            names, drives, equal, info.after_id is not None, excluded, info.order_by, descending=info.descending
        )
        matching, costs = self._count(shape) if possible else (0, {"": 0.0})
        self.total = matching - doubled
        self._shape = replace(shape, along=min(costs, key=costs.__getitem__))

    def rows(self, offset: int, limit: int) -> list[tuple[Any, ...]]:
        if offset >= self.total or limit <= 0:
            return []
        after_id = self._info.after_id
        if after_id is not None:
            after_id = min(max(after_id, _INT64[0]), _INT64[-1])
        values = self._values | {"after_id": after_id, "offset": offset, "limit": min(limit, self.total)}
        return queries.page(self._shape).run(self._connection, **values).fetchall()

    def _names(self, prefix: str) -> int | None:
        """How many names it may be; None = any. There are as many names as operations, and the tallies have them."""
        if not prefix:
            return None
        known = [name for (name,) in queries.NAMES.run(self._connection)]
        matching = [name for name in known if name.startswith(prefix)]
        self._values |= {f"name_{n}": name for n, name in enumerate(matching)}
        return len(matching) if len(matching) < len(known) else None

    def _drives(self, serial: str | None) -> int | None:
        if serial is None:
            return None
        known = [row[0] for row in queries.DRIVES_OF.run(self._connection, serial=clean(serial))]
        self._values |= {f"drive_{n}": drive_id for n, drive_id in enumerate(known)}
        return len(known)

    def _count(self, shape: Shape) -> tuple[int, dict[str, float]]:
        """How many match, and what it costs to read the page along each index, in rows."""
        everything, matching, *alone = queries.tallied(shape).run(self._connection, **self._values).fetchone()
        many: dict[str, int] = dict(zip(queries.told(shape), alone, strict=True))
        if not shape.tallied:
            along = "drive_id" if shape.drives is not None else "client_ref"
            counted = queries.total(replace(shape, along=along)).run(self._connection, **self._values)
            many[along] = matching = counted.fetchone()[0]
        if not matching:
            return 0, {"": 0.0}
        wanted = matching if self._info.limit == -1 else min(matching, self._info.offset + self._info.limit)
        costs = {"": everything * wanted / matching}
        for name, rows in many.items():
            sorts = shape.order_by != "id" or name == "drive_id" or (name == "name" and shape.names != 1)
            costs[name] = rows * SORT if sorts else rows * wanted / matching
        return matching, costs

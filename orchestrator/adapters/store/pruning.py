"""What is no longer to be kept goes: the oldest ended jobs with their changes and reports, and old news of the slots.

In transactions of at most STEP jobs, so that whoever waits for a commit of theirs waits for some milliseconds.
"""

import sqlite3
from collections import Counter

from orchestrator.adapters.store.batch import NO_TALLIES, TALLIES
from orchestrator.adapters.store.memory import META, Memory, Tallies
from orchestrator.model.job import AsyncJobStatus

STEP = 500
NEWS_STEP = 5_000

_COLUMNS = "SELECT id, name, slot_id, status FROM jobs WHERE has_ended = 1"
_OLD = f"{_COLUMNS} AND ended < ? ORDER BY ended, id LIMIT ?"
_FIRST = f"{_COLUMNS} ORDER BY id LIMIT ?"
_OLD_NEWS = """
    DELETE FROM changes
    WHERE number IN (SELECT number FROM changes WHERE job_id IS NULL AND time < ? ORDER BY time LIMIT ?)
"""


def remove_jobs(connection: sqlite3.Connection, memory: Memory, before: int, keep: int | None) -> Tallies:
    """One step within a transaction: ended before this time (microseconds), or more than `keep`. What to count then."""
    found = connection.execute(_OLD, (before, STEP)).fetchall()
    if not found and keep is not None and (more := sum(memory.tallies.values()) - keep) > 0:
        found = connection.execute(_FIRST, (min(more, STEP),)).fetchall()
    ids = [(job_id,) for job_id, *_ in found]
    for table, column in (("changes", "job_id"), ("reports", "job_id"), ("jobs", "id")):
        connection.executemany(f"DELETE FROM {table} WHERE {column} = ?", ids)  # noqa: S608
    removed = Counter((name, slot_id, AsyncJobStatus(status)) for _, name, slot_id, status in found)
    removed_rows = [(name, slot_id, int(status), -count) for (name, slot_id, status), count in removed.items()]
    connection.executemany(TALLIES, removed_rows)
    connection.execute(NO_TALLIES)
    remember_numbers(connection, memory)
    return {key: -count for key, count in removed.items()}


def remove_news(connection: sqlite3.Connection, memory: Memory, before: int) -> bool:
    """One step within a transaction: changes that are no job's, before this time. Whether there may be more."""
    remember_numbers(connection, memory)
    return connection.execute(_OLD_NEWS, (before, NEWS_STEP)).rowcount == NEWS_STEP


def remember_numbers(connection: sqlite3.Connection, memory: Memory) -> None:
    """So that they go on although the rows that had them are gone."""
    numbers = {"number": memory.number, "sequence": memory.sequence, "job_id": memory.last_id}
    connection.executemany(META, [(key, str(value)) for key, value in numbers.items()])

"""Where the program is to die: at once after, or just before, one call of one of its methods. It knows nothing of this.

accepted ▸ committing ▸ committed ▸ sent ▸ acknowledged        a start: from the outbox's row to the caller
begun ▸ running ▸ noted ▸ asked                                the work: the drive's own self-test is under way
answered ▸ ended ▸ ending ▸ end_committed ▸ settled ▸ told     an end: from the worker to the caller
"""

import functools
import os
import signal
import time
from collections.abc import Callable
from typing import Any

from orchestrator.actors.directory import Ended, JobDirectory
from orchestrator.actors.outbox import Outbox
from orchestrator.actors.post import Post
from orchestrator.actors.slot import SlotActor
from orchestrator.actors.tables import Tables
from orchestrator.actors.take_up import Start
from orchestrator.adapters.smartctl import Smartctl
from orchestrator.adapters.store.sqlite import SqliteStore
from orchestrator.model.job import AsyncJobStatus, EventKind

When = Callable[..., bool]
WINDOW_S = 0.05
"""Before a step that does not happen any more: time for others to say what they may not say yet."""


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _of(kind: EventKind, status: AsyncJobStatus | None = None) -> When:
    """A change of this kind, whose job now has this status."""

    def matches(change: Any) -> bool:
        return change.kind is kind and (status is None or (change.job is not None and change.job.status is status))

    return matches


def _put(kind: EventKind, status: AsyncJobStatus | None = None) -> When:
    """Outbox.put(kind, who, job=...)."""
    return lambda self, what, who, job=None, **_: what is kind and (status is None or (job and job.status is status))


def _appends(change: When) -> When:
    return lambda self, changes: any(map(change, changes))


def _tells(kind: type) -> When:
    return lambda self, key, message: isinstance(message, kind)


_accepts, _ends = _of(EventKind.ACCEPTED), _of(EventKind.STATUS, AsyncJobStatus.COMPLETED)

POINTS: dict[str, tuple[type, str, str, When]] = {
    "accepted": (Outbox, "put", "after", _put(EventKind.ACCEPTED)),
    "committing": (SqliteStore, "append", "before", _appends(_accepts)),
    "committed": (SqliteStore, "append", "after", _appends(_accepts)),
    "sent": (Post, "tell", "after", _tells(Start)),
    "begun": (SlotActor, "_begin", "after", lambda *_: True),
    "running": (JobDirectory, "_begin", "after", lambda *_: True),
    "noted": (SqliteStore, "append", "after", _appends(_of(EventKind.MEMO))),
    "asked": (Smartctl, "start_self_test", "after", lambda *_, **__: True),
    "answered": (Post, "tell", "before", _tells(Ended)),
    "ended": (Outbox, "put", "after", _put(EventKind.STATUS, AsyncJobStatus.COMPLETED)),
    "ending": (SqliteStore, "append", "before", _appends(_ends)),
    "end_committed": (SqliteStore, "append", "after", _appends(_ends)),
    "settled": (Tables, "settle", "after", lambda *_: True),
}
SAID = {"acknowledged": "accepted", "told": "told"}
"""The two where the caller has it, by what the caller then says."""


def install(point: str) -> None:
    """Nothing for those that the caller keeps itself."""
    if point not in POINTS:
        return
    owner, name, when, matches = POINTS[point]
    method = getattr(owner, name)

    @functools.wraps(method)
    def wrapped(*arguments: Any, **options: Any) -> Any:
        meant = matches(*arguments, **options)
        if meant and when == "before":
            time.sleep(WINDOW_S)
            die()
        found = method(*arguments, **options)
        if meant:
            die()
        return found

    setattr(owner, name, wrapped)

"""A start that is sent twice is one job: the caller's Idempotency-Key names what was begun under it.

    same key, same request ──▶ the same job, also while the first is still being accepted
    same key, another request ──▶ KeyReused

The keys live in memory: 24 h, and the newest MOST_KEYS. A restart forgets them. To outlive it, the key has to become
part of the job's record in the store; `Keys.begin` is the one place that would ask it.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from orchestrator.model.errors import InvalidArgument

LIFE_S = 24 * 3600.0
MOST_KEYS = 100_000
"""About 40 MB of them. Beyond, the oldest is forgotten."""


class KeyReused(InvalidArgument):
    """An Idempotency-Key came a second time with another request."""

    usual_remedy = "take a new key for each new start"


@dataclass(frozen=True, slots=True)
class _Begun:
    request: bytes
    since: float
    job_id: Future[int]


class Keys:
    """Its methods may be called from any thread."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._begun: OrderedDict[tuple[str, str], _Begun] = OrderedDict()

    def begin(self, who: str, key: str, request: bytes, start: Callable[[], int]) -> tuple[int, bool]:
        """The job's id, and whether it was begun before. A start that raises is forgotten: it may be tried again.

        Args:
            who: whose key it is; two callers may use the same.
            request: a digest of what is asked for.
        Blocks while another thread starts under this key. Raises KeyReused, and what `start` raises.
        """
        mine = _Begun(request, self._monotonic(), Future())
        with self._lock:
            self._forget(mine.since)
            begun = self._begun.setdefault((who, key), mine)
        if begun.request != request:
            raise KeyReused(f"the Idempotency-Key {key!r} was used for another request")
        if begun is not mine:
            return begun.job_id.result(), True
        try:
            job_id = start()
        except BaseException as exc:
            with self._lock:
                self._begun.pop((who, key), None)
            mine.job_id.set_exception(exc)
            raise
        mine.job_id.set_result(job_id)
        return job_id, False

    def _forget(self, now: float) -> None:
        while self._begun:
            oldest = next(iter(self._begun.values()))
            if len(self._begun) < MOST_KEYS and now - oldest.since < LIFE_S:
                return
            self._begun.popitem(last=False)

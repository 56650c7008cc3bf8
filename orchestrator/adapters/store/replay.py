"""The job table made again from the changes alone: what proves that they are the whole truth."""

import json
from pathlib import Path
from typing import Any

from orchestrator.adapters.store.encoding import KeptJob, fields_of
from orchestrator.adapters.store.reading import Readers
from orchestrator.model.job import AsyncJob, changed

_CHANGES = "SELECT job_id, body FROM changes WHERE job_id IS NOT NULL ORDER BY number"
_TEXTS = ("options", "answer", "memo")


def replay(path: Path, *, busy_s: float = 5.0) -> tuple[KeptJob, ...]:
    """By id. Cost: linear in the changes. StoreUnavailable: it cannot be read."""
    records: dict[int, AsyncJob] = {}
    texts: dict[int, dict[str, Any]] = {}
    readers = Readers(path, busy_s)
    with readers.reading() as connection:
        for job_id, text in connection.execute(_CHANGES):
            body = json.loads(text)
            texts.setdefault(job_id, {}).update({name: body.pop(name) for name in _TEXTS if name in body})
            records[job_id] = changed(records.get(job_id) or AsyncJob(job_id, "", 0, 0), **fields_of(body))
    readers.close()
    return tuple(KeptJob(records[job_id], **texts[job_id]) for job_id in sorted(records))

"""Records and lists, as properties: the list against a plain reading of the contract."""

from dataclasses import FrozenInstanceError, fields, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model import errors
from orchestrator.model.drive import Drive
from orchestrator.model.job import ORDERS, AsyncJob, AsyncJobStatus, JobError, ListInfo, changed

names = st.sampled_from(["run_smart_test", "read_health", "run", "Run", "läuft", ""])
moments = st.none() | st.integers(0, 3).map(lambda n: datetime(2026, 1, 1 + n, tzinfo=UTC))
jobs = st.builds(
    AsyncJob,
    id=st.integers(1, 10_000),
    name=names,
    client_ref=st.integers(-2, 2),
    slot_id=st.integers(1, 3),
    status=st.sampled_from(AsyncJobStatus),
    progress=st.integers(-1, 100),
    drive=st.none() | st.builds(Drive, serial=st.sampled_from(["A", "B"])),
    accepted=moments,
    ended=moments,
)
tables = st.lists(jobs, max_size=12, unique_by=lambda job: job.id)
infos = st.builds(
    ListInfo,
    offset=st.integers(0, 5),
    limit=st.integers(-1, 5),
    name_starts_with=st.sampled_from(["", "run", "R", "lä", "%", "x"]),
    status=st.none() | st.sampled_from(AsyncJobStatus),
    client_ref=st.none() | st.integers(-2, 2),
    slot_id=st.none() | st.integers(1, 3),
    serial=st.none() | st.sampled_from(["A", "B"]),
    order_by=st.sampled_from(ORDERS),
    descending=st.booleans(),
)


@given(tables, infos)
def test_a_list_is_what_the_contract_says(table, info):
    found = info.select(table)
    matches = {
        job.id
        for job in table
        if job.name[: len(info.name_starts_with)] == info.name_starts_with
        and info.status in (None, job.status)
        and info.client_ref in (None, job.client_ref)
        and info.slot_id in (None, job.slot_id)
        and (info.serial is None or (job.drive and job.drive.serial == info.serial))
    }
    assert found.total == len(matches)
    whole = replace(info, offset=0, limit=-1).select(table).items
    assert {job.id for job in whole} == matches
    end = None if info.limit == -1 else info.offset + info.limit
    assert found.items == whole[info.offset : end]


@given(tables, infos)
def test_a_list_is_in_order_with_equal_ones_by_id_and_missing_ones_last(table, info):
    keys = []
    for job in replace(info, offset=0, limit=-1).select(table):
        value = getattr(job, info.order_by)
        keys.append((value is None, value if value is not None else 0, job.id))
    having, missing = [k for k in keys if not k[0]], [k for k in keys if k[0]]
    assert keys == having + missing
    for part in (having, missing):
        assert part == sorted(part, reverse=info.descending)


@given(jobs, st.integers(-1, 99), st.sampled_from(AsyncJobStatus))
def test_a_change_is_a_new_record_and_leaves_the_old_one_alone(job, progress, status):
    before = {field.name: getattr(job, field.name) for field in fields(job)}
    assert changed(job, progress=progress, status=status) == replace(job, progress=progress, status=status)
    assert {field.name: getattr(job, field.name) for field in fields(job)} == before
    with pytest.raises(FrozenInstanceError):
        changed(job, progress=progress).progress = 3  # type: ignore[misc]


def test_a_failed_jobs_error_is_raised_as_what_it_was():
    drive = Drive("S1")
    for code, kind in errors.BY_CODE.items():
        job = AsyncJob(1, "x", 1, 7, drive=drive, error=JobError(code, "it broke", "mend it"))
        raised = job.exception()
        assert type(raised) is kind
        assert (str(raised), raised.remedy, raised.slot_id, raised.serial) == ("it broke", "mend it", 7, "S1")


def test_an_error_of_a_later_release_is_still_no_answer():
    job = AsyncJob(1, "x", 1, 7, error=JobError("struck_by_lightning", "gone", ""))
    assert type(job.exception()) is errors.NoAnswer


def test_every_error_has_its_own_code_and_job_not_finished_is_a_timeout():
    assert len(errors.BY_CODE) > 20
    assert errors.BY_CODE["drive_removed"] is errors.DriveRemoved
    assert issubclass(errors.JobNotFinished, TimeoutError)

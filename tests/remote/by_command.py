"""The facade, each call of it a command with --json: `orchestrator run`, `wait`, `status`, `jobs`, `cancel` ...

    rack.cancel_job(7)  ──▶  orchestrator cancel --json --url URL -- 7  ──▶  the record on stdout
                                                                        or the error on stderr, and the exit status

The program's own entry point runs in this process, since a Python takes 0.3 s to start; from any other thread than
the main one, and for `watch`, which has no end, it is a process.
"""

import contextlib
import io
import json
import signal
import subprocess
import sys
import threading
import urllib.request
from collections import Counter
from datetime import datetime

from orchestrator import AsyncJobStatus, Event, EventKind, ListInfo, ResultSet, errors
from orchestrator.interfaces import cli, run_command
from orchestrator.operations.declare import Operation
from orchestrator.pairs import Pairs
from orchestrator.remote import decode
from tests.interfaces.conftest import COMMAND, Said
from tests.web.conftest import SOON, until

S = AsyncJobStatus
LISTENERS = "orchestrator_event_listeners"
USAGE = (errors.ConfigError, errors.InvalidArgument, errors.NotFound)


class ByCommand(Pairs):
    ids = ()

    def __init__(self, url, near):
        self._url, self._watching = url, []
        self.simulation = near.simulation

    # -- jobs

    def _start(self, operation, client_ref, slot_id, parent, options):
        name = operation.name if isinstance(operation, Operation) else operation
        given = {key: value for key, value in options.items() if value is not None or not _is_left_out(name, key)}
        given |= {"client_ref": client_ref} | ({} if parent is None else {"parent": parent})
        words = [word for option, value in given.items() for word in (f"--{option.replace('_', '-')}", str(value))]
        return self._one("run", name, "--no-wait", *words, of=[slot_id])["id"]

    def _result(self, operation, job_id, timeout):
        if timeout == 0:
            said = self._one("result", of=[job_id])
        else:
            said = self._one("wait", *_limit(timeout), of=[job_id])
        if (error := said["error"]) is not None:
            raise _raised(error)
        return decode.answer(operation, said["answer"])

    def wait(self, job_ids, timeout=None):
        job_ids = list(job_ids)
        if job_ids:
            self._lines("wait", *_limit(timeout), of=job_ids)
        return tuple(map(self.get_job_status, job_ids))

    def get_job_status(self, job_id):
        return decode.job(self._one("status", of=[job_id]))

    def get_jobs_list(self, info=None):
        info = info or ListInfo()
        criteria = {
            "--name-starts-with": info.name_starts_with,
            "--status": None if info.status is None else info.status.name.lower(),
            "--client-ref": info.client_ref,
            "--slot": info.slot_id,
            "--serial": info.serial,
        }
        words = [str(word) for pair in criteria.items() if pair[1] is not None for word in pair]
        page = ["--offset", info.offset, "--limit", info.limit, "--order-by", info.order_by]
        page += ["--descending"] if info.descending else []
        items = tuple(map(decode.job, self._lines("jobs", *words, *map(str, page))))
        return ResultSet(self._one("jobs", *words, "--count")["total"], items, info.offset, info.limit)

    def counts(self):
        return +Counter({status: self._one("jobs", "--status", status.name, "--count")["total"] for status in S})

    # -- control

    def cancel_job(self, job_id):
        return decode.job(self._one("cancel", of=[job_id]))

    def pause_job(self, job_id):
        return decode.job(self._one("pause", of=[job_id]))

    def resume_job(self, job_id):
        return decode.job(self._one("resume", of=[job_id]))

    # -- the rack

    def slots(self):
        return tuple(map(_slot, self._lines("slots")))

    def release_slot(self, slot_id):
        return _slot(self._one("release", of=[slot_id]))

    def events(self, after=None):
        words = [
            *COMMAND,
            "watch",
            "--json",
            "--url",
            self._url,
            *(["--after", str(after)] if after is not None else []),
        ]
        watching = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        self._watching.append(watching)
        until(lambda: _listeners(self._url) == len(self._watching))
        return map(_event, map(json.loads, watching.stdout))

    def close(self):
        for watching in self._watching:
            watching.send_signal(signal.SIGINT)
            watching.communicate(timeout=SOON)
            assert watching.returncode == 0

    def _one(self, *words, of=()):
        (said,) = self._lines(*words, of=of)
        return said

    def _lines(self, *words, of=()):
        """What is on stdout. Raises the error that is on stderr, once its exit status is the one of its kind."""
        command = [*words, "--json", "--url", self._url, *(["--", *map(str, of)] if of else [])]
        here = threading.current_thread() is threading.main_thread()
        said = in_process(*command) if here else as_process(*command)
        if said.status and said.err:
            error = _raised(json.loads(said.err))
            assert said.status == (2 if isinstance(error, USAGE) else 1)
            raise error
        return [json.loads(line) for line in said.out.splitlines()]


def in_process(*words):
    """`orchestrator WORDS...` by its entry point."""
    out, err, before = io.StringIO(), io.StringIO(), (sys.argv, signal.getsignal(signal.SIGTERM))
    status: object = None
    sys.argv = ["orchestrator", *words]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            cli.main()
    except SystemExit as left:
        status = left.code
    finally:
        sys.argv = before[0]
        signal.signal(signal.SIGTERM, before[1])
    return Said(int(str(status or 0)), out.getvalue(), err.getvalue())


def as_process(*words):
    """`orchestrator WORDS...` as a shell runs it."""
    ran = subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=2 * SOON, check=False)
    return Said(ran.returncode, ran.stdout, ran.stderr)


def _is_left_out(name, option):
    """None is said by leaving it out, where it is what is meant then."""
    declared = vars(run_command)["collect"]().get(name)
    return declared is not None and option in declared.options and declared.options[option].default is None


def _limit(timeout):
    return [] if timeout is None else ["--timeout", str(timeout)]


def _raised(error):
    place = {"slot_id": error.get("slot_id"), "serial": error.get("serial", "")}
    return errors.BY_CODE[error["code"]](error["text"], remedy=error["remedy"], **place)


def _slot(said):
    return decode.slot({**said, "id": said["slot_id"]})


def _event(said):
    return Event(
        said["sequence"],
        datetime.fromisoformat(said["time"]),
        EventKind(said["kind"]),
        decode.job(said["job"]) if said["job"] else None,
        decode.slot(said["slot"]) if said["slot"] else None,
    )


def _listeners(url):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{url}/metrics", timeout=SOON) as answer:
        (line,) = [line for line in answer.read().decode().splitlines() if line.startswith(f"{LISTENERS} ")]
    return float(line.split()[-1])

"""What a killed run leaves behind is ended by the next one, and nothing else is: real processes, really killed."""

import os
import random
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.adapters.leftovers import MARK, ChildRecord, boot_ticks, kill_leftovers, take_over
from orchestrator.adapters.owner import Owner
from orchestrator.adapters.process import ChildProcesses
from orchestrator.adapters.reader import Reader
from tests.surface.bench import hurried_child

KILLS = 1000 if os.environ.get("ORCHESTRATOR_FULL") else 50
SEED = 6
ROOT = Path(__file__).parents[2]
HANG = "echo $$ > {fifo}; trap '' TERM; while :; do sleep 1; done"
TOKEN = "0123456789abcdef" * 2
BOOT = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
ONE_TOOL = """
import sys, threading
from pathlib import Path
from orchestrator.adapters.leftovers import take_over
from orchestrator.adapters.process import ChildProcesses
children = ChildProcesses(record=take_over(Path(sys.argv[1])))
children.run(("sh", "-c", sys.argv[2]), deadline_s=60, stop=threading.Event())
"""
MANY_TOOLS = """
import itertools, os, sys, threading
from pathlib import Path
from orchestrator.adapters.leftovers import take_over
from orchestrator.adapters.process import ChildProcesses
def work(children, scripts):
    for script in scripts:
        children.run(("sh", "-c", script), deadline_s=0.02, stop=threading.Event())
for line in sys.stdin:
    if pid := os.fork():
        os.waitpid(pid, 0)
        print("dead", flush=True)
        continue
    children = ChildProcesses(record=take_over(Path(sys.argv[1])))
    scripts = itertools.cycle((":", "trap '' TERM; sleep 60", "sleep 60 &"))
    for _ in range(4):
        threading.Thread(target=work, args=(children, scripts), daemon=True).start()
    print(os.getpid(), flush=True)
    threading.Event().wait()
"""
"""For each line of its standard input: a run that starts tools on four threads until it is killed."""


def start_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def with_token(token: str) -> list[int]:
    """The living processes that carry it."""
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            carries = f"{MARK}={token}".encode() in environ.read_bytes().split(b"\0")
        except OSError:
            continue
        if carries and alive(pid := int(environ.parent.name)):
            found.append(pid)
    return found


def row_of(pid: int, start: int) -> str:
    return f"{pid:>10} {start:>17} {start:>18}\n"


def record_of(path: Path, *rows: tuple[int, int], boot: str = BOOT, token: str = TOKEN) -> Path:
    """A record as a run would have left it."""
    text = f"children 1 {boot} {token}".ljust(127) + "\n"
    path.write_text(text + "".join(row_of(pid, start) for pid, start in rows))
    path.chmod(0o600)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rack.children"


@pytest.fixture
def start() -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts a process in a session of its own; all are ended after the test."""
    started: list[subprocess.Popen[str]] = []

    def begin(*command: str, **env: str) -> "subprocess.Popen[str]":
        whole = {"PATH": os.environ["PATH"], **env}
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True, env=whole))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.communicate(timeout=10)


@pytest.fixture
def bystander(start) -> int:
    """A process of somebody else."""
    return int(start("sleep", "60").pid)


@pytest.fixture
def fifo(tmp_path) -> Iterator[Callable[[], int]]:
    """A tool writes its pid into it; the call waits for that."""
    os.mkfifo(tmp_path / "fifo")
    fd = os.open(tmp_path / "fifo", os.O_RDWR | os.O_NONBLOCK)

    def pid() -> int:
        assert select.select([fd], [], [], 10)[0], "the tool did not start"
        return int(os.read(fd, 20))

    yield pid
    os.close(fd)


def program(source: str, *arguments: object) -> "subprocess.Popen[str]":
    """One that owns a record, and is to be killed."""
    command = [sys.executable, "-c", source, *map(str, arguments)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)


def killed(running: "subprocess.Popen[str]") -> None:
    running.kill()
    running.communicate(timeout=10)


# -- what is ours ends


def test_the_tool_of_a_killed_program_is_killed_by_the_next_start_and_named_in_the_log(path, tmp_path, fifo, caplog):
    running = program(ONE_TOOL, path, HANG.format(fifo=tmp_path / "fifo"))
    tool = fifo()
    killed(running)
    assert alive(tool)
    began = time.monotonic()
    (leftover,) = [found for found in kill_leftovers(path) if found.pid == tool]
    assert time.monotonic() - began < 1
    assert not alive(tool)
    assert leftover.gone
    assert f"process {tool} (sh -c echo $$ > " in caplog.text


def test_a_rack_that_was_killed_leaves_its_smartctl_to_the_next_owner_of_its_file(tmp_path, fifo):
    tool_file, rack_file = tmp_path / "smartctl", tmp_path / "rack.yaml"
    tool_file.write_text(f"#!/bin/sh\n{HANG.format(fifo=tmp_path / 'fifo')}\n")
    tool_file.chmod(0o755)
    rack_file.write_text(f"slots: {{1: {{node: /dev/null}}}}\nsmartctl: {{path: {tool_file}}}\n")
    source = "import sys; from orchestrator import Rack; Rack.from_config(sys.argv[1])"
    running = program(source, rack_file)
    tool = fifo()
    killed(running)
    owner = Owner(rack_file)
    take_over(owner.children).close()
    assert not alive(tool)
    assert not owner.children.exists()
    owner.release()


@pytest.mark.timeout(60 + KILLS)
def test_no_tool_outlives_a_kill_at_any_moment_by_more_than_the_next_start(path):
    moments, left = random.Random(SEED), 0
    running = program(MANY_TOOLS, path)
    for _ in range(KILLS):
        running.stdin.write("another\n")
        running.stdin.flush()
        run = int(running.stdout.readline())
        time.sleep(moments.uniform(0, 0.06))  # the moment of the kill
        os.kill(run, signal.SIGKILL)
        assert running.stdout.readline() == "dead\n"
        token = path.read_text().split()[3]
        left += len(with_token(token))
        kill_leftovers(path)
        assert with_token(token) == []
    killed(running)
    assert left > KILLS / 2, "hardly ever was anything left behind: this proves nothing"


def test_a_child_that_was_started_and_not_yet_written_down_is_known_by_its_token(path, start):
    child = start("sleep", "60", **{MARK: TOKEN})
    kill_leftovers(record_of(path))
    assert child.wait(1) == -signal.SIGKILL


def test_a_grandchild_without_the_token_goes_with_its_living_leader(path, start):
    leader = start("sh", "-c", "env -i /bin/sleep 60 & echo $!; wait")
    grandchild = int(leader.stdout.readline())
    found = kill_leftovers(record_of(path, (leader.pid, start_of(leader.pid))))
    assert {leftover.pid for leftover in found} == {leader.pid, grandchild}
    assert not alive(grandchild)


def test_a_grandchild_with_the_token_goes_also_when_its_leader_is_gone(path, start):
    leader = start("sh", "-c", "sleep 60 & echo $!", **{MARK: TOKEN})
    grandchild = int(leader.stdout.readline())
    leader.wait(5)
    kill_leftovers(record_of(path, (leader.pid, start_of(grandchild))))
    assert not alive(grandchild)


def test_the_child_that_reads_a_surface_is_in_the_record_too(path, tmp_path):
    (tmp_path / "image").write_bytes(bytes(8 << 20))
    record = ChildRecord(path)
    reader = Reader(
        str(tmp_path / "image"),
        stop=threading.Event(),
        record=record,
        program=hurried_child(tmp_path, "time.sleep(600)"),
    )
    assert [found.pid for found in kill_leftovers(path)] == [reader._child.pid]
    reader.close()
    assert reader._child.returncode == -signal.SIGKILL
    record.close()
    assert not path.exists()


# -- nothing else does


def test_a_number_that_means_another_process_now_is_left_alone(path, bystander):
    right = start_of(bystander)
    for wrong in (right - 1, right + 1, 0):
        assert kill_leftovers(record_of(path, (bystander, wrong))) == ()
    assert alive(bystander)
    assert [found.pid for found in kill_leftovers(record_of(path, (bystander, right)))] == [bystander]  # the control


def test_what_another_boot_wrote_kills_nothing(path, start):
    carrier = start("sleep", "60", **{MARK: TOKEN})
    other = f"{'0' * 8}{BOOT[8:]}"
    assert kill_leftovers(record_of(path, (carrier.pid, start_of(carrier.pid)), boot=other)) == ()
    assert alive(carrier.pid)


def test_another_runs_token_kills_nothing(path, start):
    carrier = start("sleep", "60", **{MARK: TOKEN[::-1]})
    assert kill_leftovers(record_of(path)) == ()
    assert alive(carrier.pid)


def test_members_of_a_session_whose_leader_is_gone_are_left_alone_without_the_token(path, start):
    """Another leader may have had its number, and have gone too."""
    leader = start("sh", "-c", "sleep 60 & echo $!")
    member = int(leader.stdout.readline())
    leader.wait(5)
    try:
        assert kill_leftovers(record_of(path, (leader.pid, start_of(member)))) == ()
        assert alive(member)
    finally:
        os.kill(member, signal.SIGKILL)


def test_neither_init_nor_the_kernel_nor_ourselves_nor_our_session_is_ever_signalled(path, monkeypatch):
    signalled: list[int] = []
    monkeypatch.setattr(signal, "pidfd_send_signal", lambda fd, number: signalled.append(fd))
    numbers = (0, 1, 2, os.getpid(), os.getsid(0), os.getppid())
    own = [pid for pid in numbers if pid != 2 and (pid in (0, 1) or os.getsid(pid) == os.getsid(0))]
    kill_leftovers(record_of(path, *((pid, start_of(pid) if pid else 0) for pid in own)))
    assert signalled == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(os.urandom(4096)),
        lambda path: path.write_bytes(path.read_bytes()[:100]),
        lambda path: path.write_bytes(path.read_bytes().replace(TOKEN.encode(), b" " * 32)),
        lambda path: path.write_bytes(path.read_bytes().replace(b"children 1", b"children 2")),
        lambda path: path.chmod(0o602),
        lambda path: path.rename(path.with_suffix(".moved")) and path.symlink_to(path.with_suffix(".moved")),
        lambda path: subprocess.run(["sh", "-c", f"rm {path}; mkfifo {path}"], check=True, timeout=10),
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: path.unlink(),
    ],
    ids=[
        "empty",
        "garbage",
        "cut",
        "no-token",
        "another-version",
        "others-may-write",
        "link",
        "fifo",
        "folder",
        "none",
    ],
)
def test_a_record_that_is_not_whole_or_not_ours_alone_kills_nothing(path, start, spoil):
    carrier = start("sleep", "60", **{MARK: TOKEN})
    spoil(record_of(path, (carrier.pid, start_of(carrier.pid))))
    assert kill_leftovers(path) == ()
    assert alive(carrier.pid)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_record_of_another_user_kills_nothing_and_is_replaced(path, start):
    carrier = start("sleep", "60", **{MARK: TOKEN})
    os.chown(record_of(path, (carrier.pid, start_of(carrier.pid))), 65534, 65534)
    record = take_over(path)
    assert alive(carrier.pid)
    assert path.stat().st_uid == 0
    record.close()


def test_rows_of_garbage_are_passed_over_and_the_others_count(path, start):
    child = start("sleep", "60")
    record_of(path, (child.pid, start_of(child.pid)))
    head, row = path.read_bytes()[:128], path.read_bytes()[128:]
    negative = row_of(-child.pid, start_of(child.pid)).encode()
    path.write_bytes(head + negative + os.urandom(48) + b" " * 47 + b"\n" + row + b"12")
    assert [found.pid for found in kill_leftovers(path)] == [child.pid]


# -- the record


def test_a_child_is_in_the_record_as_long_as_it_lives(path, tmp_path, fifo):
    record, stop = ChildRecord(path), threading.Event()
    children, command = ChildProcesses(record=record), ("sh", "-c", HANG.format(fifo=tmp_path / "fifo"))
    running = threading.Thread(target=lambda: children.run(command, deadline_s=30, stop=stop))
    running.start()
    tool, deadline = fifo(), time.monotonic() + 5
    while path.stat().st_size == 128 and time.monotonic() < deadline:  # the tool may be the faster one
        time.sleep(0.001)
    pid, began, noted = map(int, path.read_text().splitlines()[1].split())
    assert pid == tool
    assert began <= start_of(tool) <= noted <= began + 100
    stop.set()
    running.join(10)
    assert path.read_text().splitlines()[1].strip() == ""
    record.close()
    assert not path.exists()


def test_rows_are_used_again(path):
    record = ChildRecord(path)
    children = ChildProcesses(record=record)
    for _ in range(20):
        children.run(("true",), deadline_s=5, stop=threading.Event())
    assert path.stat().st_size == 128 + 48


def test_the_record_stays_when_a_child_outlives_the_rack(path, bystander):
    record = ChildRecord(path)
    number = record.note(bystander, boot_ticks())
    record.close()
    record.strike(number)  # late, from the thread that reaps
    assert record.note(bystander, boot_ticks()) is None
    assert str(bystander) in path.read_text()


def test_where_no_record_can_be_written_children_run_all_the_same_and_the_log_says_so(tmp_path, caplog):
    record = ChildRecord(tmp_path / "no-such-folder" / "children")
    finished = ChildProcesses(record=record).run(("echo", "x"), deadline_s=5, stop=threading.Event())
    assert finished.output == b"x\n"
    assert "will not be found again" in caplog.text
    record.close()


def test_a_full_file_system_stops_no_child(path, monkeypatch):
    record = ChildRecord(path)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    finished = ChildProcesses(record=record).run(("echo", "x"), deadline_s=5, stop=threading.Event())
    assert finished.output == b"x\n"

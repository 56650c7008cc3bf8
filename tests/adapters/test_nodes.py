"""Fixed nodes as a source: all are asked at once, a known drive stays known, and a new stay has a new number."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.adapters import nodes
from orchestrator.adapters.nodes import Asker, NodePlace, Nodes, NodesSource
from orchestrator.adapters.threads import Threads
from orchestrator.model.drive import Drive
from orchestrator.model.errors import DriveRemoved, OrchestratorError, ToolMissing, ToolTimeout
from orchestrator.model.ports import Event

A, B = Drive("SN-A", model="Alpha"), Drive("SN-B", model="Beta")
PATIENCE_S = 10.0


class Answers:
    """Who answers at each node, or what is raised instead; a node in `hanging` keeps silent until it is let go."""

    def __init__(self, **by_name: Drive | OrchestratorError) -> None:
        self.now: dict[str, Drive | OrchestratorError] = {f"/dev/{name}": answer for name, answer in by_name.items()}
        self.hanging: dict[str, threading.Event] = {}
        self.asked: list[tuple[str, str]] = []

    def identify(self, node: str, device_type: str = "", *, stop: Event) -> tuple[Drive, str]:
        self.asked.append((node, device_type))
        if (silence := self.hanging.get(node)) is not None:
            assert silence.wait(PATIENCE_S)
        answer = self.now[node]
        if isinstance(answer, OrchestratorError):
            raise answer
        return answer, device_type or "sat"


@pytest.fixture
def ports() -> Iterator[Threads]:
    threads = Threads()
    yield threads
    threads.close()


@pytest.fixture
def make(ports: Threads, tmp_path: Path) -> Callable[[Answers], Nodes]:
    def make(answers: Answers) -> Nodes:
        return Nodes({node: NodePlace(node) for node in answers.now}, answers, ports, sys=tmp_path)

    return make


def give_diskseq(sys: Path, name: str, number: int) -> None:
    folder = sys / "class/block" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "diskseq").write_text(f"{number}\n")


def seen(source: NodesSource) -> dict[str, tuple[int, str] | str]:
    """By node: number and serial, or why there is none."""
    return {
        sighting.key: (sighting.presence.number, sighting.presence.drive.serial)
        if sighting.presence
        else sighting.reason
        for sighting in source.open()
    }


def test_a_listing_says_who_answers_at_each_node_and_by_which_device_type(make):
    (sighting,) = make(Answers(sda=A)).make_source().open()
    assert (sighting.action, sighting.key) == ("add", "/dev/sda")
    presence = sighting.presence
    assert (presence.drive, presence.node, presence.device_type) == (A, "/dev/sda", "sat")


def test_a_node_without_a_drive_is_an_empty_place(make):
    assert seen(make(Answers(sda=A, sdb=DriveRemoved("/dev/sdb is gone"))).make_source()) == {"/dev/sda": (1, "SN-A")}


def test_the_kernels_diskseq_is_the_number_of_the_stay(make, tmp_path):
    give_diskseq(tmp_path, "sda", 41)
    assert seen(make(Answers(sda=A)).make_source()) == {"/dev/sda": (41, "SN-A")}


def test_while_diskseq_is_the_same_the_drive_is_not_asked_again(make, tmp_path):
    """A command could end a self-test, or wake the drive."""
    give_diskseq(tmp_path, "sda", 41)
    answers = Answers(sda=A)
    found = make(answers)
    source = found.make_source()
    assert seen(source) == seen(source) == seen(found.make_source()) == {"/dev/sda": (41, "SN-A")}
    assert answers.asked == [("/dev/sda", "")]


def test_the_same_drive_with_another_diskseq_was_gone_in_between(make, tmp_path):
    give_diskseq(tmp_path, "sda", 41)
    source = make(Answers(sda=A)).make_source()
    source.open()
    give_diskseq(tmp_path, "sda", 44)
    assert seen(source) == {"/dev/sda": (44, "SN-A")}


def test_without_diskseq_another_drive_and_a_drive_that_came_back_have_new_numbers(make):
    answers = Answers(sda=A)
    source = make(answers).make_source()
    assert seen(source) == seen(source) == {"/dev/sda": (1, "SN-A")}
    answers.now["/dev/sda"] = B
    assert seen(source) == {"/dev/sda": (2, "SN-B")}
    answers.now["/dev/sda"] = DriveRemoved("/dev/sda is gone")
    assert seen(source) == {}
    answers.now["/dev/sda"] = B
    assert seen(source) == {"/dev/sda": (3, "SN-B")}


def test_numbers_survive_a_new_source(make):
    answers = Answers(sda=A, sdb=B)
    found = make(answers)
    before = seen(found.make_source())
    assert sorted(stay[0] for stay in before.values()) == [1, 2]
    assert seen(found.make_source()) == before


def test_a_drive_that_is_known_stays_while_it_cannot_be_read(make):
    answers = Answers(sda=A)
    source = make(answers).make_source()
    source.open()
    answers.now["/dev/sda"] = ToolTimeout("smartctl gave no answer")
    assert seen(source) == {"/dev/sda": (1, "SN-A")}


def test_a_drive_that_was_never_read_is_there_with_the_reason_and_the_remedy(make):
    (reason,) = seen(make(Answers(sda=ToolTimeout("smartctl gave no answer"))).make_source()).values()
    assert reason == "smartctl gave no answer; the drive may hang: pull it"


def test_a_drive_without_serial_number_and_wwn_cannot_be_told_from_another(make):
    (reason,) = seen(make(Answers(sda=Drive("", model="Bridge"))).make_source()).values()
    assert "neither serial number nor WWN" in reason


def test_a_hanging_node_delays_no_other_and_is_heard_later(make, monkeypatch):
    monkeypatch.setattr(nodes, "LISTING_S", 0.2)
    answers = Answers(sda=A, sdb=B)
    silence = answers.hanging["/dev/sdb"] = threading.Event()
    source = make(answers).make_source()
    found = seen(source)
    assert found["/dev/sda"] == (1, "SN-A")
    assert "/dev/sdb has not answered" in found["/dev/sdb"]
    silence.set()
    late = source.get(PATIENCE_S)
    assert late is not None
    assert (late.key, late.presence.drive) == ("/dev/sdb", B)


def test_a_node_that_still_hangs_is_not_asked_a_second_time(make, monkeypatch):
    monkeypatch.setattr(nodes, "LISTING_S", 0.05)
    answers = Answers(sda=A)
    silence = answers.hanging["/dev/sda"] = threading.Event()
    source = make(answers).make_source()
    source.open()
    source.open()
    silence.set()
    assert source.get(PATIENCE_S) is not None
    assert len(answers.asked) == 1


def test_a_missing_tool_is_said_once_for_all_with_its_remedy(make):
    missing = ToolMissing("smartctl cannot be found", remedy="install it")
    with pytest.raises(ToolMissing, match="smartctl cannot be found; install it"):
        make(Answers(sda=missing, sdb=missing)).make_source().open()


def test_close_wakes_whoever_waits_and_stops_what_was_asked(make):
    stopped = threading.Event()

    class Endless(Answers):
        def identify(self, node: str, device_type: str = "", *, stop: Event) -> tuple[Drive, str]:
            assert stop.wait(PATIENCE_S)
            stopped.set()
            raise ToolTimeout("stopped")

    source = make(Endless(sda=A)).make_source()
    threading.Timer(0.05, source.close).start()
    source.open()
    assert stopped.wait(PATIENCE_S)
    source.get(PATIENCE_S)
    assert source.get(3600) is None  # at once


def test_the_real_smartctl_adapter_fits(ata, ports, tmp_path):
    found = Nodes({"/dev/sda": NodePlace("/dev/sda", "sat")}, ata.smartctl(), ports, sys=tmp_path)
    (sighting,) = found.make_source().open()
    assert sighting.presence is not None
    assert sighting.presence.drive.serial == "SN-ATA"
    assert ata.calls() == ["--json=o -i -B /dev/null -d sat /dev/sda"]


def test_a_late_answer_about_what_has_left_since_is_not_told(ports, make):
    found = make(Answers(sda=A, sdb=B))
    rang = threading.Semaphore(0)
    asker = Asker(found, ports, rang.release)
    for node in ("/dev/sda", "/dev/sdb"):
        asker.ask(node)
        assert rang.acquire(timeout=PATIENCE_S)  # its answer is on its way
    found.forget("/dev/sda")
    assert asker.take().presence.drive == B
    assert asker.take() is None

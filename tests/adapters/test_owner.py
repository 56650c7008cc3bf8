"""One rack file has one owner, whatever else happens to the file."""

import os
import subprocess
import sys

import pytest

from orchestrator.adapters.owner import Owner
from orchestrator.model.errors import Refused
from orchestrator.rack import Rack

OWN = (
    "import sys; from pathlib import Path; from orchestrator.adapters.owner import Owner; o = Owner(Path(sys.argv[1]))"
)


def own(rack_file, then="pass"):
    """A process that becomes its owner, or says why not."""
    command = [sys.executable, "-c", f"{OWN}; {then}", rack_file]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


@pytest.fixture
def rack_file(tmp_path):
    path = tmp_path / "rack.yaml"
    path.write_text("slots: {1: {node: /dev/no-such-node}}\nsmartctl: {path: /no/such/smartctl}\n")
    return path


def test_a_second_process_is_refused_and_told_the_firsts_pid(rack_file):
    owner = Owner(rack_file)
    assert f"is owned by process {os.getpid()}" in own(rack_file).stderr
    owner.release()
    assert own(rack_file).returncode == 0


def test_a_dead_owner_owns_nothing(rack_file):
    assert own(rack_file, then="import os; os._exit(9)").returncode == 9
    Owner(rack_file).release()


def test_a_child_that_a_killed_owner_was_about_to_start_is_waited_for(rack_file):
    """Between fork and exec it has the lock too."""
    forks = "import os, time; os.fork() and os._exit(9); os.close(1); os.close(2); time.sleep(0.3)"
    assert own(rack_file, then=forks).returncode == 9
    Owner(rack_file).release()


def test_a_file_that_an_editor_replaced_and_a_link_to_it_are_still_owned(rack_file, tmp_path):
    owner = Owner(rack_file)
    new = tmp_path / "new"
    new.write_text(rack_file.read_text())
    new.replace(rack_file)
    link = tmp_path / "link.yaml"
    link.symlink_to(rack_file)
    with pytest.raises(Refused, match="owned by process"):
        Owner(link)
    owner.release()


def test_two_files_have_two_owners(rack_file, tmp_path):
    owners = [Owner(rack_file), Owner(tmp_path / "other.yaml")]
    for owner in owners:
        owner.release()


def test_a_rack_owns_its_file_until_it_is_closed(rack_file):
    with Rack.from_config(rack_file):
        with pytest.raises(Refused) as caught:
            Rack.from_config(rack_file)
        assert "one rack file has one owner" in caught.value.remedy
    Rack.from_config(rack_file).close()

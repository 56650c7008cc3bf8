"""Plans, budgets and temperatures in a rack file: what they may say, and every mistake with its place."""

import pytest

from orchestrator.model.drive import Protocol
from orchestrator.model.errors import ConfigError
from orchestrator.model.plan import Fits, OnStart, Plan, Step
from orchestrator.settings.rack_file import load_rack_file
from orchestrator.system.limits import budget_of, controller_of_slot

GOOD = """\
plans:
  incoming:
    on_insert:
      - read_health
      - run_smart_test: {kind: extended, poll_s: none}
    on_fail: locate
    when: {protocol: [ata, scsi], model: "ST*", least_tb: 4}
    on_start: test
    debounce_s: 5
plan: incoming
budget: {controller: {self_tests: 4}}
temperature: {pause_celsius: 50, resume_celsius: 45}
slots:
  1: {match: {id_path: "pci-0000:03:00.0-sas-exp0x50-phy1-lun-0"}}
  2: {node: /dev/sdb, plan: none}
  3: {node: /dev/sdc, plan: {on_insert: read_health}}
ranges:
  - {ids: 4-5, match: {hctl: "6:0:{n}:0"}}
"""


@pytest.fixture
def load(tmp_path):
    def write_and_load(text):
        path = tmp_path / "rack.yaml"
        path.write_text(text)
        return load_rack_file(path)

    return write_and_load


def test_slots_refer_to_a_plan_have_their_own_or_have_none(load):
    rack = load(GOOD)
    steps = (Step("read_health"), Step("run_smart_test", (("kind", "extended"), ("poll_s", None))))
    fits = Fits((Protocol.ATA, Protocol.SCSI), "ST*", 4 * 10**12)
    incoming = Plan("incoming", steps, (Step("locate"),), fits, OnStart.TEST, 5.0)
    plans = {slot_id: slot.plan for slot_id, slot in rack.slots.items()}
    assert plans == {1: incoming, 2: None, 3: Plan("slot 3", steps[:1]), 4: incoming, 5: incoming}


def test_budgets_and_controllers_come_from_the_file(load):
    rack = load(GOOD)
    assert budget_of(rack).controller.self_tests == 4
    assert [controller_of_slot(rack.slots[n]) for n in (1, 2, 4)] == ["pci-0000:03:00.0", None, "host6"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("plan: x", "1:7: no plan 'x' in `plans`; it takes none"),
        ("plans: {a: {on_insert: [read_helth]}}", "1:25: no operation 'read_helth'; did you mean 'read_health'?"),
        ("plans: {a: {on_insert: []}}", "1:24: a: on_insert names no operation"),
        ("plans: {a: {}}", "1:9: a needs on_insert"),
        ("plans: {a: {on_insrt: read_health}}", "1:13: a takes no 'on_insrt'; did you mean 'on_insert'?"),
        ("plans: {a: [read_health]}", "1:12: a takes a block of `key: value`, not a block"),
        ("plans: {a: {on_insert: [run_smart_test: {kind: shrt}]}}", "1:48: run_smart_test: kind is 'shrt'; it takes"),
        ("plans: {a: {on_insert: [run_smart_test: {poll_s: 0}]}}", "1:50: run_smart_test: poll_s is 0"),
        ("plans: {a: {on_insert: [run_smart_test: {kimd: x}]}}", "1:42: run_smart_test takes no 'kimd'; did you mean"),
        ("plans: {a: {on_insert: read_health, on_start: no}}", "1:47: on_start takes leave or test, not 'no'"),
        ("plans: {a: {on_insert: read_health, debounce_s: x}}", "1:49: debounce_s takes a number from 0"),
        ("plans: {a: {on_insert: read_health, when: {protocol: sas}}}", "1:54: protocol takes ata or nvme or scsi"),
        ("plans: {a: {on_insert: read_health, when: {least_tb: 4, most_tb: 2}}}", "1:66: no drive holds at least 4"),
        ("budget: {rack: {self_tests: 0}}", "1:29: rack: self_tests should be greater than or equal to 1"),
        ("budget: {shelf: {}}", "1:10: budget takes no 'shelf'"),
        ("temperature: {pause_celsius: 50, resume_celsius: 50}", "1:1: temperature needs a resume_celsius below"),
    ],
)
def test_a_mistake_names_its_place_and_what_was_meant(load, text, said):
    with pytest.raises(ConfigError) as caught:
        load(text + "\nsimulated: {}\n")
    assert [line for line in str(caught.value).splitlines() if f"rack.yaml:{said}" in line], str(caught.value)

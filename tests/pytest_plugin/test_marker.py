"""Which drives a mark allows, what is told of a wrong one, and why there is none."""

import pytest

from orchestrator.interfaces.pytest_plugin.marker import conditions, fitting, why_none
from orchestrator.model.drive import Drive, Protocol
from orchestrator.model.errors import InvalidArgument
from orchestrator.model.slot import SlotInfo, SlotState


def slot(number, protocol=None, size=None, model="M"):
    drive = Drive(f"SN{number}", model=model, capacity_bytes=size, protocol=protocol)
    return SlotInfo(number, str(number), SlotState.READY, drive, None)


SLOTS = (
    slot(1, Protocol.ATA, 4_000_787_030_016, "ST4000NM0035"),
    slot(2, Protocol.NVME, 960_197_124_096, "Samsung"),
    slot(3, Protocol.SCSI, 1_200_243_695_616, "ST1200MM0088"),
    slot(4),
    SlotInfo(5, "5", SlotState.EMPTY, None, None),
)


def allowed(*marks):
    return [found.id for found in fitting(SLOTS, conditions(pytest.mark.drive(**given).mark for given in marks))]


@pytest.mark.parametrize(
    ("given", "slots"),
    [
        ({}, [1, 2, 3, 4]),
        ({"protocol": "nvme"}, [2]),
        ({"protocol": ["ata", "scsi"]}, [1, 3]),
        ({"min_capacity": "1TB"}, [1, 3]),
        ({"max_capacity": "960.2 GB"}, [2]),
        ({"min_capacity": "1TiB"}, [1, 3]),
        ({"min_capacity": 1_200_243_695_616, "max_capacity": "2tb"}, [3]),
        ({"model": "st*"}, [1, 3]),
        ({"model": "ST*", "protocol": "ata"}, [1]),
        ({"protocol": None}, [1, 2, 3, 4]),
    ],
)
def test_what_a_drive_does_not_tell_fits_no_condition_on_it(given, slots):
    assert allowed(given) == slots


def test_of_several_marks_all_must_fit():
    assert allowed({"protocol": ["ata", "nvme"]}, {"min_capacity": "1TB"}) == [1]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"protocl": "nvme"}, "takes no 'protocl'; did you mean 'protocol'"),
        ({"rotational": True}, "takes no 'rotational'; it takes protocol, min_capacity, max_capacity, model"),
        ({"protocol": "nvmee"}, "protocol is 'nvmee'; did you mean 'nvme'"),
        ({"protocol": 3}, "protocol takes ata or nvme or scsi, not 3"),
        ({"protocol": []}, "protocol takes ata or nvme or scsi"),
        ({"min_capacity": "big"}, "min_capacity takes a size such as '1TB'"),
        ({"min_capacity": -1}, "min_capacity takes a size"),
        ({"max_capacity": True}, "max_capacity takes a size"),
        ({"min_capacity": "4TB", "max_capacity": "1TB"}, "no drive holds"),
        ({"model": 3}, "model takes a glob"),
    ],
)
def test_a_wrong_mark_is_told_with_what_it_takes(given, told):
    with pytest.raises(InvalidArgument, match="the mark drive") as refused:
        allowed(given)
    assert told in str(refused.value)


def test_a_condition_without_its_name_is_told_too():
    with pytest.raises(InvalidArgument, match="by name, not 'nvme'"):
        conditions([pytest.mark.drive("nvme").mark])


@pytest.mark.parametrize(
    ("slots", "given", "reason"),
    [
        (SLOTS[:1] * 8, {"protocol": "nvme"}, "no drive here: wants nvme, there are 8 ata"),
        (SLOTS[:2], {"protocol": "nvme", "min_capacity": "1TB"},
         "no drive here: wants nvme and at least 1 TB, there are 1 ata, 1 nvme; slot 2: it holds 0.960197 TB"),
        (SLOTS[4:], {}, "no drive here: there is none in 1 slots"),
        ((SlotInfo(1, "1", SlotState.UNKNOWN, None, None, "no udevd runs"),), {},
         "no drive here: there is none in 1 slots; no udevd runs"),
    ],
)  # fmt: skip
def test_the_reason_of_a_skip_says_what_is_there_instead(slots, given, reason):
    assert why_none(slots, conditions([pytest.mark.drive(**given).mark])) == reason

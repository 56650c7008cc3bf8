"""Rules and places: what covers what, and what a rack file can be told before any drive is there."""

import pytest

from orchestrator.model.place import Bay, Matcher, Place, Rule, overlap

SAS = "pci-0000:03:00.0-sas-exp0x5003048000000000-phy{}-lun-0"


def test_a_path_is_covered_as_it_is_and_not_by_its_beginning():
    matcher = Matcher({n: Rule(id_path=(SAS.format(n),)) for n in range(1, 25)})
    assert matcher.find(Place((SAS.format(1),))) == (1,)
    assert matcher.find(Place((SAS.format(11),))) == (11,)
    assert matcher.find(Place((SAS.format(25),))) == ()


@pytest.mark.parametrize(
    ("glob", "path", "covered"),
    [
        ("pci-*-phy1-lun-0", SAS.format(1), True),
        ("pci-*-phy1-lun-0", SAS.format(11), False),
        ("*-ata-[12]*", "pci-0000:00:1f.2-ata-2.0", True),
        ("*-ata-[12]*", "pci-0000:00:1f.2-ata-3", False),
        ("PCI-*", "pci-0000:00:1f.2-ata-3", False),
        ("*", "a\nb", True),
    ],
)
def test_globs(glob, path, covered):
    assert Matcher({1: Rule(id_path=(glob,))}).find(Place((path,))) == ((1,) if covered else ())


def test_sata_is_found_by_its_older_name_too():
    matcher = Matcher({7: Rule(id_path=("pci-0000:00:1f.2-ata-2",))})
    assert matcher.find(Place(("pci-0000:00:1f.2-ata-2.0", "pci-0000:00:1f.2-ata-2"))) == (7,)


@pytest.mark.parametrize("enclosure", ["0x5003048000000000", "0X5003048000000000", "0:0:24:0"])
@pytest.mark.parametrize("bay", ["7", "07", "Slot 07"])
def test_a_bay_is_named_by_number_or_name_and_its_enclosure_by_id_or_address(enclosure, bay):
    matcher = Matcher({7: Rule(enclosure=enclosure, bay=bay)})
    there = Bay("0x5003048000000000", "0:0:24:0", "7", "Slot 07")
    assert matcher.find(Place(bays=(there,))) == (7,)
    assert matcher.find(Place(bays=(Bay("0x5003048000000000", "0:0:24:0", "8", "Slot 08"),))) == ()


def test_two_expanders_show_one_bay_twice_and_it_is_one_slot():
    twice = tuple(Bay("0x5003048000000000", address, "3", "Slot 03") for address in ("0:0:24:0", "1:0:24:0"))
    assert Matcher({3: Rule(enclosure="0x5003048000000000", bay="3")}).find(Place(bays=twice)) == (3,)


def test_by_address_and_by_serial():
    matcher = Matcher({1: Rule(hctl="0:0:3:0"), 2: Rule(serial="SN-9")})
    assert matcher.find(Place(hctl="0:0:3:0")) == (1,)
    assert matcher.find(Place(serials=("SN-9",))) == (2,)
    assert matcher.find(Place(hctl="0:0:3:0", serials=("SN-9",))) == (1, 2), "a contradiction is not decided here"


@pytest.mark.parametrize(
    ("one", "other", "both_cover"),
    [
        (Rule(id_path=("a",)), Rule(id_path=("b", "a")), "a"),
        (Rule(id_path=("a*",)), Rule(id_path=("a*",)), "a*"),
        (Rule(id_path=("a*",)), Rule(id_path=("abc",)), "abc (by a*)"),
        (Rule(id_path=("abc",)), Rule(id_path=("a*",)), "abc (by a*)"),
        (Rule(id_path=("*-phy1*",)), Rule(id_path=("pci-*-phy1*",)), "pci-*-phy1*"),
        (Rule(hctl="0:0:3:0"), Rule(hctl="0:0:3:0"), "0:0:3:0"),
        (Rule(serial="SN"), Rule(serial="SN"), "SN"),
        (Rule(enclosure="0xA", bay="07"), Rule(enclosure="0xa", bay="7"), "0xa bay 7"),
    ],
)
def test_rules_that_cover_the_same_are_seen_in_the_file(one, other, both_cover):
    assert overlap({1: one, 2: other}) == {2: (1, both_cover)}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Rule(id_path=("*exp0xa*phy1-*",)), Rule(id_path=("*exp0xb*phy1-*",))),
        (Rule(id_path=("pci-*-phy1-lun-0",)), Rule(id_path=("pci-*-phy11-lun-0",))),
        (Rule(id_path=("a",)), Rule(serial="a")),
        (Rule(enclosure="0xa", bay="1"), Rule(enclosure="0xb", bay="1")),
    ],
)
def test_rules_that_need_not_meet_are_left_to_the_drives(one, other):
    assert overlap({1: one, 2: other}) == {}

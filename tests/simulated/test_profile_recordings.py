"""The profiles against recordings of the same drive models, where those are at hand."""

from pathlib import Path

import pytest

from orchestrator.adapters.smart_reader import read_report
from orchestrator.simulated.profile import load_profiles

RECORDINGS = Path(__file__).parents[2].parent / "shared" / "drives"
RECORDED = (
    ("HGST HUS726020ALA610", "sata_hdd-HGST-HUS726020ALA610-01.txt"),
    ("ST12000VN0007-2GS116", "sata_hdd-ST12000VN0007-2GS116-01.txt"),
    ("ST4000NM0245-1Z2107", "sata_hdd-ST4000NM0245-1Z2107-01.txt"),
    ("TOSHIBA MG04ACA400NY", "sata_hdd-TOSHIBA-MG04ACA400NY-01.txt"),
    ("INTEL SSDSC2KW512G8", "sata_ssd-INTEL-SSDSC2KW512G8-01.txt"),
    ("Samsung SSD 860 EVO 500GB", "sata_ssd-Samsung-SSD-860-EVO-500GB-01.json"),
    ("Samsung SSD 980 PRO 1TB", "nvme-Samsung-SSD-980-PRO-1TB-01.txt"),
    ("Sabrent Rocket 4.0 1TB", "nvme-Sabrent-Rocket-4-0-1TB-01.json"),
    ("SEAGATE ST1200MM0088", "scsi_hdd-SEAGATE-ST1200MM0088-01.json"),
    ("TOSHIBA AL15SEB120NY", "sas_hdd-TOSHIBA-AL15SEB120NY-01.json"),
    ("HGST HUSMR3280ASS200", "sas_ssd-HGST-HUSMR3280ASS200-01.json"),
)


@pytest.mark.parametrize(("model", "file"), RECORDED)
def test_a_profile_has_the_figures_of_the_real_drive(model: str, file: str):
    if not RECORDINGS.is_dir():
        pytest.skip("the recordings (../shared/drives) are not here")
    profile = next(profile for profile in load_profiles() if profile.model == model)
    recorded = read_report((RECORDINGS / file).read_bytes())
    assert (recorded.model, recorded.capacity_bytes) == (profile.model, profile.capacity_bytes)
    assert recorded.protocol is profile.protocol
    for kind, minutes in recorded.self_test_minutes:
        assert profile.minutes(kind) == minutes
    theirs = {line.id: (line.threshold, line.prefail) for line in recorded.attributes}
    ours = {line.id: (line.threshold, bool(line.flags & 1)) for line in profile.attributes}
    assert ours.items() <= theirs.items()

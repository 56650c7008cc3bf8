"""How an interface words what the records hold."""

import pytest

from orchestrator.interfaces import outcome


@pytest.mark.parametrize(
    ("capacity_bytes", "said"),
    [
        (4_000_787_030_016, "4.00 TB"),
        (10**12, "1.00 TB"),
        (512_110_190_592, "512 GB"),
        (8_388_608, "8 MB"),
        (65_536, "66 KB"),
        (512, "512 B"),
        (0, "0 B"),
        (None, "-"),
    ],
)
def test_a_size_is_in_the_unit_that_a_drive_of_it_has_printed_on_it(capacity_bytes, said):
    assert outcome.size_text(capacity_bytes) == said

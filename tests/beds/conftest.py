"""The preload bed as fixtures: the real smartctl asks our drive models. Skipped with the reason where it cannot be."""

import os
from collections.abc import Callable, Iterator

import pytest

from orchestrator.simulated.preload import PreloadBed
from tests.beds.debs import Bed, Missing, find_bed


@pytest.fixture(scope="session")
def tools() -> Bed:
    """The unpacked tools. With ORCHESTRATOR_NO_SKIP=1, as in CI, their absence is a failure."""
    try:
        return find_bed()
    except Missing as reason:
        if os.environ.get("ORCHESTRATOR_NO_SKIP"):
            pytest.fail(f"no preload bed: {reason}")
        pytest.skip(f"no preload bed: {reason}")


@pytest.fixture(scope="session")
def real_smartctl(tools: Bed) -> Callable[[str], str]:
    """The path of a version's unmodified smartctl: "7.3" or "7.4"."""
    return lambda version: str(tools.smartctl[version])


@pytest.fixture
def bed(tools: Bed) -> Iterator[PreloadBed]:
    with PreloadBed(tools.library) as bed:
        yield bed

"""The shipped drive profiles."""

import random

import pytest

from orchestrator.model.drive import Protocol
from orchestrator.simulated.drive import DriveModel
from orchestrator.simulated.profile import Profile, load_profiles


def test_there_are_at_least_24_profiles_of_all_three_protocols_and_both_media():
    profiles = load_profiles()
    assert len({profile.model for profile in profiles}) == len(profiles) >= 24
    kinds = {(profile.protocol, profile.is_ssd) for profile in profiles}
    assert kinds == {
        (Protocol.ATA, False),
        (Protocol.ATA, True),
        (Protocol.NVME, True),
        (Protocol.SCSI, False),
        (Protocol.SCSI, True),
    }


@pytest.mark.parametrize("profile", load_profiles(), ids=lambda profile: profile.model)
def test_a_new_drive_of_every_profile_is_sound(profile: Profile):
    drive = DriveModel(profile, profile.make_serial(random.Random(7)), lambda: 0.0)
    attributes = drive.attributes()
    assert all(line.value > line.threshold or line.threshold == 0 for line in attributes)
    assert all(line.worst > line.threshold or line.threshold == 0 for line in attributes)
    assert all(0 <= line.raw < 1 << 48 for line in attributes)
    assert len(attributes) <= 30
    assert len(profile.model) <= (24 if profile.protocol is Protocol.SCSI else 40)
    assert len(drive.serial) <= 20
    assert profile.capacity_bytes % profile.physical_block_bytes == 0
    assert drive.temperature_celsius < profile.temperature_limit_celsius


def test_serial_numbers_follow_the_pattern_and_the_seed():
    profile = load_profiles()[0]
    first, again = (profile.make_serial(random.Random(1)) for _ in range(2))
    assert first == again != profile.make_serial(random.Random(2))
    assert len(first) == len(profile.serial_pattern)

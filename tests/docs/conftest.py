"""A scene for each page and each example; its services have ended well."""

import pytest

from tests.docs.scene import Scene, make_history


@pytest.fixture(scope="session")
def history(tmp_path_factory):
    folder = tmp_path_factory.mktemp("history")
    return folder, make_history(folder)


@pytest.fixture
def scene(tmp_path, history):
    scene = Scene(tmp_path, *history)
    yield scene
    for said, status in scene.close().items():
        assert status == 0, said

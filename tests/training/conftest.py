"""What every test of training needs."""

import pytest


@pytest.fixture(autouse=True, scope="session")
def _own_data_root(tmp_path_factory):
    """Keep downloads and decoded pictures out of the user's own cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANSCOPE_DATA", str(tmp_path_factory.mktemp("data")))
        yield


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """Give one test a cache of its own; returns the folder of decoded pictures."""
    monkeypatch.setenv("GANSCOPE_DATA", str(tmp_path / "cache"))
    return tmp_path / "cache" / "decoded"

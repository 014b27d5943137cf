"""What several files of tests share: closed figures, one test for each notebook, a browser, an empty cache of MNIST."""

import os
import shutil
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import nbformat
import pytest

from course_utils import data, plots

ROOT = Path(__file__).resolve().parents[1]
PATHS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(autouse=True)
def close_figures():
    """Draw in the style of the course, and leave no figure and no setting behind."""
    with plt.rc_context():
        plots.use_style()
        yield
    plt.close("all")


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def path(request):
    """Each notebook in turn."""
    return request.param


@pytest.fixture
def notebook(path):
    """The notebook itself."""
    return nbformat.read(path, as_version=4)


@pytest.fixture(scope="session")
def chromium():
    """The browser to test with."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not found:
        pytest.skip("there is no chromium on this machine")
    return found


@pytest.fixture
def empty_cache(monkeypatch, tmp_path):
    """MNIST was neither fetched nor missed so far, and no setting says where it is."""
    monkeypatch.setattr(data, "CACHE", tmp_path / "my data [1] 数据" / "mnist")
    for name, value in {"_said": set(), "_failed_mirrors": {}, "_unkept": {}}.items():
        monkeypatch.setattr(data, name, value)
    for name in ("COURSE_MNIST", "COURSE_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path

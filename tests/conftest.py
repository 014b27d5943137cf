"""What several files of tests share: figures that are closed again, and one test for each notebook."""

from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import nbformat
import pytest

from course_utils import plots

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

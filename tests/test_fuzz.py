"""Files with random damage are read as they were written, or one sentence says why not."""

import contextlib
import copy
import hashlib
import io
import json
from unittest import mock

import faults
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from course_utils import checkpoints, data, environment
from course_utils.lessons import u03_recording as recording

DAMAGES = {
    "cut": lambda content, at, new: content[:at],
    "overwrite": lambda content, at, new: content[:at] + new + content[at + len(new) :],
    "insert": lambda content, at, new: content[:at] + new + content[at:],
    "leave out": lambda content, at, new: content[:at] + content[at + len(new) :],
    "flip": lambda content, at, new: content[:at] + bytes(b ^ new[0] for b in content[at : at + 1]) + content[at + 1 :],
}
edits = st.lists(
    st.tuples(st.sampled_from(list(DAMAGES)), st.floats(0, 1), st.binary(min_size=1, max_size=16)),
    min_size=1,
    max_size=4,
)


def damaged(content, edits):
    """Return the content after some edits: a kind, a place from 0 to 1 in the content, and bytes to put there."""
    for kind, place, new in edits:
        content = DAMAGES[kind](content, int(place * len(content)), new)
    return content


def assert_one_sentence(error, name):
    assert name in str(error) and "\n" not in str(error) and str(error).endswith("."), error


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One folder for all examples."""
    return tmp_path_factory.mktemp("fuzz")


@given(edits=edits, signed=st.booleans())
def test_a_damaged_checkpoint(edits, signed, folder):
    """Also one whose last line was made anew, by somebody who wants to harm."""
    torch.manual_seed(0)
    path = folder / "run.pt"
    run = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)), torch.Generator()
    optimizer = torch.optim.SGD(run[0].parameters(), 0.1, momentum=0.9)
    checkpoints.save(path, run[0], optimizer, run[1], epoch=1)
    whole = path.read_bytes()
    content = damaged(whole[: -checkpoints.LAST_LINE_LENGTH] if signed else whole, edits)
    path.write_bytes(content + checkpoints._last_line(content) if signed else content)
    before = copy.deepcopy((run[0].state_dict(), optimizer.state_dict(), run[1].get_state(), torch.get_rng_state()))
    try:
        extra = checkpoints.load(path, run[0], optimizer, run[1])
    except ValueError as error:
        assert_one_sentence(error, "run.pt")
    else:
        assert signed or (content == whole and extra == {"epoch": 1})
        return
    after = run[0].state_dict(), optimizer.state_dict(), run[1].get_state(), torch.get_rng_state()
    assert str(before) == str(after), "nothing was changed"


@given(edits=edits, name=st.sampled_from(faults.NAMES))
def test_a_damaged_file_of_mnist(edits, name, folder):
    """The digits stand in for all four files, and a line names the bad one."""
    for n in faults.NAMES:
        (folder / n).write_bytes(faults.GOOD[n])
    content = damaged(faults.GOOD[name], edits)
    (folder / name).write_bytes(content)
    said, settings = io.StringIO(), {"COURSE_MNIST": str(folder), "COURSE_OFFLINE": "1"}
    sums = {n: hashlib.sha256(good).hexdigest() for n, good in faults.GOOD.items()}
    with (
        mock.patch.multiple(
            data, MNIST_FILES=sums, load_digits=lambda train: "the digits", _said=set(), _failed_mirrors={}
        ),
        mock.patch.object(environment, "cache_folder", lambda: folder / "none"),
        mock.patch.dict("os.environ", settings),
        contextlib.redirect_stdout(said),
    ):
        loaded = data.load_mnist(train=True)
    if content == faults.GOOD[name]:
        assert faults.is_good(loaded) and said.getvalue() == ""
    else:
        named, stand_in = said.getvalue().splitlines()
        assert loaded == "the digits" and stand_in == data.NO_MNIST
        assert named.startswith(f"{name} in {folder} is not the official MNIST file")


@pytest.fixture(scope="module")
def recorded():
    """The bytes of a recording."""
    return json.dumps(recording.measure(torch.device("cpu"), sizes=(8, 16), passes=1), indent=1).encode()


@given(edits=edits)
def test_a_damaged_recording(edits, recorded, folder):
    path = folder / "r.json"
    path.write_bytes(damaged(recorded, edits))
    try:
        results = recording.read(path)
    except ValueError as error:
        assert "r.json is no recording of this course. Make it again: " in str(error)
    else:
        assert set(recording.FACTS) <= set(results)

"""A checkpoint is whole or not there, runs no code, and a resumed run is the run that never stopped."""

import contextlib
import copy
import io
import os
import pickle
import random
import signal
import time

import numpy as np
import pytest
import torch
from faults import end_at_size, forks, full_disk, in_a_child, posix
from torch import nn

from course_utils import checkpoints, data, optimizers, training

x = torch.linspace(-2, 2, 60 * 6).view(60, 6).sin()
y = (x.sum(dim=1) > 0).long()

OPTIMIZERS = {
    **{f"torch {k}": v for k, v in {
        "SGD": lambda p: torch.optim.SGD(p, 0.1),
        "Momentum": lambda p: torch.optim.SGD(p, 0.05, momentum=0.9, nesterov=True),
        "Adagrad": lambda p: torch.optim.Adagrad(p, 0.1),
        "RMSprop": torch.optim.RMSprop,
        "Adadelta": torch.optim.Adadelta,
        "Adam": lambda p: torch.optim.Adam(p, amsgrad=True),
        "AdamW": torch.optim.AdamW,
        "Adafactor": torch.optim.Adafactor,
    }.items()},
    **{f"course {k}": v for k, v in {
        "SGD": lambda p: optimizers.SGD(p, 0.1),
        "Momentum": lambda p: optimizers.Momentum(p, 0.05),
        "Nesterov": lambda p: optimizers.Nesterov(p, 0.05),
        "Adagrad": lambda p: optimizers.Adagrad(p, 0.1),
        "RMSprop": lambda p: optimizers.RMSprop(p, 0.01),
        "Adadelta": optimizers.Adadelta,
        "Adam": lambda p: optimizers.Adam(p, 0.01, amsgrad=True),
        "AdamW": lambda p: optimizers.AdamW(p, 0.01),
    }.items()},
}  # fmt: skip


def network():
    return nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Dropout(), nn.ReLU(), nn.Linear(8, 2))


def start(seed, make_optimizer=torch.optim.Adam, make_model=network):
    """Everything a run depends on: the global random state, a model, an optimizer and the loader's generator."""
    torch.manual_seed(seed)
    model = make_model()
    return model, make_optimizer(model.parameters()), torch.Generator().manual_seed(seed)


def train(run, epochs):
    model, optimizer, generator = run
    batches = data.TensorBatches(x, y, 16, generator=generator)
    return training.fit(model, batches, nn.functional.cross_entropy, optimizer, epochs, quiet=True).losses


def everything(run):
    """Return a copy of all that a checkpoint restores."""
    model, optimizer, generator = run
    ours = isinstance(optimizer, optimizers.Optimizer)
    memory = (optimizer.state, optimizer.lr) if ours else optimizer.state_dict()
    return copy.deepcopy((dict(model.state_dict()), memory, generator.get_state(), torch.get_rng_state()))


def equal(a, b):
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return list(a) == list(b) and all(equal(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(equal(i, j) for i, j in zip(a, b, strict=True))
    return a == b


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_two_epochs_and_two_epochs_are_four_bit_for_bit(name, tmp_path):
    make = OPTIMIZERS[name]
    whole = start(1, make)
    losses = train(whole, 4)
    expected = everything(whole)

    first = start(1, make)
    early = train(first, 2)
    checkpoints.save(tmp_path / "run.pt", *first, epoch=2, losses=early)
    second = start(99, make)
    extra = checkpoints.load(tmp_path / "run.pt", *second)
    assert extra == {"epoch": 2, "losses": early}
    assert early + train(second, 2) == losses
    assert equal(everything(second), expected)

    other = start(99, make)
    other[0].load_state_dict(first[0].state_dict())
    assert early + train(other, 2) != losses, "the weights alone are not enough, so this test can tell"


def test_the_settings_come_from_the_checkpoint(tmp_path):
    for make in (torch.optim.Adam, optimizers.Adam):
        run, other = start(1, lambda p, make=make: make(p, lr=0.25)), start(1, lambda p, make=make: make(p, lr=0.5))
        checkpoints.save(tmp_path / "run.pt", *run)
        checkpoints.load(tmp_path / "run.pt", *other)
        assert (other[1].lr if make is optimizers.Adam else other[1].param_groups[0]["lr"]) == 0.25


def test_a_schedule_resumes_too(tmp_path):
    def run_with_schedule(seed):
        run = start(seed, lambda p: torch.optim.SGD(p, 0.4))
        return run, torch.optim.lr_scheduler.CosineAnnealingLR(run[1], 10)

    run, schedule = run_with_schedule(1)
    train(run, 1)
    schedule.step()
    checkpoints.save(tmp_path / "run.pt", *run, schedule=schedule.state_dict())
    second, other = run_with_schedule(2)
    other.load_state_dict(checkpoints.load(tmp_path / "run.pt", *second)["schedule"])
    for s in (schedule, other):
        s.optimizer.step()
        s.step()
    assert run[1].param_groups[0]["lr"] == second[1].param_groups[0]["lr"] < 0.4


def test_weights_alone_leave_the_random_state_alone(tmp_path):
    checkpoints.save(tmp_path / "run.pt", *start(1))
    model, _, _ = start(2)
    before = torch.get_rng_state()
    assert checkpoints.load(tmp_path / "run.pt", model) == {}
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(model[0].weight, start(1)[0][0].weight)


def test_it_opens_without_the_course(tmp_path):
    run = start(1)
    checkpoints.save(tmp_path / "run.pt", *run)
    state = torch.load(tmp_path / "run.pt", weights_only=True)
    assert equal(state["model"], dict(run[0].state_dict()))


@pytest.fixture
def saved(tmp_path):
    """A checkpoint, and a check that loading it is refused in one sentence and changes nothing."""
    path = tmp_path / "run.pt"
    run = start(1)
    train(run, 1)
    checkpoints.save(path, *run)

    def refused(words, run=None, error=ValueError):
        run = run or start(2)
        before = everything((*run[:2], run[2] or torch.Generator()))
        with pytest.raises(error, match=words) as caught:
            checkpoints.load(path, *run)
        assert equal(everything((*run[:2], run[2] or torch.Generator())), before), "nothing is changed"
        assert "\n" not in str(caught.value) and str(path.parent) not in str(caught.value)

    return path, refused


def test_a_cut_file(saved):
    path, refused = saved
    whole = path.read_bytes()
    for length in [0, 1, 100, len(whole) // 2, len(whole) - checkpoints.LAST_LINE_LENGTH, len(whole) - 1]:
        path.write_bytes(whole[:length])
        refused("cut off")


def test_every_flipped_bit_is_seen(saved):
    path, refused = saved
    whole = path.read_bytes()
    places = [*range(0, len(whole), len(whole) // 60), *range(len(whole) - checkpoints.LAST_LINE_LENGTH, len(whole))]
    silent = 0
    for i in places:
        changed = bytearray(whole)
        changed[i] ^= 1 << i % 8
        path.write_bytes(changed)
        refused("damaged|cut off")
        with contextlib.suppress(Exception):
            silent += bool(torch.load(path, weights_only=True))
    assert silent > len(places) / 4, "torch.load alone takes many of them without a word"


class Payload:
    """Pickle would call ``open`` for this object, and so make a file."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("form", ["pickle", "old torch.save", "torch.save", "whole module", "inside a checkpoint"])
def test_a_foreign_pickle_is_not_run(form, signed, saved, tmp_path, recwarn):
    path, refused = saved
    flag = tmp_path / "it ran"
    content = io.BytesIO()
    if form == "pickle":
        pickle.dump(Payload(flag), content)
    elif form == "inside a checkpoint":
        state = torch.load(path, weights_only=True)
        torch.save(state | {"extra": Payload(flag)}, content)
    elif form == "whole module":
        module = nn.Linear(1, 1)
        module.payload = Payload(flag)
        torch.save(module, content)
    else:
        torch.save({"model": Payload(flag)}, content, _use_new_zipfile_serialization=form == "torch.save")
    content = content.getvalue()
    path.write_bytes(content + checkpoints._last_line(content) if signed else content)
    refused("No code of it was run" if signed else "did not write it")
    assert not flag.exists()
    if form == "pickle":
        pickle.loads(content).close()
    else:
        torch.load(io.BytesIO(content), weights_only=False)
    assert flag.exists(), "the payload works, so this test can tell"


def test_plain_content_of_another_shape_is_no_checkpoint(saved):
    path, refused = saved
    for other in ({"model": {}}, [1, 2], torch.zeros(3)):
        content = io.BytesIO()
        torch.save(other, content)
        path.write_bytes(content.getvalue() + checkpoints._last_line(content.getvalue()))
        refused("something other than a checkpoint")


ARCHITECTURES = {
    "a wider layer": (lambda: nn.Sequential(nn.Linear(6, 9), *network()[1:]), r"'0.weight' it has \(8, 6\).*\(9, 6\)"),
    "another activation": (lambda: nn.Sequential(*network()[:3], nn.Tanh(), network()[4]), "'3' it has ReLU.*Tanh"),
    "one layer less": (lambda: network()[:4], "'4' it has Linear, and your model has nothing"),
    "one layer more": (lambda: nn.Sequential(*network(), nn.ReLU()), "'5' it has nothing, and your model has ReLU"),
    "another dtype": (lambda: network().double(), "float32.*float64"),
    "no bias": (lambda: nn.Sequential(*network()[:4], nn.Linear(8, 2, bias=False)), "'4.bias' it has"),
}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_another_architecture(name, saved):
    make, words = ARCHITECTURES[name]
    saved[1](words, start(2, make_model=make))


def groups_of(p):
    p = list(p)
    return torch.optim.Adam([{"params": p[:1]}, {"params": p[1:]}])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (torch.optim.AdamW, "holds torch.optim.Adam, and your optimizer is torch.optim.AdamW"),
        (optimizers.Adam, "holds torch.optim.Adam, and your optimizer is the course's Adam"),
        (groups_of, "made for other parameters"),
        (lambda p: torch.optim.Adam(list(p)[::-1]), "made for other parameters"),
        (lambda p: torch.optim.Adam(list(p)[:2]), "made for other parameters"),
    ],
)
def test_another_optimizer(make, words, saved):
    saved[1](words, start(2, lambda p: make(p) if make is not optimizers.Adam else make(p, 0.1)))


def test_what_was_not_saved_is_not_restored(saved):
    path, refused = saved
    model, optimizer, generator = start(1)
    checkpoints.save(path, model, optimizer)
    refused("holds no generator")
    checkpoints.save(path, model, generator=generator)
    refused("holds no optimizer")


def test_an_unknown_optimizer_gets_one_sentence(tmp_path):
    with pytest.raises(ValueError, match="optimizer is of the type list"):
        checkpoints.save(tmp_path / "run.pt", network(), [1])


def test_extra_comes_back_as_plain_python(tmp_path):
    model = network()
    given = {
        "a": np.float64(0.5), "b": np.int64(3), "c": [np.bool_(True), (1, None)], "d": {"e": {2: "数字"}},
        "f": torch.arange(3), "g": 2**70, "h": float("inf"),
    }  # fmt: skip
    checkpoints.save(tmp_path / "run.pt", model, **given)
    back = checkpoints.load(tmp_path / "run.pt", model)
    assert torch.equal(back.pop("f"), torch.arange(3))
    assert back == {"a": 0.5, "b": 3, "c": [True, (1, None)], "d": {"e": {2: "数字"}}, "g": 2**70, "h": float("inf")}
    assert type(back["a"]) is float and type(back["b"]) is int and type(back["c"][0]) is bool


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.zeros(3), r"extra\['v'\] is of the type ndarray"),
        ([1, {"k": {1, 2}}], r"extra\['v'\]\[1\]\['k'\] is of the type set"),
        (training.History(), "of the type History"),
        (lambda: 1, "of the type function"),
        (np.datetime64("2024-01-01"), "of the type date"),
        (np.longdouble(1), "of the type longdouble"),
        ({(1, object()): 1}, "of the type object"),
    ],
)
def test_anything_else_is_refused_and_the_old_file_stays(value, words, tmp_path):
    path = tmp_path / "run.pt"
    checkpoints.save(path, network(), epoch=1)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=words):
        checkpoints.save(path, network(), v=value)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_a_row_does_not_bring_its_tensor_along(tmp_path):
    path = tmp_path / "run.pt"
    table = torch.zeros(1000, 1000)
    checkpoints.save(path, nn.Linear(1, 1), row=table[3], column=table[:, 3], wide=torch.zeros(1).expand(10))
    assert path.stat().st_size < 40_000
    back = checkpoints.load(path, nn.Linear(1, 1))
    assert back["row"].shape == back["column"].shape == (1000,) and back["wide"].shape == (10,)


def test_saving_changes_nothing(tmp_path):
    run = start(1)
    train(run, 1)
    before = everything(run)
    grads = [p.grad.clone() for p in run[0].parameters()]
    checkpoints.save(tmp_path / "run.pt", *run)
    assert equal(everything(run), before) and equal([p.grad for p in run[0].parameters()], grads)


@posix
def test_a_disk_that_is_full_leaves_the_old_file(tmp_path):
    path = tmp_path / "run.pt"
    checkpoints.save(path, network(), epoch=1)
    with (
        full_disk(3000),
        pytest.raises(OSError, match=r"run.pt could not be written: .*\. An earlier file is as it was\."),
    ):
        checkpoints.save(path, network(), epoch=2)
    assert list(tmp_path.iterdir()) == [path] and checkpoints.load(path, network()) == {"epoch": 1}


def test_places_that_cannot_be_written_or_read(tmp_path):
    (tmp_path / "file").touch()  # where a folder is needed
    for path in (tmp_path / "file" / "run.pt", tmp_path / "nowhere" / "run.pt", tmp_path):
        with pytest.raises(OSError, match="could not be written"):
            checkpoints.save(path, network())
        with pytest.raises(OSError, match="could not be read"):
            checkpoints.load(path, network())
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_names_with_spaces_and_brackets(tmp_path):
    path = tmp_path / "my run 数字 [1].pt"
    checkpoints.save(str(path), network(), epoch=7)
    assert checkpoints.load(str(path), network()) == {"epoch": 7}


@posix
def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "link.pt").symlink_to(tmp_path / "run.pt")
    checkpoints.save(tmp_path / "link.pt", network(), epoch=1)
    assert (tmp_path / "link.pt").is_symlink() and not (tmp_path / "run.pt").is_symlink()


def die(*args):
    os.kill(os.getpid(), signal.SIGKILL)


@forks
@pytest.mark.parametrize("moment", ["half written", "before it is on the disk", "before it gets its name", "after"])
def test_killed_while_saving(moment, tmp_path):
    path = tmp_path / "run.pt"
    checkpoints.save(path, network(), epoch=1)

    def work():
        if moment == "half written":
            end_at_size(3000)
        elif moment == "before it is on the disk":
            os.fsync = die
        elif moment == "before it gets its name":
            type(path).replace = die
        checkpoints.save(path, network(), epoch=2)
        die()

    _, status = os.waitpid(in_a_child(work), 0)
    assert os.WIFSIGNALED(status), "the process was killed where we wanted"
    assert checkpoints.load(path, network()) == {"epoch": 2 if moment == "after" else 1}
    parts = [p for p in tmp_path.iterdir() if p != path]
    assert len(parts) == (moment != "after")
    if moment == "half written":
        assert parts[0].stat().st_size == 3000

    checkpoints.save(path, network(), epoch=3)
    assert all(p.exists() for p in parts), "another process may be writing it"
    for p in parts:
        os.utime(p, (time.time() - 7200,) * 2)
    checkpoints.save(path, network(), epoch=4)
    assert list(tmp_path.iterdir()) == [path], "what a kill left behind is gone after an hour"


@forks
def test_killed_at_twenty_random_moments(tmp_path):
    path = tmp_path / "run.pt"
    model = nn.Linear(300, 300)

    def save(epoch):
        nn.init.constant_(model.weight, epoch)
        checkpoints.save(path, model, torch.optim.SGD(model.parameters(), 0.1), epoch=epoch)

    def work(first):
        for epoch in range(first, 10**6):
            save(epoch)

    save(0)
    last = 0
    for _ in range(20):
        child = in_a_child(lambda first=last + 1: work(first))
        time.sleep(random.uniform(0.01, 0.05))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        epoch = checkpoints.load(path, model)["epoch"]
        assert epoch >= last and (model.weight == epoch).all()
        last = epoch
    assert last > 0, "the processes did save"


@forks
def test_two_processes_save_to_one_name(tmp_path):
    path = tmp_path / "run.pt"

    def work(number):
        model = nn.Linear(100, 100)
        for _ in range(20):
            nn.init.constant_(model.weight, number)
            checkpoints.save(path, model, number=number)
        os._exit(0)

    children = [in_a_child(lambda n=n: work(n)) for n in (1, 2, 3)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    model = nn.Linear(100, 100)
    assert (model.weight == checkpoints.load(path, model)["number"]).all()
    assert list(tmp_path.iterdir()) == [path]

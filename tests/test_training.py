"""fit is the plain loop, compare is fair, and a run that fails says so and keeps what it has."""

import _thread
import contextlib
import itertools
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

from course_utils import data, optimizers, training


def problem(seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(200, 4, generator=generator)
    return x, (x[:, 0] + 0.5 * x[:, 1] > 0).long()


def small_net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))


def test_fit_is_the_plain_loop():
    x, y = problem()
    ours, plain = small_net(), small_net()
    history = training.fit(
        ours,
        data.TensorBatches(x, y, 64, generator=torch.Generator().manual_seed(3)),
        nn.functional.cross_entropy,
        torch.optim.SGD(ours.parameters(), lr=0.1),
        epochs=3,
    )
    optimizer = torch.optim.SGD(plain.parameters(), lr=0.1)
    losses = []
    batches = data.TensorBatches(x, y, 64, generator=torch.Generator().manual_seed(3))
    for _ in range(3):
        for bx, by in batches:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(plain(bx), by)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    assert history.losses == losses and len(losses) == 12
    sizes = [64, 64, 64, len(x) - 192]
    assert history.epoch_losses == [
        pytest.approx(sum(n * loss for n, loss in zip(sizes, losses[i : i + 4], strict=True)) / len(x))
        for i in (0, 4, 8)
    ]
    assert all(torch.equal(p, q) for p, q in zip(ours.parameters(), plain.parameters(), strict=True))
    assert history.seconds > 0 and history.problem == ""


def test_the_loss_of_an_epoch_is_the_mean_over_its_samples():
    """A last batch of six counts six samples, not as much as a whole batch."""
    (x, y), model = problem(), small_net()
    x, y = x[:70], y[:70]
    y[64:] = (y[64:] + 1) % 2  # the short batch has another loss than the rest
    still = torch.optim.SGD(model.parameters(), lr=0.0)
    history = training.fit(
        model, data.TensorBatches(x, y, 64, shuffle=False), nn.functional.cross_entropy, still, epochs=1
    )
    whole = nn.functional.cross_entropy(model(x), y).item()
    assert history.epoch_losses[0] == pytest.approx(whole, rel=1e-6)
    assert abs(sum(history.losses) / 2 - whole) > 0.01


def test_a_nan_loss_ends_the_run_and_keeps_the_history(capsys):
    x, y = problem()
    model = small_net()
    batches = [(x[:64], y[:64]), (x[64:128], y[64:128]), (x[:64] * float("nan"), y[:64]), (x[128:], y[128:])]
    before = []

    class Watching(torch.optim.SGD):
        def step(self):
            super().step()
            before.append([p.detach().clone() for p in model.parameters()])

    history = training.fit(model, batches, nn.functional.cross_entropy, Watching(model.parameters(), lr=0.1), epochs=4)
    assert len(history.losses) == 2 and history.epoch_losses == []
    assert "epoch 1, step 3" in history.problem and history.problem in capsys.readouterr().out
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), before[-1], strict=True)), (
        "the bad step was not made"
    )


def test_fit_asks_for_epochs_and_batches():
    model = small_net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for epochs in (0, -1, 2.5, "3"):
        with pytest.raises(ValueError, match="epochs is"):
            training.fit(model, [], nn.functional.cross_entropy, optimizer, epochs)
    with pytest.raises(ValueError, match="no batches"):
        training.fit(model, [], nn.functional.cross_entropy, optimizer, 1)
    x, y = problem()
    once = iter(data.TensorBatches(x, y, 64))
    with pytest.raises(ValueError, match="only once"):
        training.fit(model, once, nn.functional.cross_entropy, optimizer, 2)


def test_evaluate_counts_samples_not_batches():
    class Identity(nn.Module):
        def forward(self, x):
            assert not self.training
            return x

    scores = torch.eye(3)[torch.tensor([0, 1, 2, 0])]
    labels = torch.tensor([0, 1, 2, 2])
    model = Identity().train()
    assert training.evaluate(model, data.TensorBatches(scores, labels, 3, shuffle=False)) == 0.75
    assert model.training, "the mode is put back"
    with pytest.raises(ValueError, match="no batches"):
        training.evaluate(model, [])


def test_evaluate_puts_each_layer_back_into_its_own_mode():
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)).train()
    model[1].eval()  # frozen, as in fine-tuning
    x, y = problem()
    for batches in ([(x, y)], [(x, y), (x[:, :3], y)]):  # the second one fails, in its second batch
        with contextlib.suppress(RuntimeError):
            training.evaluate(model, batches)
        assert [layer.training for layer in model.modules()] == [True, True, False, True]


def pair():
    return {
        "ours": lambda params: optimizers.Adam(params, lr=0.01),
        "torch": lambda params: torch.optim.Adam(params, lr=0.01),
    }


def test_compare_is_fair_and_the_same_side_by_side():
    x, y = problem()
    model = small_net()
    start = [p.detach().clone() for p in model.parameters()]
    runs = {
        workers: training.compare(model, pair(), (x, y), (x, y), epochs=2, batch_size=16, seeds=(0, 1), workers=workers)
        for workers in (1, 2)
    }
    assert [(r.name, r.seed) for r in runs[2]] == [("ours", 0), ("torch", 0), ("ours", 1), ("torch", 1)]
    for one, two in zip(runs[1], runs[2], strict=True):
        assert one.history.losses == two.history.losses and one.accuracy == two.accuracy
    ours, theirs = runs[2][:2]
    assert ours.history.losses[0] == theirs.history.losses[0], "same weights, same first batch"
    assert max(abs(a - b) for a, b in zip(ours.history.losses, theirs.history.losses, strict=True)) < 1e-4
    assert runs[2][0].history.losses != runs[2][2].history.losses, "another seed, another run"
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), start, strict=True)), (
        "the given model is not changed"
    )


def test_checks_measure_within_an_epoch_and_change_nothing():
    x, y = problem()
    plain = training.compare(small_net(), pair(), (x, y), (x[:50], y[:50]), epochs=2, batch_size=16)
    runs = training.compare(small_net(), pair(), (x, y), (x[:50], y[:50]), epochs=2, batch_size=16, checks=2)
    for before, run in zip(plain, runs, strict=True):
        assert before.accuracies == [] and run.history.losses == before.history.losses
        assert [step for step, _ in run.accuracies] == [6, 13, 19, 26], "13 batches an epoch"
        assert run.accuracies[-1][1] == run.accuracy == before.accuracy
        assert [run.steps_to(a) for _, a in run.accuracies[:1]] == [6] and run.steps_to(1.1) is None
    shorter = training.compare(
        small_net(), pair(), (x[:96], y[:96]), (x[:50], y[:50]), epochs=1, batch_size=16, checks=1
    )
    assert [run.accuracies for run in shorter] == [[(6, run.accuracy)] for run in shorter]


@pytest.mark.parametrize(("setting", "workers"), [("1", 1), ("3", 3), ("", 2), (None, 2)])
def test_the_environment_says_how_many_runs_go_side_by_side(setting, workers, monkeypatch):
    monkeypatch.delenv("COURSE_WORKERS", raising=False)
    if setting is not None:
        monkeypatch.setenv("COURSE_WORKERS", setting)
    threads = []
    monkeypatch.setattr(
        training, "ThreadPoolExecutor", lambda n, **kw: threads.append(n) or ThreadPoolExecutor(n, **kw)
    )
    x, y = problem()
    for asked in (None, 4):
        training.compare(small_net(), pair(), (x, y), (x, y), epochs=1, workers=asked)
    assert threads == [workers, 4]


@pytest.mark.parametrize("setting", ["0", "-1", "two", "1.5", "²"])
def test_a_setting_that_is_no_number_gets_one_sentence(setting, monkeypatch):
    monkeypatch.setenv("COURSE_WORKERS", setting)
    with pytest.raises(ValueError, match=f"^COURSE_WORKERS is '{setting}'. It must be a whole number"):
        training.compare(small_net(), pair(), problem(), problem(), epochs=1)


def test_compare_leaves_the_random_state_alone():
    x, y = problem()
    model = small_net()
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    training.compare(model, pair(), (x, y), (x, y), epochs=1)
    assert torch.equal(torch.rand(3), expected)


def test_compare_does_not_seed_the_gpus(monkeypatch):
    (x, y), net = problem(), small_net()
    monkeypatch.setattr(torch.cuda, "manual_seed_all", lambda seed: pytest.fail("the GPUs keep their random numbers"))
    training.compare(net, pair(), (x, y), (x, y), epochs=1)


@pytest.mark.parametrize("workers", [1, 2])
def test_stop_ends_the_runs_at_their_next_batch(workers):
    numbers = itertools.count(1)

    def loss_fn(prediction, target):
        number = next(numbers)  # no two threads get the same one
        if number == 20:
            _thread.interrupt_main()  # what Stop does to a kernel, and it wakes no thread that waits
        assert number < 10**5, "the runs go on to the end"
        return nn.functional.cross_entropy(prediction, target)

    x, y = problem()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's job in the background ignores it
    try:
        with pytest.raises(KeyboardInterrupt):
            training.compare(small_net(), pair(), (x, y), (x, y), epochs=10**6, loss_fn=loss_fn, workers=workers)
    finally:
        signal.signal(signal.SIGINT, before)


def test_compare_goes_on_after_a_run_that_fails(capsys):
    x, y = problem()
    choices = {"too large": lambda params: torch.optim.SGD(params, lr=1e30), **pair()}
    failed, *others = training.compare(small_net(), choices, (x * 1e10, y), (x, y), epochs=2)
    assert failed.history.problem and all(r.history.epoch_losses for r in others if not r.history.problem)
    assert "too large, seed 0: The loss became" in capsys.readouterr().out

"""The data is the right data, wherever it comes from. What can go wrong on the way is in test_data_faults.py."""

import hashlib
import pickle

import faults
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from course_utils import data, environment
from tools import ROOT


def test_shipped_files_are_listed_with_their_sha256():
    readme = (environment.DATA / "README.md").read_text(encoding="utf-8")
    for name, checksum in data.BUNDLED.items():
        assert hashlib.sha256((environment.DATA / name).read_bytes()).hexdigest() == checksum
        assert f"`{name}`" in readme and checksum in readme


def test_iris():
    rows = data.iris_path().read_text(encoding="utf-8").splitlines()
    assert rows[0] == "sepal_length,sepal_width,petal_length,petal_width,species"
    species = [row.split(",")[4] for row in rows[1:]]
    assert {name: species.count(name) for name in species} == {"setosa": 50, "versicolor": 50, "virginica": 50}
    values = np.array([[float(v) for v in row.split(",")[:4]] for row in rows[1:]])
    # the means that Fisher's table 1 gives for the three species together
    assert np.allclose(values.mean(axis=0), [5.8433, 3.0573, 3.7580, 1.1993], atol=1e-4)


def test_digits_have_the_form_of_mnist():
    for train, count in ((True, 1438), (False, 359)):
        images, labels = data.load_digits(train)
        assert images.shape == (count, 28, 28) and images.dtype == torch.uint8
        assert labels.shape == (count,) and labels.dtype == torch.int64
        assert (labels.bincount(minlength=10) > count // 20).all()
        mass = images.double()
        centre = [(mass.sum(dim=d) * torch.arange(28)).sum(dim=1) / mass.sum(dim=(1, 2)) for d in (2, 1)]
        assert all(((c - 13.5).abs() < 1.5).all() for c in centre)


def test_the_real_mnist_is_the_published_one(mnist_is_here):
    if not mnist_is_here:
        pytest.skip("the real MNIST is not here")
    images, labels = data.load_mnist(True)
    assert images.shape == (60_000, 28, 28) and labels.shape == (60_000,)
    assert labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    # the mean and the standard deviation of the pixels that the literature gives
    pixels = images.double() / 255
    assert abs(pixels.mean().item() - 0.1307) < 1e-4 and abs(pixels.std().item() - 0.3081) < 1e-4


@pytest.fixture
def own_folder(fresh, monkeypatch):
    """A folder of the user's with the small MNIST of ``faults``, read-only, and no network."""
    folder = fresh / "my MNIST 數字"
    folder.mkdir()
    for name, content in faults.GOOD.items():
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o444)
    monkeypatch.setenv("COURSE_MNIST", str(folder))
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    return folder


def test_folder_named_by_the_user(own_folder, capsys):
    assert faults.is_good(data.load_mnist(True)) and len(data.load_mnist(False)[1]) == 40
    assert capsys.readouterr().out == ""
    assert not environment.cache_folder().exists()


def test_never_two_sources_at_once(own_folder):
    labels = own_folder / "t10k-labels-idx1-ubyte.gz"
    labels.chmod(0o644)  # Windows does not delete a read-only file
    labels.unlink()
    assert len(data.load_mnist(True)[0]) == 1438, "without the test labels, MNIST's training images are not used either"


def test_mnist_as_a_dataset(own_folder):
    from torchvision.datasets import MNIST

    dataset = data.MNIST(train=True, transform=np.asarray, target_transform=lambda label: label + 10)
    assert isinstance(dataset, MNIST) and len(dataset) == 40
    image, label = dataset[1]
    assert image.shape == (28, 28) and label == 11
    assert np.array_equal(image, data.load_mnist(True)[0][1].numpy())
    plain = pickle.loads(pickle.dumps(data.MNIST(train=False)))
    assert plain[2][1] == 2, "worker processes get a copy by pickle"


x, y = torch.arange(10.0).view(10, 1), torch.arange(10)


def test_batches_cover_everything_once_and_in_step():
    batches = data.TensorBatches(x, y, 3, generator=torch.Generator().manual_seed(0))
    first, second = ([(a.clone(), b.clone()) for a, b in batches] for _ in range(2))
    assert [len(b) for _, b in first] == [3, 3, 3, 1] and len(batches) == 4
    for epoch in (first, second):
        assert sorted(torch.cat([b for _, b in epoch]).tolist()) == list(range(10))
        assert all(torch.equal(a.squeeze(1).long(), b) for a, b in epoch)
    assert not all(torch.equal(a[1], b[1]) for a, b in zip(first, second, strict=True)), "each epoch has a new order"


def test_batches_in_order_and_without_the_last():
    batches = data.TensorBatches(x, y, 4, shuffle=False, drop_last=True)
    assert len(batches) == 2 and [b.tolist() for _, b in batches] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert len(data.TensorBatches(x, y, 20, drop_last=True)) == 0


def test_same_generator_same_batches():
    one, two = (
        [b.tolist() for _, b in data.TensorBatches(x, y, 4, generator=torch.Generator().manual_seed(7))]
        for _ in range(2)
    )
    assert one == two


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((x, y[:9], 2), "same number of samples"),
        ((x[:0], y[:0], 2), "at least one"),
        ((torch.tensor(1.0), torch.tensor(1), 2), "same number of samples"),
        ((x, y, 0), "batch_size is 0"),
        ((x, y, 2.5), "batch_size is 2.5"),
    ],
)
def test_bad_batches_get_one_sentence(arguments, words):
    with pytest.raises(ValueError, match=words):
        data.TensorBatches(*arguments)


def test_batches_work_where_a_dataloader_does():
    from course_utils import training

    model = torch.nn.Linear(1, 10)
    loader = DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=4)
    ours = data.TensorBatches(x, y, 4, shuffle=False)
    assert training.evaluate(model, loader) == training.evaluate(model, ours)


def test_paths_are_inside_the_repository():
    assert environment.cache_folder() == ROOT / "data" / "mnist"
    assert "data/mnist/" in (ROOT / ".gitignore").read_text(encoding="utf-8")

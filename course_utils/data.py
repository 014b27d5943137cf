"""The data of the course: iris, the bundled digits, MNIST, and a fast loader for tensors in memory.

A file is used only when its sha256 is the one written below. It is checked on every load.
"""

import gzip
import hashlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from course_utils import environment, files

if TYPE_CHECKING:
    from torchvision.datasets import MNIST as TorchvisionMNIST

BUNDLED = {
    "iris_dataset.csv": "9cc1c345c71bcc9b486b74cbf6063fa66f4bb5e0f603a4b3c3471ec2e5e8e355",
    "published_mnist_losses.csv": "f9890a124d1a28461f8f2d06f404512d9ed826b4ed8dbf0b87b002f8f22603bb",
    "optimizer_study.csv": "4fa13b3b25f39c033155791d9cc3bdd69d7937ba861df478c43559d75ed2e7c8",
    "digits_8x8.csv.gz": "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22",
}
MNIST_FILES = {
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
# those of torchvision; only what has the sha256 above is used
MIRRORS = ("https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/")
NO_MNIST = (
    "MNIST is not on this machine and cannot be fetched now, so 1,797 small digits that ship with the course stand in for it. "
    "To get MNIST, go online and restart the kernel, or set COURSE_MNIST to a folder with its four .gz files."
)
# what was said, and the mirrors that failed: neither is repeated in one session. And files that the disk did not take
_said: set[str] = set()
_failed_mirrors: dict[str, str] = {}
_unkept: dict[str, bytes] = {}


def iris_path() -> Path:
    """Return the path of Fisher's iris data, a CSV file with one header line and 150 rows.

    Its columns are sepal_length, sepal_width, petal_length, petal_width (in cm) and species (a name).

    Raises:
        ValueError: the file is missing or was changed.

    Source: R. A. Fisher (1936), The use of multiple measurements in taxonomic problems.
    """
    return bundled("iris_dataset.csv")


def published_path() -> Path:
    """Return the path of the losses that were published for the experiment of unit 7, a CSV file.

    Its rows are runs: how each was made, and the mean training loss of each epoch, epoch1 to epoch5.

    Raises:
        ValueError: the file is missing or was changed.

    Source: the lecture notes that this course grew out of, section 2.6.
    """
    return bundled("published_mnist_losses.csv")


def load_digits(train: bool) -> tuple[Tensor, Tensor]:
    """Load the handwritten digits that ship with the course, in the form of MNIST.

    The 8x8 images are brought to 28x28 the MNIST way: scaled to a box of 20x20, then moved so that their centre of mass is
    in the middle. Every fifth image is a test image.

    Args:
        train: True for the 1,438 training images, False for the 359 test images.

    Returns:
        Images, uint8 of shape (N, 28, 28), and labels, int64 of shape (N,).

    Raises:
        ValueError: the file is missing or was changed.

    Source: E. Alpaydin and C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI; the part that scikit-learn carries.
    """
    rows = np.loadtxt(bundled("digits_8x8.csv.gz"), delimiter=",", dtype=np.int64, encoding="utf-8")
    is_test = np.arange(len(rows)) % 5 == 4
    rows = rows[~is_test if train else is_test]
    images = np.stack([_like_mnist(row.reshape(8, 8)) for row in rows[:, :64]])
    return torch.from_numpy(images), torch.from_numpy(rows[:, 64].copy())


def load_mnist(train: bool) -> tuple[Tensor, Tensor]:
    """Load MNIST as tensors: from ``COURSE_MNIST``, else from the cache of the course, else from the network.

    Where none of them has all four files, the bundled digits take MNIST's place and one printed line says so.
    ``COURSE_OFFLINE=1`` forbids the network.

    Args:
        train: True for the 60,000 training images, False for the 10,000 test images.

    Returns:
        Images, uint8 of shape (N, 28, 28), and labels, int64 of shape (N,).

    Source: Y. LeCun, C. Cortes and C. Burges, The MNIST database of handwritten digits.
    """
    contents = {}
    for name in MNIST_FILES:
        content = _read_mnist(name)
        if content is None:  # all four or none: digits to train on and MNIST to test on would be a silent mistake
            _say(NO_MNIST + "".join(f" ({mirror} failed: {why}.)" for mirror, why in _failed_mirrors.items()))
            return load_digits(train)
        contents[name] = content
    part = "train" if train else "t10k"
    images = _idx(contents[f"{part}-images-idx3-ubyte.gz"], header=16).view(-1, 28, 28)
    return images, _idx(contents[f"{part}-labels-idx1-ubyte.gz"], header=8).long()


def MNIST(
    train: bool, transform: Callable | None = None, target_transform: Callable | None = None
) -> "TorchvisionMNIST":
    """Make a ``torchvision.datasets.MNIST`` from the same verified files as :func:`load_mnist`.

    Args:
        train: True for the training part, False for the test part.
        transform: applied to each image (a PIL image of 28x28) when it is read.
        target_transform: applied to each label (an int) when it is read.

    Returns:
        The dataset. Without MNIST it holds the bundled digits.

    Raises:
        ImportError: torchvision does not fit PyTorch.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.MNIST.html
    """
    datasets = environment.import_torchvision().datasets
    # torchvision's __init__ would look for unpacked files of its own; all the rest of the class is used as it is
    dataset = datasets.MNIST.__new__(datasets.MNIST)
    datasets.VisionDataset.__init__(
        dataset, root=str(environment.cache_folder()), transform=transform, target_transform=target_transform
    )
    dataset.train = train
    dataset.data, dataset.targets = load_mnist(train)
    return dataset


class TensorBatches:
    """A fast loader for tensors that fit in memory: it cuts whole batches instead of collecting single samples.

    Args:
        x: the inputs, any dtype, shape (N, ...).
        y: the targets, any dtype, shape (N, ...).
        batch_size: samples in a batch; the last batch may be shorter.
        shuffle: take the samples in a new random order in each epoch.
        generator: the random generator of that order; PyTorch's global one where it is None.
        drop_last: leave out a last batch that is shorter.

    Raises:
        ValueError: x and y differ in length or are empty, or batch_size is not a positive integer.
    """

    def __init__(
        self,
        x: Tensor,
        y: Tensor,
        batch_size: int,
        shuffle: bool = True,
        generator: torch.Generator | None = None,
        drop_last: bool = False,
    ) -> None:
        if x.ndim == 0 or y.ndim == 0 or len(x) != len(y) or len(x) == 0:
            raise ValueError(
                f"x has shape {tuple(x.shape)} and y has shape {tuple(y.shape)}. Both need the same number of samples, "
                "at least one, in their first dimension."
            )
        if not isinstance(batch_size, int) or batch_size < 1:
            raise ValueError(f"batch_size is {batch_size!r}. It must be a whole number from 1 up.")
        self.x, self.y, self.batch_size = x, y, batch_size
        self.shuffle, self.generator, self.drop_last = shuffle, generator, drop_last

    def __len__(self) -> int:
        full, rest = divmod(len(self.x), self.batch_size)
        return full + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        order = torch.randperm(len(self.x), generator=self.generator) if self.shuffle else torch.arange(len(self.x))
        for indices in order.to(self.x.device).split(self.batch_size)[: len(self)]:
            yield self.x.index_select(0, indices), self.y.index_select(0, indices)  # faster than x[indices]


def bundled(name: str) -> Path:
    """Return the path of a file that ships with the course, after a look at its sha256.

    Args:
        name: one of :data:`BUNDLED`.

    Raises:
        ValueError: the file is missing, or is not the one that ships with the course.
    """
    path = environment.DATA / name
    try:
        content = path.read_bytes()
    except OSError:
        content = b""
    if hashlib.sha256(content).hexdigest() != BUNDLED[name]:
        raise ValueError(
            f"data/{name} is missing or is not the file that ships with the course. Bring it back with: "
            + (f"git checkout -- data/{name}" if environment.IS_CHECKOUT else "a new install")
        )
    return path


def _read_mnist(name: str) -> bytes | None:
    """Return the verified content of one .gz file, or None where it cannot be had."""
    for folder in (environment.mnist_folder(), environment.cache_folder()):
        content = _verified(folder / name) if folder else None
        if content is not None:
            return content
    if name in _unkept:
        return _unkept[name]
    if not environment.is_offline():
        for mirror in MIRRORS:
            if mirror not in _failed_mirrors:
                try:
                    content = files.download(mirror + name, MNIST_FILES[name])
                except OSError as error:
                    _failed_mirrors[mirror] = str(error)
                else:
                    _keep(name, content)
                    return content
    return None


def _verified(path: Path) -> bytes | None:
    try:
        content = path.read_bytes()
    except OSError:
        return None
    if hashlib.sha256(content).hexdigest() == MNIST_FILES[path.name]:
        return content
    _say(f"{path.name} in {path.parent} is not the official MNIST file (its sha256 differs), so it is not used.")
    return None


def _keep(name: str, content: bytes) -> None:
    folder = environment.cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files.write_whole(folder / name, content)
    except OSError as error:
        _unkept[name] = content
        _say(f"MNIST was fetched, but {folder} does not take it ({error.strerror}), so it is fetched again next time.")


def _idx(content: bytes, header: int) -> Tensor:
    return torch.frombuffer(bytearray(gzip.decompress(content)), dtype=torch.uint8, offset=header)


def _like_mnist(image: np.ndarray) -> np.ndarray:
    """Bring one 8x8 image with values 0 to 16 to 28x28 with values 0 to 255, in whole numbers, so alike on every machine."""
    source = np.clip(4 * np.arange(20) - 3, 0, 70)  # where each of the 20 pixels lies among the 8, in tenths
    lower, part = source // 10, source % 10
    upper = np.minimum(lower + 1, 7)
    for _ in range(2):  # linear between neighbours: first the rows, then the columns
        image = (image[lower] * (10 - part)[:, None] + image[upper] * part[:, None]).T
    image = (image * 255 + 800) // 1600
    centre = [np.rint(13.5 - (np.arange(20) * image.sum(axis)).sum() / image.sum()) for axis in (1, 0)]
    top, left = np.clip(centre, 0, 8).astype(int)
    result = np.zeros((28, 28), dtype=np.uint8)
    result[top : top + 20, left : left + 20] = image
    return result


def _say(line: str) -> None:
    if line not in _said:
        _said.add(line)
        encoding = sys.stdout.encoding or "utf-8"  # a console of Windows may lack the letters of a folder's name
        print(line.encode(encoding, "replace").decode(encoding))

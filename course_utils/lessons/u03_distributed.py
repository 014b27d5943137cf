"""Several processes: ``torchrun --standalone --nproc-per-node 2 -m course_utils.lessons.u03_distributed``."""

import argparse
import os
import sys
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

from course_utils import checkpoints, data


def train(device: torch.device, epochs: int, batch_size: int, path: str | None) -> None:
    """Train on the bundled digits, in batches of ``batch_size`` over all processes; rank 0 prints, and saves at ``path``."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(784, 200), nn.ReLU(), nn.Linear(200, 10)).to(device)
    parallel = DistributedDataParallel(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    images, labels = data.load_digits(train=True)
    dataset = TensorDataset(((images.float() / 255 - 0.5) / 0.5).flatten(1), labels)
    sampler = DistributedSampler(dataset)  # shuffles alike in all processes, then deals the samples out
    loader = DataLoader(dataset, batch_size // dist.get_world_size(), sampler=sampler)
    losses: list[float] = []
    for epoch in range(1, epochs + 1):
        sampler.set_epoch(epoch)  # without it, every epoch has the same order
        for x, y in loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(parallel(x.to(device)), y.to(device))
            loss.backward()  # the gradients of all processes are averaged here
            optimizer.step()
            dist.all_reduce(mean := loss.detach() / dist.get_world_size())
            losses.append(mean.item())
        if dist.get_rank() == 0:
            print(f"epoch {epoch}: loss {sum(losses[-len(loader) :]) / len(loader):.2f}", flush=True)
            if path:
                checkpoints.save(path, model, optimizer, epoch=epoch, losses=losses)


if __name__ == "__main__":
    if "RANK" not in os.environ:
        sys.exit(f"Start it with torchrun, which starts the processes: {__doc__.split('``')[1]}")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--checkpoint", metavar="FILE")
    given, ranks, local = parser.parse_args(), int(os.environ["WORLD_SIZE"]), int(os.environ["LOCAL_RANK"])
    if given.batch_size % ranks or given.batch_size < 1 or given.epochs < 1:
        sys.exit(f"--epochs must be at least 1, and --batch-size a multiple of {ranks}, the number of processes.")
    gpu = int(os.environ["LOCAL_WORLD_SIZE"]) <= torch.cuda.device_count()  # a GPU for each, or none for all
    if gpu:
        torch.cuda.set_device(local)
    dist.init_process_group("nccl" if gpu else "gloo", timeout=timedelta(seconds=30))  # nobody waits longer
    train(torch.device("cuda", local) if gpu else torch.device("cpu"), given.epochs, given.batch_size, given.checkpoint)
    dist.destroy_process_group()
    # gloo's threads live on, and now and then they abort a process that takes its time to end
    os._exit(0)

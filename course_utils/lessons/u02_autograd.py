"""The autograd graph of a tensor: its nodes and edges.

Autograd records one node for each operation, and one for each leaf. It sees tracked tensors only: a constant such as the 3 in
``3 * x``, or data without ``requires_grad``, is not in the graph.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Node:
    """One node: an operation and its result, or a leaf. ``shape``, ``value`` and ``grad`` are None where they are not known."""

    name: str
    operation: str
    is_leaf: bool
    shape: tuple[int, ...] | None = None
    value: Tensor | None = None
    grad: Tensor | None = None
    formula: str = ""  # what to write in place of the operation, such as "w · x"


Edge = tuple[int, int]  # positions of two nodes: the second one is computed from the first


def nodes_and_edges(tensor: Tensor, names: Mapping[str, Tensor] | None = None) -> tuple[list[Node], list[Edge]]:
    """Read the graph that autograd recorded for a tensor.

    Autograd does not show the results of the operations in between. Name such a tensor, and its node has a value, and a gradient
    where ``retain_grad()`` kept it. A tensor that is used twice is one node with two edges.

    Args:
        tensor: a tensor of any shape that tracks gradients.
        names: names of tensors of the graph, of any shape. Names of tensors that are not in the graph are passed over.

    Returns:
        The nodes, the tensor's own first, and the edges.

    Raises:
        ValueError: the tensor does not track gradients.

    Source:
        The documentation of ``torch.autograd.graph.Node`` (``next_functions``).
    """
    if not isinstance(tensor, Tensor) or not tensor.requires_grad:
        raise ValueError("This is no tracked tensor, so it has no graph: compute it from one with requires_grad=True.")
    named = {"": tensor, **{name: t for name, t in (names or {}).items() if isinstance(t, Tensor)}}
    if tensor.is_leaf:
        return [_node(None, tensor, named)], []
    order, seen = [tensor.grad_fn], {tensor.grad_fn}
    for function in order:  # it grows while we walk
        new = dict.fromkeys(f for f, _ in function.next_functions if f is not None and f not in seen)
        order.extend(new)
        seen.update(new)
    position = {function: i for i, function in enumerate(order)}
    edges = [(position[f], position[g]) for g in order for f, _ in g.next_functions if f is not None]
    return [_node(f, getattr(f, "variable", None), named) for f in order], edges


def _node(function: torch.autograd.graph.Node | None, leaf: Tensor | None, named: Mapping[str, Tensor]) -> Node:
    """Make the node of a leaf, or of a function and the last tensor among ``named`` that it made."""
    found = [(n, t) for n, t in named.items() if (t is leaf if leaf is not None else t.grad_fn is function)]
    name, tensor = found[-1] if found else ("", leaf)
    operation = "leaf" if leaf is not None else function.name().split("::")[-1]
    if tensor is None:
        recorded = getattr(function, "_input_metadata", ())  # not public: without it the shape is not known
        return Node(name, operation, False, tuple(recorded[0].shape) if len(recorded) == 1 else None)
    kept = (tensor.is_leaf or tensor.retains_grad) and tensor.grad is not None
    grad = tensor.grad.detach().clone() if kept else None
    return Node(name, operation, leaf is not None, tuple(tensor.shape), tensor.detach().clone(), grad)

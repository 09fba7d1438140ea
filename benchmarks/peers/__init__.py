"""One file per peer: the same network, trained and asked in that peer's strongest form."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from benchmarks.peers.peer import Peer


class Entry(NamedTuple):
    """Where a peer lives.

    Attributes:
        title: Its heading in the table.
        module: The file of this folder that has its class ``ThePeer``.
        environment: Variables that its process needs.
    """

    title: str
    module: str
    environment: dict[str, str]


PEERS: dict[str, Entry] = {
    "ours": Entry("chainrule", "ours", {}),
    "numpy": Entry("NumPy by hand", "numpy_loop", {}),
    "jax": Entry("JAX", "jax_scan", {}),
    "torch": Entry("PyTorch", "torch_eager", {}),
    "torch-compiled": Entry("PyTorch compiled", "torch_compiled", {}),
    "sklearn": Entry("scikit-learn", "sklearn_mlp", {}),
    "keras-jax": Entry("Keras (JAX)", "keras_backend", {"KERAS_BACKEND": "jax"}),
    "keras-torch": Entry("Keras (PyTorch)", "keras_backend", {"KERAS_BACKEND": "torch"}),
    "keras-tensorflow": Entry(
        "Keras (TensorFlow)", "keras_backend", {"KERAS_BACKEND": "tensorflow"}
    ),
}
"""By the names of ``--peers``, in the order of the table."""


def load(name: str) -> type[Peer]:
    """A peer's class; importing it imports the peer.

    Raises:
        ModuleNotFoundError: The peer is not installed.
    """
    peer: type[Peer] = import_module(f"benchmarks.peers.{PEERS[name].module}").ThePeer
    return peer

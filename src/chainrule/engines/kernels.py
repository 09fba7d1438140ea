"""The table of the extension's kernels: of which functions of which rules, for which options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from chainrule.core.rule import Formula
from chainrule.errors import NoKernelError

MATRIX = ("dense", "matmul")
"""Rules that are a matrix product."""


class Kernel(NamedTuple):
    """A row of the extension's table, and its place there."""

    place: int
    sharing: str
    arguments: tuple[str, ...]
    fixed: tuple[str, ...]


class Kernels:
    """The extension's table of kernels, by rule and by what the function computes.

    Args:
        module: The extension.
        instructions: A narrower instruction set than the machine's; for tests.

    Attributes:
        instructions: The instruction set that is used.
        vector: Bytes of a vector.
    """

    def __init__(self, module: Any, instructions: str = "") -> None:
        self.module, self.native = module, module.Kernels(instructions)
        self.instructions: str = self.native.instructions
        self.vector = {"avx512": 64, "avx2": 32}.get(self.instructions, 16)
        self._table = {
            (rule, result): Kernel(place, sharing, tuple(taken.split()), tuple(fixed.split()))
            for place, (rule, result, sharing, taken, fixed) in enumerate(self.native.entries())
        }

    def is_elementwise(self, formula: Formula) -> bool:
        """Whether a rule's forward function has a kernel, and one that goes element by element."""
        kernel = self._table.get((formula.name, "y"))
        return kernel is not None and kernel.sharing == "elements"

    def find(self, formula: Formula, result: str, options: Mapping[str, Any]) -> Kernel:
        """The kernel for one function of a rule, or for a part of one.

        Raises:
            NoKernelError: There is none, or none for these options.
        """
        kernel = self._table.get((formula.name, result))
        if kernel is None:
            raise NoKernelError(f"rule {formula.name!r} has no native kernel")
        for name in kernel.fixed:
            default = formula.options[name]
            if options.get(name, default) != default:
                raise NoKernelError(
                    f"rule {formula.name!r} has no native kernel for {name}={options[name]!r}"
                )
        return kernel

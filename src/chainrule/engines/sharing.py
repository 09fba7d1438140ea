"""How sums are cut among threads: by the sizes alone, so that their number changes no bit."""

from __future__ import annotations

TILE_ROWS = 8
"""Rows of a kernel's cotangent that are computed at once: of the widest vectors, and enough for
the others. As ``block_start`` in ``native/src/dense.h`` has it."""
BLOCKS = 8
"""Blocks of a tall kernel, and the most parts of a batch: more threads than these find no work."""
LINE = 64
"""Elements of which threads share whole ones, so that they do not write to one cache line."""
SAMPLES = 64
"""The least samples whose part of a gradient is computed apart: with fewer, threads would hand each
other more in sums than they spare in activations."""


WORTH = 1.5e6
"""Floating-point operations of a batch that keep one thread busy for some 20 µs: with fewer for
each, threads wait for each other longer than they work."""


USUAL = 32
"""Rows in a batch unless one says otherwise."""


def class_of(batch: int) -> int:
    """The power of two that stands for a batch: programs of one class cut their sums alike.

    Small batches are all of one class, so that what is made ready for one serves the others.
    """
    return max(USUAL, 1 << (batch - 1).bit_length())


def by_columns(inner: int, outer: int, rows: int) -> bool:
    """Whether threads share the columns of a dense layer, or the samples.

    Each then reads all of its inputs and outputs, or all of its kernel: of what another thread
    wrote, the smaller is the better.
    """
    return inner * outer > rows * (inner + outer)


def is_tall(inner: int, rows: int) -> bool:
    """Whether a kernel has so many rows that each is better left to one thread.

    Else half of what one thread updated is read by another: of a kernel of I rows and a batch of N
    that is I/2 rows of O, against N for each block.
    """
    return inner >= 2 * BLOCKS * rows


def samples_at_once(batch: int) -> int:
    """Samples of a batch whose part of a gradient one thread computes."""
    return max(SAMPLES, class_of(batch) // BLOCKS)


def parts_of(batch: int) -> int:
    """In how many parts a gradient is computed."""
    return -(-batch // samples_at_once(batch))


def are_worth_adding(inner: int, outer: int, rows: int, parts: int) -> bool:
    """Whether parts of a gradient are fewer numbers than the activations that they spare."""
    return parts > 1 and parts * inner * outer <= rows * (inner + outer)

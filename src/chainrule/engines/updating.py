"""From an optimizer's rules to the native engine's operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chainrule.core.layout import Slot
from chainrule.core.plan import Update, UpdateNode
from chainrule.core.shapes import Shape
from chainrule.engines.lowering import Lowering
from chainrule.engines.operations import ALIGNMENT, Operation, Place, Size
from chainrule.engines.sharing import LINE, TILE_ROWS
from chainrule.errors import NoKernelError

FUSED = 2048
"""Elements of a kernel's cotangent that are computed before they are used: 8 KiB of floats, a
quarter of the smallest first-level cache."""


def lower_update(lowering: Lowering) -> None:
    """The optimizer's rules; where they are element-wise, a kernel's right after its gradient.

    Raises:
        NoKernelError: A rule of the optimizer has no kernel.
    """
    update = lowering.plan.update
    assert update is not None  # noqa: S101  (the host compiles first)
    if update.loss_scale != 1:
        raise NoKernelError("the loss is scaled")
    vectors = _vectors(lowering, update)
    plain = all(node.rule.elementwise and node.when is None for node in update.nodes)
    alike = all(state.layout == update.layout for state in update.states.values())
    if not (plain and alike):
        for node in update.nodes:
            lowering.operations.append(_updating(lowering, node, node.variable, vectors, update))
        return
    fused = [slot for slot in update.layout if _is_fused(lowering, slot)]
    if not fused and all(node.variable is None for node in update.nodes):
        lowering.operations += [_updating(lowering, n, None, vectors, update) for n in update.nodes]
        return
    for slot in update.layout:
        steps = [
            _updating(lowering, node, slot.name, vectors, update)
            for node in update.nodes
            if node.variable in (None, slot.name)
        ]
        if slot in fused:
            (gradient,) = lowering.gradients[slot.name]
            lowering.operations = [o for o in lowering.operations if o is not gradient]
            lowering.operations.append(_fused(lowering, slot, gradient, steps))
        else:
            lowering.operations += steps


def _is_fused(lowering: Lowering, slot: Slot) -> bool:
    """Whether a parameter's gradient is used as soon as it is there."""
    found = lowering.gradients.get(slot.name, [])
    if len(found) != 1:
        return False
    large = found[0].name.endswith(": kernel") and slot.size >= FUSED
    return large or slot.name in lowering.in_parts


def _vectors(lowering: Lowering, update: Update) -> dict[str, int]:
    """θ, its gradient, the optimizer's state, and what update rules hand to each other."""
    size = update.layout.size
    vectors = {
        "theta": lowering.memory.add(Place("parameters", 0, 0, 0, size, lowering.item)),
        "grad": lowering.places["grad"],
    }
    lowering.states = list(update.states)
    for number, (name, state) in enumerate(update.states.items()):
        place = Place("state", number, 0, 0, state.layout.size, lowering.item)
        vectors[name] = lowering.memory.add(place)
    for node in update.nodes:
        for name in (*node.inputs.values(), *node.outputs.values()):
            if name not in vectors:
                vectors[name] = lowering.memory.room(Size(0, size))
    return vectors


def _updating(
    lowering: Lowering,
    node: UpdateNode,
    variable: str | None,
    vectors: Mapping[str, int],
    update: Update,
) -> Operation:
    """An update rule, on one variable's part of the vectors or on the whole of them."""

    def part(array: str) -> int:
        if variable is None:
            return vectors[array]
        layout = update.layout_of(array)
        size = next(slot.size for slot in layout if slot.name == variable)
        return lowering.memory.part(vectors[array], layout.offsets[variable], size)

    arrays = {name: part(array) for name, array in node.inputs.items()}
    made = [part(array) for array in node.outputs.values()]
    shapes: dict[str, Shape] = {
        name: (lowering.memory.places[index].fixed,) for name, index in arrays.items()
    }
    return lowering.kernel(
        node.rule, "y", arrays, made, shapes, node.options, node.scalars, node.when
    )


def _fused(
    lowering: Lowering, slot: Slot, gradient: Operation, steps: Sequence[Operation]
) -> Operation:
    """A parameter's gradient and its update in one, a few rows at a time.

    So the gradient is used while it is in the first-level cache, and never written to memory.
    """
    parts = [gradient, *steps]
    touched = list(dict.fromkeys(i for part in parts for i in (*part.takes, *part.makes)))
    local = [i for i in touched if _is_passing(lowering, i, slot)]
    takes = [i for i in touched if i not in local]
    makes = [i for part in steps for i in part.makes if i not in local]
    if slot.name in lowering.in_parts:  # which are added up element by element
        row, rows, grain = 1, FUSED, LINE
    else:
        grain = TILE_ROWS
        row = slot.shape[1]
        rows = max(TILE_ROWS, FUSED // row // TILE_ROWS * TILE_ROWS)
    room = rows * row * len(local) * lowering.item + ALIGNMENT
    lowering.passing = max(lowering.passing, room)
    more = {"parts": [part.data() for part in parts], "local": local, "row": row, "at_once": rows}
    name = f"{gradient.name}, {', '.join(step.name for step in steps)}"
    extent = Size(0, slot.size // row)
    fused = Operation("fused", name, takes, makes, "own", extent, grain, more=more)
    if slot.name in lowering.tall:
        fused.cut_in_blocks()
    return fused


def _is_passing(lowering: Lowering, index: int, slot: Slot) -> bool:
    """Whether an array is needed only between a gradient and its update."""
    place = lowering.memory.places[index]
    return place.memory == "arena" and place.size == Size(0, slot.size)

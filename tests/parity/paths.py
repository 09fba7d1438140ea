"""What an optimizer of both libraries makes of one row of gradients."""

import jax
import keras
import numpy as np
from tests.parity.builders import LIBRARIES, of
from tests.parity.tolerances import assert_agree

import chainrule
from chainrule import constraints
from chainrule.core.layout import Layout, Slot
from chainrule.engines import interpret

STEPS = 50

LAYOUT = Layout(
    [
        Slot("dense/kernel", (3, 2)),
        Slot("dense/bias", (2,)),
        Slot("conv2d/kernel", (2, 1, 3)),
        Slot("embedding/embeddings", (2, 3)),
    ]
)

KINDS = ("noise", "of every size", "mostly zero", "fading")


def gradients(first=0, steps=STEPS, seed=0):
    """One row of gradients per step; each variable has its own kind, ``KINDS[first]`` and on."""
    generator = np.random.default_rng(seed)
    parts = []
    for index, slot in enumerate(LAYOUT):
        normal = generator.normal(size=(steps, slot.size))
        match KINDS[(first + index) % len(KINDS)]:
            case "of every size":
                normal *= 10.0 ** generator.integers(-6, 4, normal.shape)
            case "mostly zero":
                normal *= generator.random(normal.shape) < 0.2
            case "fading":
                normal = (1 + 0.1 * normal) * 0.8 ** np.arange(steps)[:, None]
        parts.append(normal)
    return np.concatenate(parts, axis=1)


def our_path(optimizer, theta, grads, changes, constrained):
    """θ after every step, made by the plan of the optimizer as engines read it."""
    found = {name: constraints.get(make(chainrule)) for name, make in constrained.items()}
    update = optimizer.update(LAYOUT, {name: (c.rule, c.options) for name, c in found.items()})
    optimizer.allocate(update, "float64")
    vectors = {"theta": theta, **optimizer.state}
    path = []
    for grad in grads:
        t = optimizer.steps + 1
        if t in changes:
            optimizer.learning_rate = changes[t]
        scalars = {name: float(of_step[0]) for name, of_step in optimizer.scalars(t, 1).items()}
        moved = interpret.update(update, {**vectors, "grad": grad}, scalars)
        vectors = {name: moved[name] for name in vectors}
        optimizer.steps = t
        path.append(vectors["theta"])
    optimizer.state = {name: vectors[name] for name in update.states}
    return np.array(path)


def path_of_keras(optimizer, theta, grads, changes, constrained):
    """θ after every step and after the last, as variables of the layout's names and shapes."""
    variables = []
    for path, value in LAYOUT.views(theta).items():
        layer, name = path.split("/")
        with keras.name_scope(layer):
            variables.append(keras.Variable(value, dtype=theta.dtype, name=name))
        if path in constrained:
            variables[-1].constraint = constrained[path](keras)
    optimizer.build(variables)
    slow = optimizer.gradient_accumulation_steps or callable(optimizer._learning_rate)
    apply = compiled(optimizer, variables) if slow else optimizer.apply
    path = []
    for t, grad in enumerate(grads, start=1):
        if t in changes:
            optimizer.learning_rate = changes[t]
        apply(list(LAYOUT.views(grad).values()))
        path.append(joined(variables))
    optimizer.finalize_variable_values(variables)
    return np.array(path), joined(variables)


def compiled(optimizer, variables):
    """``optimizer.apply`` compiled once: eagerly, its conditions are compiled at every step."""
    stateless = jax.jit(optimizer.stateless_apply)

    def apply(grads):
        before = [[v.value for v in group] for group in (optimizer.variables, variables)]
        moved, kept = stateless(before[0], grads, before[1])
        for variable, value in zip(
            [*variables, *optimizer.variables], [*moved, *kept], strict=True
        ):
            variable.assign(value)

    return apply


def joined(variables):
    return np.concatenate([np.ravel(variable.numpy()) for variable in variables])


def both(name, options):
    """An optimizer of each library."""
    options = {"learning_rate": 0.01, **options}
    return tuple(getattr(library.optimizers, name)(**of(library, options)) for library in LIBRARIES)


def assert_same_path(name, options, first=0, changes=None, constrained=None, prepare=None):
    """50 steps, and what is done when they are over."""
    theta = np.random.default_rng(1).normal(size=LAYOUT.size)
    ours, theirs = both(name, options)
    if prepare is not None:
        prepare(ours), prepare(theirs)
    arguments = gradients(first), changes or {}, constrained or {}
    path = our_path(ours, theta.copy(), *arguments)
    expected, final = path_of_keras(theirs, theta.copy(), *arguments)
    assert not np.array_equal(path[0], path[-1])
    assert_agree(path, expected, "trajectory", name)
    last = path[-1].copy()
    ours.finalize_variable_values(last)
    assert_agree(last, final, "trajectory", f"{name}, finalized")
    assert ours.iterations == int(theirs.iterations)
    assert_agree(ours.learning_rate, float(theirs.learning_rate), "trajectory", "learning rate")

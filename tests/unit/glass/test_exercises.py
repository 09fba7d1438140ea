"""Exercises: one mistake, which is wrong, in a network that is right without it."""

import numpy as np
import pytest

from chainrule.errors import ArgumentError
from chainrule.glass.differences import central_difference
from chainrule.glass.exercises import LEVELS, exercise
from chainrule.glass.faults import FAULTS

SEEDS = range(25)


def loaded(text):
    space = {"__name__": "exercise"}
    exec(text, space)
    return space


def wrong_gradients(text):
    """The names of the gradients that differ from central differences."""
    space = loaded(text)
    network, x, y = space["Network"](), space["X"], space["y"]
    found = network.backward(x, y)

    def differs(name):
        held = getattr(network, name)

        def loss(value):
            setattr(network, name, value)
            return network.loss(x, y)

        slopes, kinks = central_difference(loss, held.copy())
        setattr(network, name, held)
        return not np.allclose(np.where(kinks, found[name], slopes), found[name], atol=1e-7)

    return {name for name in found if differs(name)}


@pytest.mark.parametrize("level", LEVELS)
def test_the_mistake_is_wrong_and_without_it_all_is_right(level):
    for seed in SEEDS:
        made = exercise(seed, level)
        assert wrong_gradients(made.text), (seed, made.mistake)
        assert not wrong_gradients(made.solution), seed


@pytest.mark.parametrize("level", LEVELS)
def test_the_mistake_is_in_one_line(level):
    for seed in SEEDS:
        made = exercise(seed, level)
        pairs = zip(made.text.splitlines(), made.solution.splitlines(), strict=True)
        (changed,) = [pair for pair in pairs if pair[0] != pair[1]]
        assert [line.strip() for line in changed] == [
            f"{made.mistake.line} = {made.mistake.wrong}",
            f"{made.mistake.line} = {made.mistake.right}",
        ]


def test_a_seed_is_an_exercise():
    assert exercise(7, 2) == exercise(7, 2)
    assert exercise(7, 2).text != exercise(8, 2).text


@pytest.mark.parametrize("level", LEVELS)
def test_seeds_differ_in_their_mistakes(level):
    assert len({exercise(seed, level).mistake.fault for seed in SEEDS}) >= 4


@pytest.mark.parametrize("level", LEVELS)
def test_mistakes_are_those_of_the_catalogue(level):
    for seed in SEEDS:
        assert exercise(seed, level).mistake.fault in FAULTS


def test_an_exercise_does_not_give_its_mistake_away():
    for level in LEVELS:
        for seed in SEEDS:
            made = exercise(seed, level)
            assert made.mistake.fault not in made.text
            assert "#" not in made.text


def test_there_are_three_levels():
    with pytest.raises(ArgumentError, match="level"):
        exercise(1, 4)
    with pytest.raises(ArgumentError, match="seed"):
        exercise(-1, 1)

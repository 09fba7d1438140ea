"""check_backprop is checked: mistakes are planted in networks of 1 to 4 layers, and must be named.

A mistake is *named* if the report has it and nothing else; *listed* if the report has another that
gives the same numbers, and says that this one does. Where the code is right, nothing may be named.
"""

import random
from collections import Counter, defaultdict
from functools import cache

import numpy as np
import pytest
from tests.meta.networks import SIZES, designs, differs, mistakes, plant, right

from chainrule.glass import FAULTS, check_backprop

NAMED = 0.95
"""What share of single mistakes must be named."""

NAMED_PAIRS, TOLD_PAIRS = 0.8, 0.95
"""What share of pairs must be named, and named or listed, in every depth: of two mistakes in one
layer without a bias, or in a network of one layer, often nobody could say which they are."""

PER_KIND, PAIRS = 2, 10
"""Cases for each kind of mistake and sizes of a network, and pairs for sizes."""

CONFUSABLE = {
    frozenset(pair)
    for pair in (
        ("error-for-delta", "derivative-missing"),
        ("delta-sign", "gradient-sign"),
        ("error-sign", "gradient-sign"),
        ("delta-factor", "gradient-doubled"),
        ("delta-averaged", "gradient-averaged"),
        ("delta-averaged", "gradient-not-averaged"),
        ("delta-factor", "gradient-not-averaged"),
        ("delta-factor", "gradient-averaged"),
        ("gradient-averaged", "gradient-not-averaged"),
        ("gradient-averaged", "bias-not-averaged"),
        ("gradient-not-averaged", "bias-averaged"),
        ("bias-summed-over-all", "bias-gradient-missing"),
        ("true-class-only", "softmax-cross-terms"),
        ("gradient-doubled", "gradient-halved"),
        ("loss-for-derivative", "gradient-missing"),
        ("error-absolute", "gradient-missing"),
        ("gradient-missing", "weights-missing"),
        ("gradient-halved", "softmax-cross-terms"),
        ("derivative-squared", "cross-entropy-extra-derivative"),
        ("error-absolute", "loss-for-derivative"),
    )
}
"""Mistakes that may give the same numbers: in an outermost layer without a bias; where nothing says
whether the loss is a sum or a mean; and sums over a softmax's δ, which are 0."""


def judged(program, planted):
    """What became of mistakes: ``"named"``, ``"listed"`` or ``"missed"``; and the report."""
    x, y = program.data()
    report = check_backprop(program.network(), x, y, loss=program.design.name)
    named = {fault for finding in report.findings for fault in finding.faults}
    wrong = any(finding.verdict == "wrong" for finding in report.findings)
    if named == planted and not wrong:
        return "named", named, report
    same = [set(o.split(" + ")) for finding in report.findings for o in finding.others]
    told = set().union(named, *same)
    return ("listed" if planted <= told and not wrong else "missed"), named, report


@cache
def single_programs(design):
    """What every single mistake in a network gives."""
    made = (plant(design, mistake).gradients() for mistake in mistakes(design))
    return [gradients for gradients in made if gradients is not None]


def masked(design, pair, program):
    """Whether one of two mistakes has no effect beside the other: nobody could find it."""
    if not all(differs(plant(design, mistake), design) for mistake in pair):
        return True
    gradients = program.gradients()
    return any(
        all(
            np.shape(gradients[k]) == np.shape(one[k])
            and np.allclose(gradients[k], one[k], rtol=1e-6, atol=1e-12)
            for k in one
        )
        for one in single_programs(design)
    )


def cases(sizes):
    """For each kind of mistake, some networks with one, drawn at random."""
    draw = random.Random(str(sizes))
    kinds = defaultdict(list)
    for design in designs():
        if design.sizes == sizes:
            for mistake in mistakes(design):
                kinds[mistake.fault].append((design, mistake))
    for fault, found in kinds.items():
        taken = 0
        for design, mistake in draw.sample(found, len(found)):
            program = plant(design, mistake)
            if taken < PER_KIND and differs(program, design):
                taken += 1
                yield fault, program


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_nothing_is_named_where_the_code_is_right(sizes):
    for design in designs():
        if design.sizes == sizes:
            program = right(design)
            report = check_backprop(program.network(), *program.data(), loss=design.name)
            assert report.ok, f"{design}\n{report}"
            assert report.layers == tuple(design.f(k) for k in range(1, design.depth + 1))
            assert not [fault for finding in report.findings for fault in finding.faults]


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_a_single_mistake_is_named(sizes):
    counts, missed = Counter(), []
    for fault, program in cases(sizes):
        outcome, named, report = judged(program, {fault})
        counts[outcome] += 1
        if outcome == "missed":
            missed.append(f"{fault} told as {named} in {program.design}\n{report}")
        elif outcome == "listed":
            (told,) = named
            assert frozenset((fault, told)) in CONFUSABLE, f"{fault} told as {told}"
    total = sum(counts.values())
    assert total > 60
    assert counts["missed"] <= 0.01 * total, "\n\n".join(missed)
    assert counts["named"] >= NAMED * total or counts["named"] + counts["listed"] == total, counts


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_two_mistakes_are_named(sizes):
    draw = random.Random(str(sizes))
    own = [design for design in designs() if design.sizes == sizes]
    counts, missed = Counter(), []
    while sum(counts.values()) < PAIRS:
        design = draw.choice(own)
        pair = draw.sample(mistakes(design), 2)
        program = plant(design, *pair)
        if program is None or not differs(program, design) or masked(design, pair, program):
            continue
        planted = {mistake.fault for mistake in pair}
        outcome, named, report = judged(program, planted)
        counts[outcome] += 1
        if outcome == "missed":
            missed.append(f"{planted} told as {named} in {design}\n{report}")
    assert counts["missed"] <= (1 - TOLD_PAIRS) * PAIRS, "\n\n".join(missed)
    assert counts["named"] >= NAMED_PAIRS * PAIRS, counts


def test_every_mistake_of_the_catalogue_is_planted():
    planted = {mistake.fault for design in designs() for mistake in mistakes(design)}
    assert planted == set(FAULTS)
    assert len(planted) >= 25


@pytest.mark.parametrize("fault", FAULTS)
def test_every_kind_is_named_somewhere(fault):
    draw = random.Random(fault)
    own = designs()
    for design in draw.sample(own, len(own)):
        for mistake in mistakes(design):
            if mistake.fault == fault:
                program = plant(design, mistake)
                if differs(program, design) and judged(program, {fault})[0] == "named":
                    return
    pytest.fail(f"{fault} is never named")

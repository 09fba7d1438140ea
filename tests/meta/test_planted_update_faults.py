"""Every mistake that a student can make in an update rule is named; none is where all is right."""

from itertools import combinations

import numpy as np
import pytest
from tests.meta.students import FUNCTION, RULES, STYLES, made, written

from chainrule.glass import check_optimizer

INDISTINGUISHABLE = {("adam", "function", "corrections-one-ahead")}
"""A function that is told t and adds 1 to it is right for callers that count from 0."""

TIES = {
    ("adam", "corrections-times-t"): {"v-correction-times-t"},  # both: NaN from the second step on
    ("adam", "m-not-used"): {"beta1-size"},  # an average that keeps nothing: β₁ = 0
    ("lion", "sign-of-m"): {"beta1-size"},  # a gradient without a share of its own: β₁ = 1
    ("lion", "beta1-in-m"): {"beta2-size"},
}
"""What gives the same numbers by its nature; it must be told."""


def checked(name, style, changes=()):
    rule = RULES[name]
    update = made(written(style, rule, changes))
    return check_optimizer(update, name, **rule.get("options", {}))


def cases():
    for name, rule in RULES.items():
        for style in STYLES:
            for fault in rule["mistakes"]:
                if (name, style, fault) not in INDISTINGUISHABLE:
                    yield name, style, fault


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("style", STYLES)
def test_a_right_rule_is_right(name, style):
    report = checked(name, STYLES[style])
    assert report.ok
    known = {"epsilon-after-correction", "epsilon-outside"}  # what textbooks do, not Keras
    assert set(report.findings[0].faults) <= known


@pytest.mark.parametrize(("name", "style", "fault"), list(cases()))
def test_a_planted_mistake_is_named(name, style, fault):
    finding = checked(name, STYLES[style], RULES[name]["mistakes"][fault]).findings[0]
    conventions = {"epsilon-after-correction", "epsilon-outside", "epsilon-size"}
    assert set(finding.faults) - conventions == {fault}
    assert set(finding.others) <= TIES.get((name, fault), set())
    assert finding.written
    assert finding.verdict in ("diagnosed", "right")


def visible_pairs():
    """Pairs in different lines. Left out: t = 0, whose NaN hides all else, and the same mistake in
    both corrections, which has a name of its own.
    """
    mistakes = RULES["adam"]["mistakes"]
    for a, b in combinations(mistakes, 2):
        apart = not set(mistakes[a]) & set(mistakes[b])
        hidden = "one-behind" in a + b or "not-kept" in a + b
        if apart and not hidden and a.removeprefix("m-") != b.removeprefix("v-"):
            yield a, b


IDENTITIES = {("m-correction-missing", "m-factor-missing"): {"m-correction-without-power"}}
"""Two mistakes that come to one: m is 1 / (1 − β₁) times too large."""


def test_pairs_of_mistakes_in_adam_are_named():
    mistakes, pairs = RULES["adam"]["mistakes"], list(visible_pairs())
    chosen = np.random.default_rng(5).choice(len(pairs), 20, replace=False)
    named = 0
    for a, b in (pairs[index] for index in chosen):
        finding = checked("adam", FUNCTION, mistakes[a] | mistakes[b]).findings[0]
        told = set(finding.faults)
        named += {a, b} <= told or f"{a} + {b}" in finding.others
        named += bool(told & IDENTITIES.get((a, b), set()))
    assert named >= 19


@pytest.mark.parametrize("slip", [1e-6, 1e-7])
def test_a_slip_that_is_in_no_catalogue_is_wrong_and_not_named(slip):
    lines = {"w": f"{{W}} = {{W}} - {{lr}} * mh / (np.sqrt(vh) + {{eps}}) + {slip} * np.sin({{W}})"}
    finding = checked("adam", FUNCTION, lines).findings[0]
    assert finding.verdict == "wrong"
    assert not finding.faults
    assert "step 1" in finding.message

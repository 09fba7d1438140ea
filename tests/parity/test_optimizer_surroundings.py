"""What surrounds an update: clipping, decay, averages, scaling, accumulation, constraints."""

import pytest
from tests.parity.paths import assert_same_path
from tests.parity.test_optimizers import every_optimizer

ALONE = [
    {"clipnorm": 0.9},
    {"clipvalue": 0.4},
    {"global_clipnorm": 1.5},
    {"weight_decay": 0.3},
    {"use_ema": True, "ema_momentum": 0.7},
    {"use_ema": True, "ema_momentum": 0.7, "ema_overwrite_frequency": 3},
    {"loss_scale_factor": 128.0},
    {"gradient_accumulation_steps": 3},
    {"gradient_accumulation_steps": 7, "use_ema": True, "ema_overwrite_frequency": 2},
]

TOGETHER = [
    {
        "clipnorm": 0.9,
        "weight_decay": 0.3,
        "use_ema": True,
        "ema_momentum": 0.7,
        "ema_overwrite_frequency": 3,
        "loss_scale_factor": 128.0,
    },
    {
        "global_clipnorm": 1.5,
        "weight_decay": 0.3,
        "use_ema": True,
        "ema_momentum": 0.7,
        "ema_overwrite_frequency": 2,
        "loss_scale_factor": 10.0,
        "gradient_accumulation_steps": 4,
    },
]

CONSTRAINED = {
    "dense/kernel": lambda k: k.constraints.MaxNorm(0.8),
    "conv2d/kernel": lambda k: k.constraints.NonNeg(),
}


def together(options):
    return " ".join(f"{name}={value}" for name, value in options.items())


@pytest.mark.parametrize("options", ALONE, ids=together)
def test_each_alone_is_as_in_keras(options, float64):
    assert_same_path("Adam", options)


@every_optimizer
@pytest.mark.parametrize("options", TOGETHER, ids=["at every step", "accumulated"])
def test_all_together_are_as_in_keras(name, options, float64):
    assert_same_path(name, options, changes={20: 0.05})


@pytest.mark.parametrize("name", ["SGD", "Adam", "Muon"])
@pytest.mark.parametrize(
    "options", [{}, TOGETHER[0], {"gradient_accumulation_steps": 4}], ids=together
)
def test_constraints_come_last_as_in_keras(name, options, float64):
    assert_same_path(name, options, constrained=CONSTRAINED)


@pytest.mark.parametrize("name", ["SGD", "AdamW", "Muon"])
@pytest.mark.parametrize("patterns", [["bias"], ["kernel", "embed"]], ids=str)
def test_what_is_excluded_from_decay_is_what_keras_excludes(name, patterns, float64):
    def prepare(optimizer):
        optimizer.exclude_from_weight_decay(var_names=patterns)

    assert_same_path(name, {"weight_decay": 0.3}, prepare=prepare)

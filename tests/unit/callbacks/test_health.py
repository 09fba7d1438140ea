"""HealthMonitor: what each layer's numbers are, and what ails."""

import numpy as np
import pytest
from tests.builders import line, regressor

from chainrule.callbacks import HealthMonitor
from chainrule.errors import ArgumentError
from chainrule.initializers import Constant, RandomNormal
from chainrule.layers import Dense, Input
from chainrule.models import Sequential
from chainrule.optimizers import LBFGS, SGD, Adam
from chainrule.testing import assert_close
from chainrule.utils import set_random_seed


def trained(layers, optimizer, epochs=6, **monitor):
    """A monitor after a training on :func:`line`."""
    set_random_seed(2)
    x, y = line()
    model = Sequential([Input((2,)), *layers, Dense(1, name="last")])
    model.compile(optimizer, "mse")
    monitor = HealthMonitor(**monitor)
    model.fit(x, y, epochs=epochs, verbose=0, callbacks=[monitor])
    return monitor


def names(report):
    return {(ailment.name, ailment.layer) for ailment in report.ailments}


def test_a_network_that_learns_ails_of_nothing(capsys):
    monitor = trained([Dense(8, "relu")], Adam(0.001))
    assert [report.epoch for report in monitor.reports] == [1, 2, 3, 4, 5, 6]
    assert all(report.ailments == () for report in monitor.reports)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("scale", [None, 8.0])
def test_the_numbers_are_those_of_the_next_step(scale):
    set_random_seed(2)
    x, y = line(30)
    model = Sequential([Input((2,)), Dense(1, name="only", dtype="float64")])
    model.compile(SGD(0.1, loss_scale_factor=scale), "mse")
    monitor = HealthMonitor()
    model.fit(x, y, batch_size=30, verbose=0, callbacks=[monitor])
    (only,) = monitor.reports[0].layers
    kernel, bias = model.get_weights()
    slopes = 2 * (x @ kernel + bias - y) / len(x)
    gradient = np.concatenate([(x.T @ slopes).ravel(), slopes.sum(0)])
    weights = np.concatenate([kernel.ravel(), bias])
    assert_close(only.gradient_norm, np.linalg.norm(gradient), "float64", "gradient")
    assert_close(only.gradient_size, np.sqrt(np.mean(gradient**2)), "float64", "size")
    assert_close(only.weight_norm, np.linalg.norm(weights), "float64", "weights")
    expected = 0.1 * np.linalg.norm(gradient) / np.linalg.norm(weights)
    assert_close(only.update_ratio, expected, "float64", "ratio")


def test_dead_relus_are_counted_and_told_once(capsys):
    dead = Dense(4, "relu", name="dead", bias_initializer=Constant(-100.0))
    monitor = trained([dead], Adam(0.001))
    assert monitor.reports[0].layers[0].dead == 1.0
    assert ("dead", "dead") in names(monitor.reports[0])
    assert capsys.readouterr().out.count("100% of its ReLUs are 0") == 1


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_saturated_units_are_counted(activation):
    wide = Dense(8, activation, name="wide", kernel_initializer=RandomNormal(stddev=500.0))
    monitor = trained([wide], SGD(0.01))
    assert monitor.reports[0].layers[0].saturated > 0.9
    assert ("saturated", "wide") in names(monitor.reports[0])


def test_outputs_may_saturate():
    set_random_seed(1)
    x, y = line()
    model = Sequential([Input((2,)), Dense(1, "sigmoid", kernel_initializer=Constant(400.0))])
    model.compile(SGD(1e-3), "mse")
    monitor = HealthMonitor()
    model.fit(x, y, verbose=0, callbacks=[monitor])
    assert monitor.reports[0].layers[0].saturated is None


def test_gradients_that_vanish_and_a_loss_that_stands_still():
    monitor = trained([Dense(4, "sigmoid", name=f"deep_{n}") for n in range(9)], SGD(1e-9))
    assert ("vanishing", "deep_0") in names(monitor.reports[-1])
    assert ("still", "") in names(monitor.reports[-1])
    assert ("slow", "deep_0") in names(monitor.reports[-1])
    assert ("still", "") not in names(monitor.reports[-2])  # five epochs are needed to say so


def test_gradients_that_explode():
    sizes = [1e-6, 300.0, 300.0, 300.0]  # activations stay small, their cotangents do not
    deep = [
        Dense(4, name=f"deep_{n}", kernel_initializer=RandomNormal(stddev=size))
        for n, size in enumerate(sizes)
    ]
    monitor = trained(deep, SGD(1e-30), epochs=1)
    assert ("exploding", "deep_0") in names(monitor.reports[0])


def test_steps_that_are_too_large():
    monitor = trained([Dense(8, "tanh")], Adam(1.0), epochs=1)
    assert any(name == "fast" for name, _ in names(monitor.reports[0]))


def test_a_report_is_a_table():
    text = str(trained([Dense(8, "relu", name="hidden")], Adam(0.001)).reports[0])
    assert text.splitlines()[1].split() == [
        "layer",
        "gradient",
        "weights",
        "update/weights",
        "dead",
        "saturated",
    ]
    assert text.splitlines()[2].startswith("hidden")


def test_it_looks_as_often_as_asked():
    monitor = trained([Dense(3)], Adam(), every=3)
    assert [report.epoch for report in monitor.reports] == [3, 6]


@pytest.mark.parametrize("wrong", [{"every": 0}, {"rows": -1}, {"rows": 2.5}])
def test_what_is_no_number_of_epochs_or_rows_is_refused(wrong):
    with pytest.raises(ArgumentError, match="whole number from 1"):
        HealthMonitor(**wrong)


def test_an_optimizer_of_the_whole_batch_is_not_judged():
    x, y = line()
    with pytest.raises(ArgumentError, match=r"Recorder watches any\. Received: .*LBFGS"):
        regressor(LBFGS()).fit(x, y, verbose=0, callbacks=[HealthMonitor()])

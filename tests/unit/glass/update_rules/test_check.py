"""check_optimizer: a hand-written update rule beside the library's."""

import json

import numpy as np
import pytest

import chainrule
from chainrule.core.rule import UPDATES
from chainrule.errors import ArgumentError, UnknownNameError
from chainrule.glass import check_optimizer
from chainrule.glass.update_rules.faults import FORMS
from chainrule.glass.update_rules.faults.form import Stream, increments
from chainrule.glass.update_rules.model import model_of, options_of

EXTRAS = [
    {},
    {"weight_decay": 0.03},
    {"momentum": 0.8},
    {"centered": True},
    {"centered": True, "momentum": 0.8},
    {"amsgrad": True},
]


def with_extras():
    for name in FORMS.names:
        for extra in EXTRAS:
            try:
                model_of(name, extra)
            except ArgumentError:
                continue
            if name != "sgd" or "momentum" not in extra:
                yield name, extra


@pytest.mark.parametrize(("name", "extra"), list(with_extras()))
def test_a_form_without_deviations_is_the_library_s_rule(name, extra):
    draw = np.random.default_rng(3)
    start = {"a": draw.normal(size=(3, 2)), "b": draw.normal(size=4)}
    grads = tuple({k: draw.normal(size=v.shape) for k, v in start.items()} for _ in range(6))
    stream, model = Stream(start, grads), model_of(name, extra)
    options = options_of(model)
    arrays = [array.copy() for array in start.values()]
    for grad, change in zip(
        grads, increments(FORMS[name](options), (), options, stream), strict=True
    ):
        before = np.concatenate([array.ravel() for array in arrays])
        model.apply(list(grad.values()), arrays)
        after = np.concatenate([array.ravel() for array in arrays])
        np.testing.assert_allclose(change, after - before, rtol=0, atol=1e-15)


@pytest.mark.parametrize("name", FORMS.names)
def test_every_place_of_a_form_has_an_equation_of_the_library(name):
    model = model_of(name, {})
    form = FORMS[name](options_of(model))
    assert set(form.sources) >= {"step", "moved", "decayed"}
    for deviation in form.deviations:
        assert deviation.equation, deviation.id
        assert (
            deviation.options or deviation.start or any(p in form.sources for p in deviation.places)
        )


# ---------------------------------------------------------------- shapes of code


def rule_in_place(w, grad, lr):
    w -= lr * grad


def rule_returned(w, grad, learning_rate=0.1):
    return w - learning_rate * grad


def rule_of_steps(grad, lr):
    return lr * grad


def rule_of_steps_to_add(w, grad, lr):
    return -lr * grad


def rule_of_dicts(params, grads, lr):
    return {key: params[key] - lr * grads[key] for key in params}


def rule_of_lists(weights, gradients, alpha):
    return [w - alpha * g for w, g in zip(weights, gradients, strict=True)]


def rule_by_prefix(parameters, grads, learning_rate):
    for layer in range(1, len(parameters) // 2 + 1):
        for letter in "Wb":
            parameters[f"{letter}{layer}"] -= learning_rate * grads[f"d{letter}{layer}"]
    return parameters


class Called:
    def __init__(self, lr):
        self.lr = lr

    def __call__(self, params, grads):
        for p, g in zip(params, grads, strict=True):
            p -= self.lr * g


class Applied:
    def __init__(self, learning_rate):
        self.rate = learning_rate

    def apply_gradients(self, grads_and_vars):
        for g, v in grads_and_vars:
            v -= self.rate * g


class OfTensors:
    def __init__(self, params, lr=0.1):
        self.params, self.lr = params, lr

    def step(self):
        for p in self.params:
            p.data -= self.lr * p.grad


class OfLists:
    def __init__(self, params, lr=0.1):
        self.params, self.lr = params, lr

    def step(self, grads):
        self.params = [p - self.lr * g for p, g in zip(self.params, grads, strict=True)]


class OfLayers:
    def __init__(self, learning_rate=1.0):
        self.learning_rate = learning_rate

    def update_params(self, layer):
        layer.weights += -self.learning_rate * layer.dweights
        layer.biases += -self.learning_rate * layer.dbiases


class WithKeys:
    def __init__(self):
        self.alpha = 0.2

    def update(self, key, w, dw):
        return w - self.alpha * dw


@pytest.mark.parametrize(
    "rule",
    [
        rule_in_place,
        rule_returned,
        rule_of_steps,
        rule_of_steps_to_add,
        rule_of_dicts,
        rule_of_lists,
        rule_by_prefix,
        Called,
        Called(0.2),
        Applied,
        OfTensors,
        OfLists,
        OfLayers,
        WithKeys,
        WithKeys(),
    ],
    ids=lambda rule: getattr(rule, "__name__", type(rule).__name__ + " object"),
)
def test_shapes_that_are_understood(rule):
    report = check_optimizer(rule, "sgd")
    assert report.ok, str(report)
    assert report.findings[0].faults == ()


def momentum_in_a_dict(w, dw, config=None):
    config = {} if config is None else config
    config.setdefault("learning_rate", 0.02)
    config.setdefault("momentum", 0.8)
    v = config.get("velocity", np.zeros_like(w))
    v = config["momentum"] * v - config["learning_rate"] * dw
    config["velocity"] = v
    return w + v, config


def momentum_in_a_tuple(param, grad, state, lr):
    (velocity,) = state
    velocity = 0.9 * velocity - lr * grad
    return param + velocity, (velocity,)


def momentum_in_arrays(theta, g, v, lr, mu):
    v[...] = mu * v - lr * g
    theta += v


@pytest.mark.parametrize("rule", [momentum_in_a_dict, momentum_in_a_tuple, momentum_in_arrays])
def test_shapes_of_state(rule):
    assert check_optimizer(rule, "momentum").ok


def test_constants_are_read_from_the_code():
    report = check_optimizer(momentum_in_a_dict, "momentum")
    assert report.taken == {"learning_rate": 0.02, "momentum": 0.8}
    assert report.settings["momentum"] == 0.8


def test_constants_that_are_given_count():
    report = check_optimizer(WithKeys(), "sgd", learning_rate=0.1)
    assert report.findings[0].faults == ("step-factor",)
    assert "2 times" in report.findings[0].message


def test_a_step_counted_from_0_is_right_if_the_code_adds_1():
    def rule(w, g, m, t, lr, beta1):
        m = beta1 * m + (1 - beta1) * g
        return w - lr * m / (1 - beta1 ** (t + 1)), m

    def adamax(w, g, m, u, t, lr, beta1, beta2, eps):
        u = np.maximum(beta2 * u, abs(g))
        m = beta1 * m + (1 - beta1) * g
        return w - lr * m / (1 - beta1 ** (t + 1)) / (u + eps), m, u

    assert "from 0" in check_optimizer(adamax, "adamax").shape
    assert not check_optimizer(rule, "adamax").ok


def test_code_that_fits_no_shape_is_told_which_do():
    class Nothing:
        def train(self):
            raise NotImplementedError

    def broken(params, grads):
        raise KeyError("momentum")

    with pytest.raises(ArgumentError, match="update_params"):
        check_optimizer(Nothing, "adam")
    with pytest.raises(ArgumentError, match="KeyError: 'momentum'"):
        check_optimizer(broken, "adam")
    with pytest.raises(ArgumentError, match="must be an update rule"):
        check_optimizer(3, "adam")


def test_names_are_checked():
    with pytest.raises(UnknownNameError, match="adam"):
        check_optimizer(rule_returned, "adamm")
    with pytest.raises(ArgumentError, match="beta_3"):
        check_optimizer(rule_returned, "adam", beta_3=1)


# ---------------------------------------------------------------- what is found


class SharedVelocity:
    def __init__(self, lr=0.1):
        self.lr, self.v = lr, None

    def update(self, params, grads):
        for key in params:
            if self.v is None:
                self.v = np.zeros_like(params[key])
            self.v = 0.9 * self.v - self.lr * grads[key]
            params[key] += self.v


class SharedByShape(SharedVelocity):
    def update(self, params, grads):
        self.v = self.v or {}
        for key, w in params.items():
            self.v[w.shape] = 0.9 * self.v.get(w.shape, 0) - self.lr * grads[key]
            w += self.v[w.shape]


class SharedInAList(SharedVelocity):
    def update(self, params, grads):
        if self.v is None:
            self.v = [np.zeros_like(params[0])] * len(params)
        for v, p, g in zip(self.v, params, grads, strict=True):
            v *= 0.9
            v -= self.lr * g
            p += v


@pytest.mark.parametrize("rule", [SharedVelocity, SharedByShape, SharedInAList])
def test_state_that_parameters_share_is_found(rule):
    assert check_optimizer(rule, "momentum").findings[0].faults == ("velocity-shared",)


def test_the_step_counted_per_parameter_is_found():
    class Adam:
        def __init__(self, lr=0.1):
            self.lr, self.t, self.m, self.v = lr, 0, {}, {}

        def update(self, params, grads):
            for k in params:
                self.t += 1
                self.m[k] = 0.9 * self.m.get(k, 0) + 0.1 * grads[k]
                self.v[k] = 0.999 * self.v.get(k, 0) + 0.001 * grads[k] ** 2
                m, v = self.m[k] / (1 - 0.9**self.t), self.v[k] / (1 - 0.999**self.t)
                params[k] -= self.lr * m / (np.sqrt(v) + 1e-8)

    assert "t-counted-per-parameter" in check_optimizer(Adam, "adam").findings[0].faults


def test_a_loop_that_returns_too_early_is_found():
    def rule(params, grads, lr):
        for key in params:
            params[key] -= lr * grads[key]
            return params

    assert check_optimizer(rule, "sgd").findings[0].faults == ("first-parameter-only",)


def test_code_that_moves_nothing_is_found():
    def rule(params, grads, lr):
        for p, g in zip(params, grads, strict=True):
            p = p - lr * g

    assert check_optimizer(rule, "sgd").findings[0].faults == ("parameters-unchanged",)


def test_a_gradient_kept_as_state_is_found():
    class Momentum:
        def __init__(self, lr=0.1):
            self.lr, self.v = lr, None

        def update(self, w, g):
            self.v = g if self.v is None else 0.9 * self.v + g
            return w - self.lr * self.v

    report = check_optimizer(Momentum, "momentum")
    assert report.findings[0].verdict == "right"
    assert report.findings[1].faults == ("gradient-kept",)
    assert not report.ok


def test_a_gradient_that_is_changed_is_told_but_not_wrong():
    def rule(w, g, lr):
        g *= lr
        w -= g

    report = check_optimizer(rule, "sgd")
    assert report.ok
    assert report.findings[1].faults == ("gradient-changed",)


def test_single_precision_is_no_mistake():
    def rule(w, g, lr):
        return (w - lr * g).astype(np.float32)

    report = check_optimizer(rule, "sgd")
    assert report.ok
    assert "single precision" in report.findings[0].message


def test_another_rule_is_named():
    finding = check_optimizer(rule_returned, "adam").findings[0]
    assert finding.faults == ("is-sgd",)


def test_the_size_of_epsilon_is_a_mistake_only_if_it_was_said():
    def rule(w, g, m, v, t, lr):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        rate = lr * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        return w - rate * m / (np.sqrt(v) + 1e-5), m, v

    assert check_optimizer(rule, "adam").ok
    finding = check_optimizer(rule, "adam", epsilon=1e-8).findings[0]
    assert finding.verdict == "diagnosed"
    assert finding.written == "ε = 1e-05"


def test_the_right_equation_is_the_rule_s_own_line():
    def rule(w, g, m, v, t, lr):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g
        rate = lr * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        return w - rate * m / (np.sqrt(v) + 1e-7), m, v

    finding = check_optimizer(rule, "adam").findings[0]
    assert finding.faults == ("v-not-squared",)
    source = UPDATES["adam"].forward.__code__.co_filename
    with open(source, encoding="utf-8") as file:
        assert f"# {finding.right}\n" in file.read()


# ---------------------------------------------------------------- manners


def test_the_code_is_run_on_copies_and_in_silence(capsys):
    seen = []
    cache = {}

    def rule(w, g, lr):
        print("training …")
        seen.append(1)
        return w - lr * g

    optimizer = SharedVelocity()
    check_optimizer(optimizer, "momentum")
    check_optimizer(rule, "sgd")
    assert optimizer.v is None
    assert not cache
    assert capsys.readouterr() == ("", "")


def test_data_of_the_module_is_left_alone():
    space = {"velocity": {}, "np": np}
    source = """
def rule(name, w, g, lr):
    velocity[name] = 0.9 * velocity.get(name, 0) - lr * g
    return w + velocity[name]
"""
    exec(source, space)
    assert check_optimizer(space["rule"], "momentum").ok
    assert space["velocity"] == {}


def test_the_report_is_text_and_json():
    report = check_optimizer(SharedVelocity, "momentum")
    assert json.loads(json.dumps(report.to_dict()))["findings"][0]["faults"] == ["velocity-shared"]
    text = str(report)
    assert "written: one velocity for all parameters" in text
    assert "right:   v ← β v − η g" in text


def test_it_is_public():
    assert chainrule.check_optimizer is check_optimizer

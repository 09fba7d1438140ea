"""What is found in a module, and how networks of unknown classes are made."""

from itertools import pairwise
from types import ModuleType

import numpy as np
import pytest

from chainrule.errors import ArgumentError
from chainrule.glass.constructing import network_with_data
from chainrule.glass.hand_ins import checked, hand_ins


def module(text):
    made = ModuleType("hand_in")
    exec("import numpy as np\n" + text, made.__dict__)
    return made


def found(text, optimizer=""):
    return [(one.label, one.kind, one.rule) for one in hand_ins(module(text), optimizer)]


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("Adam", "adam"),
        ("my_adam_w", "adamw"),
        ("AdaMax", "adamax"),
        ("NAdam", "nadam"),
        ("Optimizer_RMSprop", "rmsprop"),
        ("SGDMomentum", "momentum"),
        ("gradient_descent", "sgd"),
        ("NAG", "nesterov"),
    ],
)
def test_a_name_says_which_rule(name, rule):
    assert found(f"def {name}(w, grad, lr):\n    pass") == [(name, "optimizer", rule)]
    text = f"class {name}:\n    def update(self, params, grads):\n        pass"
    assert found(text) == [(name, "optimizer", rule)]


def test_what_is_no_update_rule_is_left_alone():
    assert found("def adam_paper(text):\n    pass") == []
    assert found("from chainrule.optimizers import Adam") == []
    assert found("def _sgd(w, grad, lr):\n    pass") == []
    assert found("class Data:\n    pass") == []
    assert found("SGD = 3") == []


def test_a_class_without_a_known_name_is_found_but_needs_its_rule():
    text = "class Mine:\n    def step(self, grads):\n        pass"
    assert found(text) == [("Mine", "optimizer", "")]
    assert found(text, "adam") == [("Mine (adam)", "optimizer", "adam")]
    (one,) = hand_ins(module(text))
    assert "--optimizer" in checked(one, module(text)).message


def test_sgd_that_takes_a_momentum_is_two_rules():
    text = """
class SGD:
    def __init__(self, lr=0.1, momentum=0.0):
        self.lr, self.momentum, self.v = lr, momentum, {}
    def update(self, params, grads):
        for k, g in grads.items():
            self.v[k] = self.momentum * self.v.get(k, 0) + g
            params[k] += -self.lr * g
"""
    made = module(text)
    verdicts = {one.label: checked(one, made).verdict for one in hand_ins(made)}
    assert verdicts == {"SGD": "right", "SGD (momentum)": "wrong"}


def test_a_forward_pass_and_a_training_step_make_a_network():
    methods = "    def forward(self, x): pass\n    def {}(self, x, y): pass"
    for training in ("train", "backward", "backprop", "fit"):
        text = "class Net:\n" + methods.format(training)
        assert found(text) == [("Net", "network", "")]
    assert found("class Dense:\n    def forward(self, x): pass") == []


# ---------------------------------------------------------------- networks


class Lesson:
    def __init__(self):
        self.w1, self.w2 = np.ones((2, 3)), np.ones((3, 1))

    def forward(self, x):
        return x @ self.w1 @ self.w2


class Sized:
    def __init__(self, input_size, hidden_size, output_size, learning_rate=0.5):
        self.w1 = np.random.randn(input_size, hidden_size)
        self.w2 = np.random.randn(hidden_size, output_size)
        self.rate = learning_rate

    def predict(self, x):
        return x @ self.w1 @ self.w2


class Layered:
    def __init__(self, layers):
        self.ws = [np.random.randn(a, b) for a, b in pairwise(layers)]

    def feedforward(self, x):
        for w in self.ws:
            x = x @ w
        e = np.exp(x)
        return e / e.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(("kind", "wide", "out"), [(Lesson, 2, 1), (Sized, 3, 2), (Layered, 3, 2)])
def test_a_network_is_made_with_data_that_go_through_it(kind, wide, out):
    network, x, y = network_with_data(kind, None)
    assert isinstance(network, kind)
    assert x.shape == (5, wide)
    assert y.shape == (5, out)


def test_targets_of_a_softmax_are_classes():
    _, _, y = network_with_data(Layered, None)
    assert set(np.unique(y)) == {0, 1}
    np.testing.assert_array_equal(y.sum(axis=1), 1)


def test_data_of_the_module_are_used():
    x, y = np.ones((9, 4)), np.zeros((9, 3))
    network, some_x, some_y = network_with_data(Sized, (x, y))
    assert network.w1.shape[0] == some_x.shape[1] == 4
    assert network.w2.shape[1] == some_y.shape[1] == 3
    assert network.rate == 0.5


def test_making_a_network_leaves_the_random_numbers_of_others_alone():
    np.random.seed(3)
    expected = np.random.rand()
    np.random.seed(3)
    network_with_data(Sized, None)
    assert np.random.rand() == expected


def test_what_a_constructor_needs_is_said():
    class Odd:
        def __init__(self, flavour):
            pass

    class Failing:
        def __init__(self):
            raise RuntimeError("no disk")

    with pytest.raises(ArgumentError, match="needs 'flavour'"):
        network_with_data(Odd, None)
    with pytest.raises(ArgumentError, match="RuntimeError: no disk"):
        network_with_data(Failing, None)


def test_a_forward_pass_that_takes_nothing_is_said():
    class Picky(Lesson):
        def forward(self, x):
            raise ValueError("not you")

    with pytest.raises(ArgumentError, match="X and y"):
        network_with_data(Picky, None)

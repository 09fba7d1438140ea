"""Optimizers as objects: learning rates, fixed constants, state, configuration, use by hand."""

import numpy as np
import pytest

from chainrule import optimizers
from chainrule.core.layout import Layout, Slot
from chainrule.core.rule import UpdateRule
from chainrule.engines import interpret
from chainrule.errors import ArgumentError, ShapeError, StateError, UnknownNameError
from chainrule.optimizers import SGD, Adam, AdamW, Ftrl, Muon, RMSprop, schedules

every_optimizer = pytest.mark.parametrize("name", optimizers.OPTIMIZERS.names)


class Halving(schedules.LearningRateSchedule):
    """A schedule that takes one step at a time."""

    def __call__(self, step):
        return 0.1 if step < 2 else 0.05

    def get_config(self):
        return {}


class TestLearningRates:
    def test_what_is_no_learning_rate_is_refused(self):
        for value in ("fast", None, True, [0.1], Halving, -0.1, np.nan, np.inf):
            with pytest.raises(ArgumentError, match=r"`learning_rate` must be .*Received:"):
                SGD(value)
        optimizer = SGD(0.1)
        with pytest.raises(ArgumentError, match="finite"):
            optimizer.learning_rate = np.inf

    def test_a_schedule_is_read_at_the_coming_step(self):
        optimizer = SGD(Halving())
        assert optimizer.learning_rate == 0.1
        optimizer.steps = 2
        assert optimizer.learning_rate == 0.05
        assert optimizer.scalars(1, 4)["learning_rate"].tolist() == [0.1, 0.1, 0.05, 0.05]

    def test_a_function_is_called_at_every_step_and_sees_which(self):
        optimizer = SGD(lambda: 1 / (1 + optimizer.iterations))
        assert optimizer.scalars(2, 3)["learning_rate"].tolist() == [1 / 2, 1 / 3, 1 / 4]
        assert optimizer.steps == 0

    def test_a_function_gives_way_to_a_number(self):
        optimizer = SGD(lambda: 0.5)
        optimizer.learning_rate = 0.25
        assert optimizer.learning_rate == 0.25

    def test_a_schedule_does_not_give_way_to_a_number(self):
        optimizer = SGD(Halving())
        with pytest.raises(TypeError, match=r"is a schedule.*Received: learning_rate=0.3"):
            optimizer.learning_rate = 0.3
        assert optimizer.learning_rate == 0.1

    def test_ftrl_never_divides_by_a_rate_of_0(self):
        optimizer = Ftrl(schedules.PolynomialDecay(0.1, 3, end_learning_rate=0.0))
        optimizer.scalars(1, 3)
        with pytest.raises(ArgumentError, match="greater than 0"):
            optimizer.scalars(1, 4)


class TestConstants:
    def test_they_are_attributes_that_cannot_be_set(self):
        optimizer = Adam(beta_1=0.5, clipnorm=1.0)
        assert (optimizer.beta_1, optimizer.clipnorm, optimizer.weight_decay) == (0.5, 1.0, None)
        with pytest.raises(ArgumentError, match=r"`beta_1` is fixed.*Received: beta_1=0.9"):
            optimizer.beta_1 = 0.9
        with pytest.raises(AttributeError, match="'Adam' object has no attribute 'momentum'"):
            _ = optimizer.momentum

    @pytest.mark.parametrize(
        "options",
        [
            {"weight_decay": -0.1},
            {"clipnorm": 0.0},
            {"clipvalue": -1.0},
            {"global_clipnorm": 0.0},
            {"loss_scale_factor": 0.0},
            {"gradient_accumulation_steps": 2.5},
            {"gradient_accumulation_steps": True},
            {"ema_overwrite_frequency": 0},
            {"ema_momentum": 2.0},
            {"velocity": 1.0},
        ],
        ids=str,
    )
    def test_what_is_out_of_range_is_refused(self, options):
        (name,) = options
        with pytest.raises(ArgumentError, match=f"Received: {name}="):
            SGD(**options)

    def test_the_representation_shows_what_is_not_usual(self):
        assert repr(SGD(0.1)) == "SGD(learning_rate=0.1, momentum=0.0, nesterov=False)"
        assert repr(SGD(0.1, clipnorm=1.0)).startswith("SGD(learning_rate=0.1, clipnorm=1.0, ")


class TestConfigurations:
    @every_optimizer
    def test_an_optimizer_comes_back(self, name):
        made = optimizers.OPTIMIZERS[name](
            schedules.CosineDecay(0.5, 10), use_ema=True, clipnorm=2.0, name="mine"
        )
        again = optimizers.get(optimizers.serialize(made))
        assert type(again) is type(made)
        assert again.get_config() == made.get_config()

    def test_what_is_kept_from_decaying_comes_back_too(self):
        made = AdamW()
        made.exclude_from_weight_decay(var_list=["dense/kernel"], var_names=["bias"])
        again = optimizers.get(optimizers.serialize(made))
        layout = Layout(
            [Slot("dense/kernel", (2,)), Slot("bias", (1,)), Slot("a/dense/kernel", ())]
        )
        for optimizer in (made, again):
            nodes = optimizer.update(layout).nodes
            assert [node.variable for node in nodes if node.rule.name == "decay"] == [
                "a/dense/kernel"
            ]

    def test_classes_of_ones_own_come_back_if_named(self):
        class Mine(SGD):
            pass

        saved = optimizers.serialize(Mine(Halving(), momentum=0.5))
        for known in ({}, {"Mine": Mine}):
            with pytest.raises(UnknownNameError):
                optimizers.deserialize(saved, known)
        made = optimizers.deserialize(saved, {"Mine": Mine, "Halving": Halving})
        assert isinstance(made, Mine)
        assert made.learning_rate == 0.1

    def test_a_function_as_learning_rate_cannot_be_saved_but_shown(self):
        optimizer = SGD(lambda: 0.1)
        assert "SGD(learning_rate=<function" in repr(optimizer)
        with pytest.raises(ArgumentError, match="cannot be saved"):
            optimizer.get_config()

    def test_an_unknown_name_is_answered_with_the_nearest(self):
        with pytest.raises(UnknownNameError, match="Did you mean 'adadelta'"):
            optimizers.get("adadlta")
        with pytest.raises(UnknownNameError, match="identifier"):
            optimizers.get({"class_name": ["Adam"], "config": {}})


class TestExclusion:
    def test_it_comes_before_compile(self):
        optimizer = SGD(weight_decay=0.1)
        optimizer.update(Layout([Slot("a", (2,))]))
        with pytest.raises(StateError, match=r"before `compile\(\)`"):
            optimizer.exclude_from_weight_decay(var_names=["a"])

    def test_objects_are_known_by_their_path(self):
        class Variable:
            path = "dense/kernel"

        optimizer = Muon(weight_decay=0.1, adam_weight_decay=0.2)
        optimizer.exclude_from_weight_decay(var_list=[Variable()])
        update = optimizer.update(Layout([Slot("dense/kernel", (2, 2)), Slot("dense/bias", (2,))]))
        decays = [node for node in update.nodes if node.rule.name == "decay"]
        assert [(node.variable, node.options["weight_decay"]) for node in decays] == [
            ("dense/bias", 0.2)
        ]


class TestState:
    LAYOUT = Layout([Slot("dense/kernel", (3, 2)), Slot("dense/bias", (2,))])

    def test_it_begins_where_the_rule_says(self):
        optimizer = optimizers.Adagrad(initial_accumulator_value=0.25)
        optimizer.allocate(optimizer.update(self.LAYOUT), "float32")
        assert optimizer.state["squares"].tolist() == [0.25] * 8
        assert optimizer.state["squares"].dtype == np.float32

    def test_frozen_variables_have_none(self):
        layout = Layout([Slot("a", (3,), trainable=False), Slot("b", (2,))])
        optimizer = RMSprop()
        optimizer.allocate(optimizer.update(layout), "float32")
        assert {name: vector.size for name, vector in optimizer.state.items()} == {"v": 2}

    def test_adafactor_keeps_one_number_per_row_and_column(self):
        update = optimizers.Adafactor().update(
            Layout([*self.LAYOUT, Slot("conv/kernel", (5, 3, 4, 2))])
        )
        shapes = {
            name: {slot.name: slot.shape for slot in state.layout}
            for name, state in update.states.items()
        }
        assert shapes == {
            "row": {"dense/kernel": (3,), "conv/kernel": (5, 3, 4)},
            "column": {"dense/kernel": (2,), "conv/kernel": (5, 3, 2)},
            "v": {"dense/bias": (2,)},
        }

    def test_an_optimizer_serves_one_model(self):
        optimizer = Adam()
        optimizer.allocate(optimizer.update(self.LAYOUT), "float32")
        other = optimizer.update(Layout([Slot("a", (5,))]))
        with pytest.raises(ArgumentError, match="optimizer of its own"):
            optimizer.allocate(other, "float32")

    def test_weights_become_their_average_once_there_is_one(self):
        optimizer = SGD(use_ema=True)
        optimizer.allocate(optimizer.update(self.LAYOUT), "float64")
        theta = np.ones(8)
        optimizer.finalize_variable_values(theta)
        assert theta.tolist() == [1.0] * 8
        optimizer.steps, optimizer.state["average"] = 1, np.arange(8.0)
        optimizer.finalize_variable_values(theta)
        assert theta.tolist() == list(range(8))


class TestByHand:
    def parabola(self, optimizer, steps):
        weights = [np.array([[1.0, -2.0]]), np.array(3.0)]
        for _ in range(steps):
            optimizer.apply_gradients([(2 * w - 2, w) for w in weights])
        return weights

    @every_optimizer
    def test_every_optimizer_goes_down(self, name):
        few, many = (self.parabola(optimizers.OPTIMIZERS[name](0.05), n) for n in (1, 20))
        for before, after in zip(few, many, strict=True):
            assert np.sum((after - 1) ** 2) < np.sum((before - 1) ** 2)

    def test_arrays_move_in_place(self):
        weights = self.parabola(SGD(0.5), 2)
        assert np.array_equal(weights[0], [[1.0, 1.0]])
        assert weights[1] == 1

    def test_the_average_can_be_written_into_them(self):
        optimizer = SGD(0.25, use_ema=True, ema_momentum=0.5)
        weights = self.parabola(optimizer, 2)
        optimizer.finalize_variable_values(weights)
        assert np.allclose(weights[0], [[1.0, -0.5 * 0.5 + 0.5 * 0.25]])
        assert np.allclose(weights[1], 0.5 * 2 + 0.5 * 1.5)

    def test_what_does_not_fit_is_refused(self):
        with pytest.raises(StateError, match="first time"):
            SGD().apply([1.0])
        optimizer = SGD()
        optimizer.build([np.zeros(2)])
        assert optimizer.built
        with pytest.raises(ShapeError, match=r"shapes \[\(2,\)\].*Received: grads="):
            optimizer.apply([np.zeros(3)])


def test_an_optimizer_of_ones_own_is_a_rule_and_a_class():
    def forward(theta, grad, last, *, learning_rate, share):
        theta = theta - learning_rate * (grad + share * last)  # θ ← θ − η (g + s l)
        return theta, grad  # θ, l

    rule = UpdateRule("two_step", "theta[P] grad[P] last[P] -> theta[P] last[P]", forward)

    class TwoStep(optimizers.Optimizer):
        def __init__(self, learning_rate=0.1, share=0.5, **common):
            super().__init__(learning_rate, {"share": share}, **common)

        def rules(self):
            return (rule,)

    optimizer = TwoStep(0.5, clipvalue=1.0)
    weights = np.array([10.0])
    for _ in range(2):
        optimizer.apply([[4.0]], [weights])
    assert weights.tolist() == [10 - 0.5 - 0.5 * 1.5]
    assert optimizer.get_config()["share"] == 0.5


def test_centered_rmsprop_stays_finite_where_rounding_makes_a_variance_negative():
    moved = RMSprop(0.1, centered=True).rules()[0].forward(
        np.float32([1.0]), np.float32([2.0]), np.float32([3.9]),
        learning_rate=0.1, rho=0.999, epsilon=1e-7,
    )  # fmt: skip
    assert all(np.isfinite(array).all() for array in moved)


def test_both_products_of_newton_schulz_give_the_same():
    from chainrule.optimizers import muon

    options = {"muon_a": 3.4445, "muon_b": -4.775, "muon_c": 2.0315}
    for shape in ((5, 3), (3, 5), (4, 4), (1, 6)):
        matrix = np.random.default_rng(0).normal(size=shape) / 8
        wide = muon.newton_schulz.forward(matrix, **options)
        tall = muon.newton_schulz_tall.forward(matrix, **options)
        assert np.allclose(wide, tall, rtol=1e-13)


def test_muon_makes_matrices_orthogonal():
    layout = Layout([Slot("dense/kernel", (4, 3))])
    optimizer = Muon(1.0, weight_decay=None, rms_rate=None, ns_steps=12)
    update = optimizer.update(layout)
    optimizer.allocate(update, "float64")
    grad = np.random.default_rng(0).normal(size=12)
    scalars = {name: float(v[0]) for name, v in optimizer.scalars(1, 1).items()}
    vectors = {"theta": np.zeros(12), "grad": grad, **optimizer.state}
    moved = interpret.update(update, vectors, scalars)
    singular = np.linalg.svd(moved["theta"].reshape(4, 3), compute_uv=False)
    assert np.all((singular > 0.65) & (singular < 1.25))  # the range these a, b, c lead to

"""Metrics of one's own: by values, by sums, and by variables as in Keras."""

import math

import numpy as np
import pytest

from chainrule import metrics
from chainrule.core.custom import custom_object_scope
from chainrule.core.names import snake_case
from chainrule.errors import ArgumentError, ShapeError, UnknownNameError
from chainrule.metrics.variables import Variable

BATCHES = [
    (np.array([[1.0], [0.0], [1.0]]), np.array([[0.9], [0.6], [0.2]])),
    (np.array([[1.0], [1.0]]), np.array([[0.7], [0.8]])),
]


def by_sums(metric, batches=BATCHES, weights=(None, None)):
    """What engines make of a metric."""
    found = metrics.get(metric)
    sums = [found.sums(*batch, weight) for batch, weight in zip(batches, weights, strict=True)]
    assert all((s.dtype, s.ndim) == (np.float64, 1) for s in sums)
    return found.value(sum(sums))


def by_hand(metric, batches=BATCHES, weights=(None, None)):
    """What the metric itself says."""
    metric.reset_state()
    for batch, weight in zip(batches, weights, strict=True):
        metric.update_state(*batch, sample_weight=weight)
    return float(metric.result())


class Bias(metrics.Metric):
    """Mean of p − t."""

    def values(self, y_true, y_pred):
        return np.mean(y_pred - y_true, axis=-1)


class Largest(metrics.Metric):
    """Σ w and Σ w |p − t|³, and their quotient's root."""

    direction = "down"

    def sums(self, y_true, y_pred, weight):
        return np.array([y_true.size, np.sum(np.abs(y_pred - y_true) ** 3)])

    def value(self, sums):
        return float(np.cbrt(sums[1] / sums[0])) if sums.size else 0.0


class BinaryTruePositives(metrics.Metric):
    """As in Keras' own guide."""

    def __init__(self, name="binary_true_positives", **kwargs):
        super().__init__(name=name, **kwargs)
        self.true_positives = self.add_variable(shape=(), initializer="zeros", name="tp")

    def update_state(self, y_true, y_pred, sample_weight=None):
        values = (np.asarray(y_true) == 1) & (np.asarray(y_pred) > 0.5)
        values = values.astype(float)
        if sample_weight is not None:
            values = values * np.reshape(sample_weight, (-1, 1))
        self.true_positives.assign(self.true_positives + np.sum(values))

    def result(self):
        return self.true_positives


class MeanError(metrics.Metric):
    """Two variables, one of several numbers, that begin at something else than 0."""

    def __init__(self, name=None, dtype=None):
        super().__init__(name, dtype)
        self._direction = "down"
        self.total = self.add_weight(shape=(2,), initializer="ones", name="total")
        self.count = self.add_weight(name="count")

    def update_state(self, y_true, y_pred, sample_weight=None):
        errors = np.abs(y_true - y_pred)
        self.total.assign_add([errors.sum(), np.square(errors).sum()])
        self.count.assign_sub(-errors.size)

    def reset_state(self):
        self.total.assign([0.0, 0.0])
        self.count.assign(0)

    def result(self):
        return self.total[1] / self.count - np.square(self.total[0] / self.count)


class Held(metrics.Metric):
    """A metric that holds another."""

    def __init__(self):
        super().__init__()
        self.inner = metrics.Mean()
        self.deep = BinaryTruePositives()

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.inner.update_state(y_pred - y_true, sample_weight)
        self.deep.update_state(y_true, y_pred)

    def reset_state(self):
        self.inner.reset_state()
        self.deep.reset_state()

    def result(self):
        return self.inner.result() + float(self.deep.result())


class Cubes(metrics.Mean):
    """A subclass of Mean that gives it its values, as Keras' own metrics do."""

    def update_state(self, y_true, y_pred, sample_weight=None):
        super().update_state(np.abs(y_pred - y_true) ** 3, sample_weight)

    def result(self):
        return np.cbrt(super().result())


class Rooted(metrics.MeanSquaredError):
    """Another word about the result only."""

    def result(self):
        return math.sqrt(super().result())


class Late(metrics.Metric):
    """Makes its variable when it first sees data."""

    total = None

    def update_state(self, y_true, y_pred, sample_weight=None):
        if self.total is None:
            self.total = self.add_variable(shape=y_pred.shape[1:])
        self.total.assign_add(y_pred.sum(axis=0))

    def result(self):
        return float(np.sum(self.total)) if self.total is not None else 0.0


class Most(metrics.Metric):
    """Does not add up."""

    def __init__(self):
        super().__init__(name="most")
        self.most = self.add_variable()

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.most.assign(np.maximum(self.most, np.max(y_pred)))

    def result(self):
        return self.most


def test_values_alone_make_a_metric():
    ours = Bias()
    assert by_sums(ours) == pytest.approx(by_hand(ours)) == pytest.approx(-0.8 / 5)
    weights = (np.array([1.0, 0, 0]), np.array([0, 1.0]))
    assert by_sums(ours, weights=weights) == pytest.approx(-0.15)
    assert metrics.get(ours) is ours
    assert (ours.name, ours.direction) == ("bias", None)


def test_sums_and_a_value_make_a_metric():
    ours = Largest()
    wanted = np.cbrt((0.1**3 + 0.6**3 + 0.8**3 + 0.3**3 + 0.2**3) / 5)
    assert by_sums(ours) == pytest.approx(by_hand(ours), rel=1e-6) == pytest.approx(wanted)
    assert metrics.get(ours) is ours


def test_a_metric_that_says_nothing_says_what_it_lacks():
    with pytest.raises(NotImplementedError, match="Metric Metric must define `values`"):
        metrics.Metric()(np.ones(2), np.ones(2))


@pytest.mark.parametrize(
    "make", [BinaryTruePositives, MeanError, Held, Cubes, Rooted, Late], ids=lambda k: k.__name__
)
def test_update_state_and_result_make_a_metric_as_in_keras(make):
    ours = make()
    found = metrics.get(ours)
    assert (found.name, found.direction, found.sparse) == (ours.name, ours.direction, False)
    assert by_sums(ours) == pytest.approx(by_hand(ours), rel=1e-6)
    assert by_sums(make()) == pytest.approx(by_hand(ours), rel=1e-6)
    assert found.value(np.zeros(0)) == 0 or math.isnan(found.value(np.zeros(0)))
    assert found.get_config() == ours.get_config()


@pytest.mark.parametrize("make", [BinaryTruePositives, Cubes], ids=lambda k: k.__name__)
def test_such_a_metric_gets_weights(make):
    ours, weights = make(), (np.array([1.0, 2, 0]), np.array([0.5, 0.25]))
    assert by_sums(ours, weights=weights) == pytest.approx(by_hand(ours, weights=weights))
    assert by_sums(ours, weights=weights) != pytest.approx(by_sums(ours))


def test_engines_leave_the_metric_itself_alone():
    ours = BinaryTruePositives()
    ours.update_state(*BATCHES[0])
    assert by_sums(ours) == 3
    assert float(ours.result()) == 1


def test_engines_may_share_the_work():
    found = metrics.get(MeanError())
    first, second = (found.sums(*batch, None) for batch in BATCHES)
    np.testing.assert_allclose(found.value(first + second), found.value(second + first))
    assert first.tolist() == pytest.approx([1.5, 0.1**2 + 0.6**2 + 0.8**2, 3])


def test_what_does_not_add_up_is_refused():
    with pytest.raises(ArgumentError, match=r"`update_state` of metric 'most'.*`sums` and `value`"):
        by_sums(Most())
    assert by_hand(Most()) == 0.9


def test_such_a_metric_is_saved_as_itself():
    own = metrics.get(BinaryTruePositives(name="mine"))
    data = metrics.serialize(own)
    assert data["class_name"] == "BinaryTruePositives"
    again = metrics.deserialize(data, {"BinaryTruePositives": BinaryTruePositives})
    assert type(again) is BinaryTruePositives
    assert again.name == "mine"
    with pytest.raises(UnknownNameError, match="BinaryTruePositives"):
        metrics.deserialize(data)


def test_what_is_registered_is_known_by_its_name():
    with custom_object_scope({"Bias": Bias, "own>Bias": Bias, "error": error}):
        assert type(metrics.get("Bias")) is Bias
        assert metrics.get("error").fn is error
        data = {"class_name": "Bias", "config": {}, "registered_name": "own>Bias"}
        assert type(metrics.deserialize(data)) is Bias
        data = metrics.serialize(metrics.get(error))
        assert metrics.get(data).fn is error
    with pytest.raises(UnknownNameError, match="error"):
        metrics.get(data)


def error(y_true, y_pred):
    return y_pred - y_true


def test_a_class_is_a_metric_too():
    assert type(metrics.get(Bias)) is Bias
    assert metrics.get(BinaryTruePositives).name == "binary_true_positives"


def test_names_are_counted():
    assert [Bias().name for _ in range(3)] == ["bias", "bias_1", "bias_2"]
    assert snake_case("AUC") == metrics.AUC().name == "auc"


def test_keras_word_for_the_direction_is_understood():
    assert MeanError().direction == "down"
    assert MeanError()._direction == "down"


def test_a_variable_is_an_array_that_is_assigned_to():
    variable = Variable((2,), "ones", "total")
    assert repr(variable) == "<Variable total: [1. 1.]>"
    two = np.array([1.0, 2.0])
    assert (variable + two).tolist() == (two + variable).tolist() == [2, 3]
    assert np.sum(variable) == 2
    assert (len(variable), variable[1], variable.dtype) == (2, 1, "float64")
    copy = variable.numpy()
    assert variable.assign([3, 4]) is variable
    assert (variable.assign_add(1) - variable.value).tolist() == [0, 0]
    assert copy.tolist() == [1, 1]
    assert float(Variable()) == 0
    with pytest.raises(ShapeError, match=r"keep its shape \(2,\).*Received: value=\(3,\)"):
        variable.assign([1, 2, 3])


def test_variables_are_listed_and_reset():
    metric = Held()
    assert metric.variables == [metric.deep.true_positives]
    metric.deep.true_positives.assign(3)
    metric.deep.reset_state()
    assert float(metric.deep.result()) == 0

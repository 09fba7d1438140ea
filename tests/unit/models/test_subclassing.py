"""Models that are classes with ``call``."""

import copy
import pickle

import numpy as np
import pytest

from chainrule import layers, models
from chainrule.errors import ArgumentError, StateError
from chainrule.utils import set_random_seed

X = np.random.default_rng(0).normal(size=(32, 4))
Y = X[:, :2]


@pytest.fixture(autouse=True)
def seeded():
    set_random_seed(0)


class Plain(models.Model):
    """Made in another order than it is called."""

    def __init__(self, units=3, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.last = layers.Dense(2)
        self.hidden = [layers.Dense(units, "tanh") for _ in range(2)]
        self.drop = layers.Dropout(0.5)

    def call(self, x, training=None):
        for layer in self.hidden:
            x = layer(x)
        return self.last(self.drop(x, training=training))


class Described(Plain):
    def get_config(self):
        return {"units": self.units, "name": self.name}


class TwoInTwoOut(models.Model):
    def __init__(self):
        super().__init__()
        self.left, self.right = layers.Dense(3), layers.Dense(3)

    def call(self, inputs):
        a, b = self.left(inputs["a"]), self.right(inputs["b"])
        return {"sum": a + b, "product": a * b}


def compiled(model):
    model.compile("adam", "mse")
    return model


def test_it_is_built_by_its_data():
    model = compiled(Plain())
    assert not model.built
    assert len(model.layers) == 4
    with pytest.raises(StateError, match="not built"):
        model.get_weights()
    history = model.fit(X, Y, epochs=100, verbose=0)
    assert model.evaluate(X, Y, verbose=0) < 0.8 * history.history["loss"][0]
    assert model.built
    assert model.predict(X, verbose=0).shape == (32, 2)
    assert model.count_params() == 4 * 3 + 3 + 3 * 3 + 3 + 3 * 2 + 2
    assert (model.input_shape, model.output_shape) == ((None, 4), (None, 2))


def test_its_weights_are_in_the_order_of_its_attributes():
    model = Plain()
    model.build((None, 4))
    assert [layer.name for layer in model.layers] == ["dense", "dense_1", "dense_2", "dropout"]
    assert [w.shape for w in model.get_weights()] == [(3, 2), (2,), (4, 3), (3,), (3, 3), (3,)]


def test_calling_it_on_an_array_builds_it():
    model = Plain()
    assert model(X).shape == (32, 2)
    assert model.built


def test_it_equals_the_same_graph_of_symbols():
    set_random_seed(0)
    model = Plain()
    model.build((None, 4))
    x = layers.Input((4,))
    h = x
    for _ in range(2):
        h = layers.Dense(3, "tanh")(h)
    same = models.Model(x, layers.Dense(2)(layers.Dropout(0.5)(h)))
    last, hidden = model.get_weights()[:2], model.get_weights()[2:]
    same.set_weights([*hidden, *last])
    np.testing.assert_array_equal(model.predict(X, verbose=0), same.predict(X, verbose=0))
    names = {node.rule.name for node in compiled(model).plan.train.nodes}
    assert "dropout" in names
    assert names - {node.rule.name for node in model.plan.predict.nodes} >= {"dropout"}


def test_several_inputs_and_outputs():
    model = compiled(TwoInTwoOut())
    x = {"a": X, "b": X[:, :2]}
    y = {"sum": X[:, :3], "product": X[:, :3]}
    history = model.fit(x, y, verbose=0)
    assert list(history.history) == ["loss", "product_loss", "sum_loss"]
    assert (model.input_names, model.output_names) == (["a", "b"], ["product", "sum"])
    made = model.predict(x, verbose=0)
    a, b = model.left(x["a"]), model.right(x["b"])
    np.testing.assert_allclose(made["sum"], a + b, atol=1e-5)
    np.testing.assert_allclose(made["product"], a * b, atol=1e-5)


def test_a_list_of_inputs():
    class Sum(models.Model):
        def call(self, inputs):
            first, second = inputs
            return first + second

    model = Sum()
    np.testing.assert_allclose(model.predict([X, 2 * X], verbose=0), 3 * X, rtol=1e-6)


def test_it_can_be_part_of_another_model():
    x = layers.Input((4,))
    part = Plain()
    model = models.Model(x, layers.Dense(1)(part(x)))
    line = models.Sequential([layers.Input((4,)), part, layers.Dense(1)])
    assert model.layers[1:5] == list(part.layers)
    for whole in (model, line):
        compiled(whole).fit(X, Y[:, :1], verbose=0)
    np.testing.assert_array_equal(model.layers[1].kernel, line.layers[0].kernel)


def test_parts_are_built_by_the_model_they_are_in():
    line = models.Sequential([layers.Input((4,)), Plain(), models.Sequential([layers.Dense(1)])])
    assert line.built
    assert line.count_params() == 35 + 3
    open_line = compiled(models.Sequential([Plain(), layers.Dense(1)]))
    open_line.fit(X, Y[:, :1], verbose=0)
    assert open_line.count_params() == 35 + 3
    x = layers.Input((4,))
    model = models.Model(x, models.Sequential([layers.Dense(3), layers.Dense(1)])(Plain()(x)))
    assert model.count_params() == 35 + 9 + 4


def test_weights_are_saved_and_loaded(tmp_path):
    first, second = Plain(), Plain()
    for model in (first, second):
        model.build((None, 4))
    first.save_weights(tmp_path / "w.weights.safetensors")
    second.load_weights(tmp_path / "w.weights.safetensors")
    assert np.array_equal(first.theta, second.theta)


def test_the_whole_is_saved_where_the_class_describes_itself(tmp_path):
    model = compiled(Described(5))
    model.fit(X, Y, verbose=0)
    path = tmp_path / "m.safetensors"
    model.save(path)
    again = models.load_model(path, custom_objects={"Described": Described})
    assert type(again) is Described
    assert again.units == 5
    assert np.array_equal(again.theta, model.theta)
    assert again.optimizer.iterations == model.optimizer.iterations
    with pytest.raises(ArgumentError, match="of a class that you registered"):
        models.load_model(path)
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert type(twin) is Described
        assert np.array_equal(twin.theta, model.theta)
    clone = models.clone_model(model)
    assert type(clone) is Described
    assert not np.array_equal(clone.theta, model.theta)


@pytest.mark.parametrize(
    "use",
    [
        lambda model, path: model.save(path / "m.safetensors"),
        lambda model, path: model.to_json(),
        lambda model, path: models.clone_model(model),
        lambda model, path: copy.deepcopy(model),
    ],
)
def test_what_needs_a_description_says_so(use, tmp_path):
    model = Plain()
    model.build((None, 4))
    with pytest.raises(StateError, match="write `get_config`"):
        use(model, tmp_path)
    assert not list(tmp_path.iterdir())


def test_training_is_handed_on_not_asked_for():
    class Asking(Plain):
        def call(self, x, training):
            return self.last(x) if training else self.last(self.drop(x))

    with pytest.raises(ArgumentError, match="Give `training` to layers"):
        Asking().build((None, 4))


def model_of(call):
    return type("Odd", (models.Model,), {"call": call})()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda self, x: x.shape, ArgumentError, "must return what its layers gave"),
        (lambda self, x: None, ArgumentError, "must return what its layers gave"),
        (lambda self, x: np.tanh(x), TypeError, "has no numbers yet"),
        (lambda self, x: x @ x, TypeError, "unsupported operand"),
        (lambda self, x: x + np.ones(4), TypeError, "has no numbers yet"),
        (lambda self, x: x + 1, TypeError, "unsupported operand"),
    ],
)
def test_what_call_cannot_do_with_symbols(call, error, message):
    model = model_of(call)
    with pytest.raises(error, match=message):
        model.build((None, 4))
    assert not model.built


def test_a_step_of_ones_own_is_refused_rather_than_ignored():
    with pytest.raises(ArgumentError, match="train_step"):

        class Custom(models.Model):
            def train_step(self, data):
                return {}

"""What all optimizers share: a learning rate, update rules in a row, and their scalars."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from chainrule.core.configurable import serialize
from chainrule.core.layout import Layout
from chainrule.core.names import snake_case
from chainrule.core.plan import Update, UpdateNode
from chainrule.core.rule import UpdateRule, parameters
from chainrule.errors import ArgumentError, StateError
from chainrule.optimizers import pipeline
from chainrule.optimizers.applying import Applicable
from chainrule.optimizers.planning import node_of, states_of
from chainrule.optimizers.schedule import LearningRateSchedule
from chainrule.optimizers.settings import DEFAULTS, Common, Rate, common_settings
from chainrule.optimizers.settings import learning_rate as checked_rate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

Constrained = tuple[UpdateRule, Mapping[str, Any]]
"""What is done to a variable after each step: a rule ``theta[*S] -> theta[*S]`` and its options."""

UPDATES, OVERWRITES = "updates", "overwrites"
"""Scalars that say at which steps a row of nodes is applied."""


class Optimizer(Applicable):
    """Base of the optimizers.

    An optimizer of your own is an update rule, and a subclass whose :meth:`rules` names it. Its
    constructor hands over the rule's constants by name.

    Args:
        learning_rate: Step size η: a number, a schedule, or a function without arguments that is
            called at every step.
        hyperparameters: The constants of the update rules, by name.
        weight_decay: λ: before each update weights shrink by the share λ η.
        clipnorm: The largest Euclidean norm of a variable's gradient; a longer one is shortened.
        clipvalue: The largest magnitude of an element of the gradient.
        global_clipnorm: The largest Euclidean norm of the whole gradient. At most one of the three
            may be given.
        use_ema: Whether to keep an exponential moving average of the weights. When ``fit`` ends,
            the weights become their average.
        ema_momentum: μ in [0, 1]: how slowly that average forgets.
        ema_overwrite_frequency: After every so many updates the weights become their average.
        loss_scale_factor: What the loss is multiplied by before it is differentiated, and the
            gradient divided by afterwards, so that small numbers do not become 0 in between.
        gradient_accumulation_steps: k ≥ 2: weights move after every k batches, by the mean of
            their gradients. Schedules count batches; bias corrections and ``iterations`` count
            updates. The average of the weights takes them in after every batch, as in Keras.
        name: Shown in messages.
        decay: Keras' former argument: ignored, with a warning.

    Attributes:
        learning_rate: The current step size; may be set between steps.
        steps: Batches trained on so far.
        iterations: Updates done so far: ``steps``, unless gradients are accumulated.
        state: The state vectors by name, once training began.
        hyperparameters: All constants by name. Each is an attribute too: ``optimizer.clipnorm``.

    Raises:
        ArgumentError: An argument is unknown, or out of its range.
    """

    def __init__(
        self,
        learning_rate: Rate,
        hyperparameters: Mapping[str, Any] = {},
        **common: Unpack[Common],
    ) -> None:
        super().__init__()
        name = common.pop("name", None) or snake_case(type(self).__name__)
        self.hyperparameters: Mapping[str, Any] = {**common_settings(common), **hyperparameters}
        self.name = name
        self.steps = 0
        self.state: dict[str, Array] = {}
        self._undecayed: list[str] = []
        self._planned = False
        self._learning_rate = checked_rate(learning_rate)

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            if name in self.__dict__.get("hyperparameters", {}):
                return self.hyperparameters[name]
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

        def __setattr__(self, name, value):
            if name in self.__dict__.get("hyperparameters", {}):
                raise ArgumentError(
                    f"`{name}` is fixed once the optimizer is made: make another one.",
                    **{name: value},
                )
            super().__setattr__(name, value)

    # ------------------------------------------------------------ learning rate and steps

    @property
    def learning_rate(self) -> float:
        """The step size at the coming step."""
        return float(self._rates(np.array([self.steps]))[0])

    @learning_rate.setter
    def learning_rate(self, value: Rate) -> None:
        rate = checked_rate(value)
        if isinstance(rate, float) and isinstance(self._learning_rate, LearningRateSchedule):
            raise TypeError(
                "`learning_rate` is a schedule, so it cannot be set to a number. Give the "
                "optimizer a number from the start, or set another schedule. "
                f"Received: learning_rate={value!r}"
            )
        self._learning_rate = rate

    @property
    def iterations(self) -> int:
        """Updates done so far."""
        return self.steps // self._period

    @property
    def _period(self) -> int:
        return self.hyperparameters["gradient_accumulation_steps"] or 1

    def _rates(self, steps: Array) -> Array:
        """The learning rate at each of ``steps``, counted from 0."""
        rate = self._learning_rate
        if isinstance(rate, LearningRateSchedule):
            return rate.over(steps)
        if isinstance(rate, float):
            return np.full(len(steps), rate)
        before = self.steps
        try:
            return np.array([self._called(rate, int(step)) for step in steps], np.float64)
        finally:
            self.steps = before

    def _called(self, rate: Callable[[], float], step: int) -> float:
        self.steps = step  # the function may look at it
        return float(rate())

    # ------------------------------------------------------------ the plan

    def rules(self) -> tuple[UpdateRule, ...]:
        """The optimizer's own update rules, in the order in which they are applied."""
        raise NotImplementedError

    @property
    def constants(self) -> Mapping[str, Any]:
        """The rules' constant options by name; those that the constructor calls otherwise too."""
        return self.hyperparameters

    @property
    def start(self) -> Mapping[str, float]:
        """What the elements of state vectors are at first, where it is not 0."""
        return {}

    def own_nodes(self, layout: Layout) -> Iterator[UpdateNode]:
        """The optimizer's own nodes: element-wise rules on θ, others on each variable."""
        for rule in self.rules():
            for variable in (None,) if rule.elementwise else [slot.name for slot in layout]:
                yield self.node(rule, variable)

    def decayed(self, layout: Layout) -> Iterator[tuple[str | None, float | None]]:
        """Which variables decay (``None`` for all at once), and how fast."""
        rate = self.hyperparameters["weight_decay"]
        if not self._undecayed:
            yield None, rate
        else:
            yield from ((slot.name, rate) for slot in layout if not self._excluded(slot.name))

    def node(
        self, rule: UpdateRule, variable: str | None = None, when: str | None = None, **options: Any
    ) -> UpdateNode:
        """A node whose rule has the optimizer's constants, except for ``options``.

        Arrays of one name flow from node to node.
        """
        known = {**rule.options, **self.constants, **options}
        anew = {"learning_rate", *rule.scalars}
        fixed = {option: known[option] for option in rule.options if option not in anew}
        return node_of(rule, fixed, variable, when)

    def update(self, layout: Layout, constraints: Mapping[str, Constrained] = {}) -> Update:
        """The optimizer as data.

        Args:
            layout: The model's parameters.
            constraints: What is done to which variable, by its name, after each step.
        """
        self._planned = True
        nodes = tuple(self._nodes(layout.moved, constraints))
        scale = self.hyperparameters["loss_scale_factor"] or 1.0
        return Update(nodes, states_of(nodes, layout.moved, self.start), layout.moved, scale)

    def _nodes(
        self, layout: Layout, constraints: Mapping[str, Constrained]
    ) -> Iterator[UpdateNode]:
        known = self.hyperparameters
        if known["loss_scale_factor"] is not None:
            yield self.node(pipeline.unscale)
        if known["gradient_accumulation_steps"] is None:
            yield from self._update_nodes(layout)
        else:
            yield self.node(pipeline.accumulate)
            yield self.node(pipeline.mean_gradient, when=UPDATES)
            yield from (replace(node, when=UPDATES) for node in self._update_nodes(layout))
        if known["use_ema"]:
            yield self.node(pipeline.moving_average)
            if known["ema_overwrite_frequency"] is not None:
                yield self.node(pipeline.overwrite, when=OVERWRITES)
        for variable, (rule, options) in constraints.items():
            yield node_of(rule, {**rule.options, **options}, variable)

    def _update_nodes(self, layout: Layout) -> Iterator[UpdateNode]:
        known = self.hyperparameters
        if known["clipnorm"] is not None:
            for slot in layout:
                yield self.node(pipeline.clip_norm, slot.name, largest=known["clipnorm"])
        if known["global_clipnorm"] is not None:
            yield self.node(pipeline.clip_norm, largest=known["global_clipnorm"])
        if known["clipvalue"] is not None:
            yield self.node(pipeline.clip_value)
        for variable, rate in self.decayed(layout):
            if rate:
                yield self.node(pipeline.decay, variable, weight_decay=rate)
        yield from self.own_nodes(layout)

    # ------------------------------------------------------------ what changes

    def scalars(self, first: int, count: int, part: float = 1.0) -> dict[str, Array]:
        """What the update needs anew at steps ``first``, …, counted from 1.

        Args:
            first: The first step.
            count: How many steps.
            part: What the learning rate is multiplied by.

        Returns:
            For each name an array of ``count`` numbers in float64.
        """
        steps = np.arange(first - 1, first - 1 + count)
        iterations = steps // self._period
        table: dict[str, Any] = {"learning_rate": self._rates(steps) * part}
        known = {**self.constants, **table, "t": iterations + 1.0}
        average = (pipeline.moving_average,) if self.hyperparameters["use_ema"] else ()
        for rule in (*self.rules(), *average):
            for option, function in rule.scalars.items():
                table[option] = function(**{name: known[name] for name in parameters(function)})
        if self._period > 1:
            table[UPDATES] = (steps + 1) % self._period == 0
        if frequency := self.hyperparameters["ema_overwrite_frequency"]:
            table[OVERWRITES] = (iterations + 1) % frequency == 0
        return {
            name: np.broadcast_to(np.asarray(value, np.float64), (count,))
            for name, value in table.items()
        }

    def allocate(self, update: Update, dtype: str) -> None:
        """Make the state vectors as they are before the first step, if there are none yet.

        Raises:
            ArgumentError: The optimizer already trains another model.
        """
        if not self.state and not self.steps:
            self.state = {
                name: np.full(state.layout.size, state.start, dtype)
                for name, state in update.states.items()
            }
        found = {name: vector.size for name, vector in self.state.items()}
        wanted = {name: state.layout.size for name, state in update.states.items()}
        if found != wanted:
            raise ArgumentError(
                f"This {type(self).__name__} has state for another model, whose vectors are of "
                f"sizes {found}; this model needs {wanted}. Give each model an optimizer of its "
                "own.",
                state=list(found),
            )

    def finalize_variable_values(self, theta: Array | Sequence[Array]) -> None:
        """Make the weights their average, if one is kept: the end of training.

        Args:
            theta: The trainable part of θ, or all arrays that :meth:`apply` moves; written in
                place.
        """
        if self.hyperparameters["use_ema"] and self.steps:
            arrays = [theta] if isinstance(theta, np.ndarray) else theta
            ends = np.cumsum([array.size for array in arrays])[:-1]
            for array, part in zip(arrays, np.split(self.state["average"], ends), strict=True):
                array[...] = part.reshape(array.shape)

    def scale_loss(self, loss: Any) -> Any:
        """The loss as it is differentiated: times ``loss_scale_factor``."""
        return loss * (self.hyperparameters["loss_scale_factor"] or 1.0)

    # ------------------------------------------------------------ which weights decay

    def exclude_from_weight_decay(
        self, var_list: Iterable[Any] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Keep variables from decaying. Must be called before ``compile()``.

        Args:
            var_list: Names of variables (``"dense/kernel"``), or objects with a ``path``.
            var_names: Patterns; a variable does not decay if one of them is found in its name,
                the layer's included (Keras looks at ``"kernel"`` only).

        Raises:
            StateError: The optimizer is in use.
        """
        if self._planned:
            raise StateError("`exclude_from_weight_decay()` must be called before `compile()`.")
        paths = [one if isinstance(one, str) else one.path for one in var_list or ()]
        self._undecayed = [*(f"^{re.escape(path)}$" for path in paths), *(var_names or ())]

    def _excluded(self, variable: str) -> bool:
        return any(re.search(pattern, variable) for pattern in self._undecayed)

    # ------------------------------------------------------------ configuration

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments.

        What :meth:`exclude_from_weight_decay` was told is there too, if it was (Keras forgets it).

        Raises:
            ArgumentError: The learning rate is a function, which cannot be saved.
        """
        rate = self._learning_rate
        if isinstance(rate, LearningRateSchedule):
            shown: Any = serialize(rate)
        elif isinstance(rate, float):
            shown = rate
        else:
            raise ArgumentError(
                "A function as learning rate cannot be saved. Make it a LearningRateSchedule.",
                learning_rate=rate,
            )
        config = {"name": self.name, "learning_rate": shown, **self.hyperparameters}
        if self._undecayed:
            config["exclude_from_weight_decay"] = list(self._undecayed)
        return config

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Optimizer:
        """An optimizer from :meth:`get_config`, of this library or of Keras.

        Args:
            config: The configuration.
            custom_objects: Schedules of your own by class name.
        """
        arguments = dict(config)
        excluded = arguments.pop("exclude_from_weight_decay", ())
        if isinstance(rate := arguments.get("learning_rate"), Mapping):
            from chainrule.optimizers import schedules

            arguments["learning_rate"] = schedules.deserialize(rate, custom_objects)
        made = cls(**arguments)
        made._undecayed = list(excluded)
        return made

    def __repr__(self) -> str:
        changed = {
            name: value
            for name, value in self.hyperparameters.items()
            if name not in DEFAULTS or value != DEFAULTS[name]
        }
        shown = {"learning_rate": self._learning_rate, **changed}
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in shown.items())})"

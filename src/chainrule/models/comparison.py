"""Several optimizers on one problem: the same start, data in the same order, and budget."""

from __future__ import annotations

import math
import os
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import optimizers as room
from chainrule.callbacks import Callback
from chainrule.callbacks.callback import Logs
from chainrule.core.bar import Bar
from chainrule.core.graph import LOSS
from chainrule.errors import ArgumentError
from chainrule.glass.trace.record import written
from chainrule.models.evaluation import positive_integer, verbosity
from chainrule.models.landscapes import Landscape, landscape
from chainrule.models.structure import clone_model
from chainrule.optimizers import SGD, GaussNewton, Newton, NewtonCG, Optimizer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.models.model import Model

    Array = NDArray[Any]

SHORT: Mapping[str, Callable[[], Optimizer]] = {
    "momentum": lambda: SGD(momentum=0.9),
    "nesterov": lambda: SGD(momentum=0.9, nesterov=True),
}
"""Names of what is an option of SGD."""
PRODUCT = 2
"""Gradients that a product with the Hessian counts for: its forward-over-reverse pass does the
work of a gradient once for the values and once for their derivatives."""
TANGENT = 1
"""Gradients that the change of all predictions with one parameter counts for: a forward pass of
values and of their derivatives."""
MEMORY = 2**28
"""Bytes of weights kept along one path, at most."""
POINTS = 300
"""Points of a path that are drawn, at most."""


@dataclass(frozen=True, eq=False)
class Race:
    """How one optimizer did.

    All arrays begin with the start, before any step.

    Attributes:
        name: What it is called here.
        optimizer: Its class and settings.
        losses: The true loss on all training data after each epoch, weights at rest: (E + 1,).
        gradients: How many gradients were computed until then, counted in passes over the data.
        seconds: How long training took until then, without what measures it.
        updates: How many times the weights were moved until then.
        validation: The loss on the validation data, if there are any: (E + 1,).
        points: The weights along the way: (T, all parameters), T ≤ E + 1.
        epochs: The epoch of each of these points.
        ended: Why it ended before its budget; empty if it did not.
        model: The trained model.
    """

    name: str
    optimizer: str
    losses: Array
    gradients: Array
    seconds: Array
    updates: Array
    validation: Array | None
    points: Array = field(repr=False)
    epochs: Array = field(repr=False)
    ended: str = ""
    model: Any = field(default=None, repr=False)

    @property
    def diverged(self) -> bool:
        """Whether it ended with a loss or a weight that is no number."""
        return not math.isfinite(self.losses[-1]) or self.ended.startswith("diverging")

    @property
    def drawn(self) -> Array:
        """The epochs of those points that are drawn: all, or some hundreds of many."""
        return self.epochs[thinned(len(self.epochs), POINTS)]

    def to_reach(self, loss: float) -> float | None:
        """Gradients, in passes over the data, until the loss was no more than that; or never."""
        below = np.flatnonzero(self.losses <= loss)
        return float(self.gradients[below[0]]) if below.size else None


@dataclass(frozen=True, eq=False)
class Comparison:
    """How several optimizers did on one problem; printing it gives the table.

    Attributes:
        races: One for each, in the order given.
        samples: How many there are in a pass over the data.
        batch_size: Samples in a mini-batch.
        budget: Passes over the data that each might compute gradients for.
    """

    races: tuple[Race, ...]
    samples: int
    batch_size: int
    budget: int
    _problem: tuple[Model, Any, Any, Any] = field(repr=False)

    def __getitem__(self, name: str) -> Race:
        for race in self.races:
            if race.name == name:
                return race
        raise KeyError(f"{name!r} is not among {[race.name for race in self.races]}")

    @property
    def target(self) -> float:
        """A loss that tells them apart: the geometric mean of the best and the worst end."""
        ends = [race.losses[np.isfinite(race.losses)][-1] for race in self.races]
        low, high = min(ends), max(ends)
        return float(math.sqrt(low * high)) if low > 0 else float((low + high) / 2)

    def rows(self) -> list[list[str]]:
        """The table: a row of heads, then one for each optimizer, the lowest loss first."""
        validated = any(race.validation is not None for race in self.races)
        target = self.target
        heads = ["optimizer", "settings", "loss at the end", "updates", "gradients", "seconds"]
        heads.insert(3, f"gradients to {target:.2g}")
        table = [heads + (["validation loss"] if validated else []) + ["ended by"]]
        for race in sorted(self.races, key=lambda one: _or_inf(one.losses[-1])):
            reached = race.to_reach(target)
            row = [race.name, race.optimizer, f"{race.losses[-1]:.4g}"]
            row += ["never" if reached is None else f"{reached:.4g}"]
            row += [f"{int(race.updates[-1]):,}", f"{race.gradients[-1]:.4g}"]
            row += [f"{race.seconds[-1]:.3g}"]
            if validated:
                row += ["" if race.validation is None else f"{race.validation[-1]:.4g}"]
            table.append([*row, race.ended or "the budget"])
        return table

    def __str__(self) -> str:
        table = self.rows()
        widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
        left = {0, 1, len(widths) - 1}
        lines = [
            "  ".join(
                cell.ljust(width) if column in left else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in table
        ]
        return "\n".join([*lines, self.note])

    @property
    def note(self) -> str:
        """How it was counted."""
        curved = any(
            isinstance(race.model.optimizer, Newton | NewtonCG | GaussNewton) for race in self.races
        )
        return (
            f"Gradients are passes over the {self.samples:,} samples; the budget is {self.budget} "
            f"each. Losses are of all samples, with the weights at rest; mini-batches have "
            f"{self.batch_size}."
        ) + (" A product with the Hessian counts as two gradients." if curved else "")

    # ------------------------------------------------------------ pictures

    def landscape(self, directions: Any = "pca", **options: Any) -> Landscape:
        """The loss surface with all paths on it; see :func:`landscape`.

        A long path is thinned to some hundred points, closer together where it moves faster.
        """
        model, x, y, weight = self._problem
        return landscape(
            model,
            x,
            y,
            directions,
            path=[_Thinned(race) for race in self.races],
            sample_weight=weight,
            **options,
        )

    def plot(self, against: str = "gradients", ax: Any = None) -> Any:
        """Draw the losses against ``"gradients"``, ``"epochs"``, ``"updates"`` or ``"seconds"``.

        See :func:`chainrule.report.race_plots.plot_comparison`.
        """
        from chainrule.report.race_plots import plot_comparison

        return plot_comparison(self, against, ax)

    def to_html(
        self,
        path: str | os.PathLike[str] | None = None,
        terrain: Landscape | None = None,
        title: str = "",
    ) -> str:
        """A page that needs no network: the paths to play, the curves, the table.

        Args:
            path: Where to write it, if anywhere.
            terrain: What to show the paths on; by default :meth:`landscape`.
            title: Of the page.
        """
        from chainrule.report.race_page import page

        shown = self.landscape(verbose=0) if terrain is None else terrain
        return written(page(shown, self, title), path)


class _Thinned:
    """A path with fewer points."""

    def __init__(self, race: Race) -> None:
        self.name = race.name
        self.points = race.points[np.isin(race.epochs, race.drawn)]


def thinned(count: int, most: int) -> Array:
    """Places of at most ``most`` of ``count`` points, the first and the last among them.

    Half of them are spread evenly over the path, half over the early part where most happens.
    """
    if count <= most:
        return np.arange(count)
    even = np.linspace(0, count - 1, most // 2)
    early = np.geomspace(1, count, most // 2) - 1
    return np.unique(np.concatenate([even, early]).round().astype(int))


def compare_optimizers(
    model: Model,
    x: Any,
    y: Any,
    optimizers: Sequence[Any] | Mapping[str, Any],
    *,
    epochs: int,
    batch_size: int = 32,
    validation_data: Any = None,
    sample_weight: Any = None,
    verbose: Any = "auto",
) -> Comparison:
    """Train copies of a model, each with another optimizer, from the same weights.

    Every copy sees the same samples in the same order (and, with Dropout, the same masks). The
    budget is counted in gradients: those of one epoch of mini-batches are one pass over the data.
    An optimizer of the whole batch may need several passes for one step of its line search, and
    ends when its budget is used up. A product with the Hessian counts as two gradients, the whole
    Hessian as such a product for each parameter.

    Args:
        model: A compiled model: its weights are the start. It stays as it is.
        x: Inputs, as for ``fit``: arrays.
        y: Targets.
        optimizers: Names (``"adam"``; ``"momentum"`` and ``"nesterov"`` are SGD with momentum
            0.9), names with a learning rate (``"sgd@0.5"``), or objects, which stay as they are;
            or a dictionary of these by the names that they shall have.
        epochs: The budget, in passes over the data.
        batch_size: Samples per update of optimizers of mini-batches.
        validation_data: ``(x, y)`` to measure on after each epoch as well.
        sample_weight: One weight per sample.
        verbose: 0 silent, 1 (and ``"auto"``) a bar for each, 2 a line for each.

    Raises:
        StateError: The model is not compiled.
        ArgumentError: There is no optimizer, or two have one name.
        UnknownNameError: There is no optimizer of that name.
        KeyboardInterrupt: Ctrl-C came.
    """
    named = _named(optimizers)
    budget = positive_integer("epochs", epochs)
    model._check_compiled()
    model.build() if model.built else model._data(x, y, sample_weight)
    loss = model.empirical_loss(x, y, sample_weight)
    validated = None if validation_data is None else model.empirical_loss(*validation_data)
    races = []
    for name, optimizer in named.items():
        copy = _copy(model, optimizer)
        bar = Bar(budget, verbosity(verbose), name, unit="epoch")
        referee = _Referee(loss.loss, validated.loss if validated else None, budget, bar)
        _train(copy, x, y, batch_size, budget, sample_weight, referee)
        races.append(referee.race(name, copy))
    return Comparison(tuple(races), loss.samples, batch_size, budget, (model, x, y, sample_weight))


def _named(optimizers: Any) -> dict[str, Optimizer]:
    """Optimizers by the names that they shall have.

    Raises:
        ArgumentError: There are none, or two have one name.
    """
    found: dict[str, Optimizer] = {}
    listed = not isinstance(optimizers, Mapping)
    for key, given in ((None, one) for one in optimizers) if listed else optimizers.items():
        made = named_optimizer(given) if isinstance(given, str) else room.get(given)
        name = str(made.name if key is None else key)
        if key is None and isinstance(given, str):
            short = given.partition("@")[0].strip()
            name = given.strip() if short in found else short
        if name in found:
            raise ArgumentError(
                "Two optimizers have one name: give a dictionary, with names of your own.",
                optimizers=name,
            )
        found[name] = made
    if not found:
        raise ArgumentError("There must be at least one optimizer.", optimizers=optimizers)
    return found


def named_optimizer(text: str) -> Optimizer:
    """The optimizer for ``"adam"``, ``"momentum"`` or ``"sgd@0.5"``.

    Raises:
        UnknownNameError: There is no such optimizer.
        ArgumentError: What stands behind ``@`` is no learning rate.
    """
    name, at, rate = text.partition("@")
    short = SHORT.get(name.strip().lower())
    made = short() if short else room.get(name.strip())
    if at:
        try:
            made.learning_rate = float(rate)
        except ValueError as error:
            if isinstance(error, ArgumentError):
                raise
            raise ArgumentError(
                "Behind @ there must be a learning rate, as in sgd@0.5.", optimizer=text
            ) from None
    return made


def _copy(model: Model, optimizer: Optimizer) -> Model:
    """A model with the same weights and random streams, and an optimizer of its own."""
    compiled = model._check_compiled()
    copy = clone_model(model)
    copy.set_weights(model.get_weights())
    copy.seed = model.seed
    own = room.deserialize(room.serialize(optimizer))
    copy.compile(own, compiled.loss, compiled.loss_weights, engine=model._engine)
    return copy


def _train(
    model: Model, x: Any, y: Any, batch_size: int, epochs: int, weight: Any, referee: _Referee
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # why it ended is in the table
        try:
            model.fit(
                x,
                y,
                batch_size,
                epochs,
                verbose=0,
                callbacks=[referee],
                sample_weight=weight,
            )
        except KeyboardInterrupt:
            referee.bar.interrupt()
            raise
    referee.bar.finish({LOSS: referee.losses[-1]}, len(referee.losses) - 1)


class _Referee(Callback):
    """Measures after each epoch, while the clock stands still, and ends what used up its budget."""

    every_batch = False

    def __init__(
        self,
        loss: Callable[[Array], float],
        validation: Callable[[Array], float] | None,
        budget: int,
        bar: Bar,
    ) -> None:
        self.loss, self.validation, self.budget, self.bar = loss, validation, budget, bar
        self.losses: list[float] = []
        self.validations: list[float] = []
        self.gradients: list[float] = []
        self.seconds: list[float] = []
        self.updates: list[int] = []
        self.points: list[Array] = []
        self.epochs: list[int] = []
        self.ended = ""
        self._began = 0.0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._every = max(1, -(-self.model.theta.nbytes * self.budget // MEMORY))
        self._measure(0.0, 0.0)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        seconds = self.seconds[-1] + time.perf_counter() - self._began
        gradients = self.gradients[-1] + gradients_of(self.model, logs or {})
        self._measure(seconds, gradients)
        self.bar.update(min(int(gradients), self.budget), {LOSS: self.losses[-1]})
        if not math.isfinite(self.losses[-1]) or not np.isfinite(self.model.theta).all():
            self.ended = f"diverging in epoch {epoch + 1}"
        if self.ended or gradients >= self.budget:
            self.model.stop_training = True

    def _measure(self, seconds: float, gradients: float) -> None:
        theta = self.model.theta
        with np.errstate(all="ignore"):
            self.losses.append(self.loss(theta))
            if self.validation is not None:
                self.validations.append(self.validation(theta))
        self.seconds.append(seconds)
        self.gradients.append(gradients)
        self.updates.append(self.model.optimizer.iterations)
        epoch = len(self.losses) - 1
        if epoch % self._every == 0 and np.isfinite(theta).all():
            self.points.append(theta.copy())
            self.epochs.append(epoch)
        self._began = time.perf_counter()

    def race(self, name: str, model: Model) -> Race:
        """What was measured."""
        optimizer = model.optimizer
        stopped = getattr(optimizer, "stopped", "")
        return Race(
            name,
            described(optimizer),
            np.array(self.losses),
            np.array(self.gradients),
            np.array(self.seconds),
            np.array(self.updates),
            np.array(self.validations) if self.validations else None,
            np.array(self.points),
            np.array(self.epochs),
            self.ended or stopped,
            model,
        )


def gradients_of(model: Model, logs: Logs) -> float:
    """Passes over the data for whose gradients an epoch did the work."""
    if "evaluations" not in logs:
        return 1.0
    parameters = model.layout.trainable_size
    match model.optimizer:
        case Newton():  # the whole Hessian: a product for each parameter
            more = PRODUCT * parameters
        case GaussNewton():  # how the predictions change with each parameter
            more = TANGENT * parameters
        case _:
            more = PRODUCT * int(logs.get("products", 0))
    return float(logs["evaluations"]) + more


def described(optimizer: Any) -> str:
    """An optimizer's class with the settings that matter most."""
    config = optimizer.get_config()
    kept = ("learning_rate", "momentum", "nesterov", "line_search")
    shown = [
        f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in config.items()
        if name in kept and value not in (None, False, 0.0) and not isinstance(value, Mapping)
    ]
    return f"{type(optimizer).__name__}({', '.join(shown)})"


def _or_inf(loss: float) -> float:
    return loss if math.isfinite(loss) else math.inf

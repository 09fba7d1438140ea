"""Several optimizers on one problem: the same start, data in the same order, and budget."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import optimizers as room
from chainrule.core.bar import Bar
from chainrule.core.graph import LOSS
from chainrule.core.table import aligned
from chainrule.errors import ArgumentError
from chainrule.glass.trace.record import written
from chainrule.models.evaluation import positive_integer, verbosity
from chainrule.models.landscapes import Landscape, landscape
from chainrule.models.racing import Race, Referee
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
        numbers = range(2, len(table[0]) - 1)
        return "\n".join([*aligned(table, numbers), self.note])

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
    loss = model.empirical_loss(x, y, sample_weight)  # builds the model if need be
    validated = None if validation_data is None else model.empirical_loss(*validation_data)
    races = []
    for name, optimizer in named.items():
        copy = _copy(model, optimizer)
        bar = Bar(budget, verbosity(verbose), name, unit="epoch")
        referee = Referee(loss.loss, validated.loss if validated else None, budget, bar)
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
    model: Model, x: Any, y: Any, batch_size: int, epochs: int, weight: Any, referee: Referee
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


def _or_inf(loss: float) -> float:
    return loss if math.isfinite(loss) else math.inf

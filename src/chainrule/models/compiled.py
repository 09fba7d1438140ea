"""compile(): which losses, metrics and optimizer, and the plan that they make with the layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chainrule import optimizers
from chainrule.core.graph import LOSS
from chainrule.core.plan import Plan
from chainrule.engines.base import Program, Run
from chainrule.engines.choice import Choice, Wanted, checked, choose
from chainrule.errors import StateError
from chainrule.models.lowering import compiled_plan
from chainrule.models.objectives import BY_TARGETS, Compiled, checked_metrics, resolved_loss

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule import losses as losses_room
    from chainrule import metrics as metrics_room
    from chainrule.core.layout import Layout
    from chainrule.core.shapes import Shape
    from chainrule.models.topology import Topology

    Array = NDArray[Any]


class Compilable:
    """What a model knows once compiled. A subclass says what its layers and parameters are."""

    name: str
    seed: int | None

    if TYPE_CHECKING:  # what the other half gives

        @property
        def built(self) -> bool: ...
        @property
        def topology(self) -> Topology: ...
        @property
        def prediction_plan(self) -> Plan: ...
        @property
        def layout(self) -> Layout: ...
        @property
        def theta(self) -> Array: ...
        @property
        def output(self) -> Any: ...
        @property
        def output_names(self) -> list[str]: ...
        def build(self, input_shape: Any = None) -> None: ...
        def _rebuild(self) -> None: ...

    def __init__(self) -> None:
        self._compiled: Compiled | None = None
        self._engine: Wanted = "auto"
        self._forget_plan()

    def _forget_plan(self) -> None:
        self._plan: Plan | None = None
        self._chosen: Choice | None = None
        self._quick: Any = None

    # ------------------------------------------------------------ compile

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
        engine: Wanted = "auto",
    ) -> None:
        """Choose how to train.

        Args:
            optimizer: Name or :class:`Optimizer`.
            loss: Name or :class:`Loss`; of several outputs a list or dictionary by output, or one
                for all. ``"crossentropy"`` (or ``"ce"``) means the binary, sparse or categorical
                kind, by output and targets.
            loss_weights: What each output's loss is multiplied by in the sum that is minimized: a
                list or a dictionary by output.
            metrics: List of names or :class:`Metric`; of several outputs a list of lists or a
                dictionary by output. Sample weights do not apply to these.
            weighted_metrics: List of those to which sample weights apply.
            run_eagerly: Kept for Keras' signature, as are the next three: nothing to choose here.
            steps_per_execution: See above; the loop paces itself.
            jit_compile: See above.
            auto_scale_loss: See above.
            engine: ``"native"``, ``"numpy"``, or ``"auto"``: native where every part of the model
                has a kernel; :attr:`engine` says which it is. (Keras has no such argument.)

        Raises:
            NoKernelError: ``engine="native"``, and a part has no kernel.
            MissingEngineError: ``engine="native"``, and chainrule was installed without it.
            UnknownNameError: A name is unknown; the message has the nearest.
            ArgumentError: ``metrics`` is no list, or loss and output do not belong together.
        """
        self._compiled = Compiled(
            optimizers.get(optimizer),
            resolved_loss(loss),
            loss_weights,
            checked_metrics("metrics", metrics),
            checked_metrics("weighted_metrics", weighted_metrics),
        )
        self._engine = checked(engine)
        self._forget_plan()
        if self.built:
            self._rebuild()  # layers may have been frozen since
            if self._targets_decided():
                self._ready()
                self._choice()

    def _targets_decided(self) -> bool:
        """Whether every loss is known without looking at targets."""
        found = self._check_compiled().losses(self.output_names)
        some = any(loss is not None for loss in found)
        return some and not any(isinstance(loss, str) for loss in found)

    @property
    def compiled(self) -> bool:
        """Whether ``compile()`` was called."""
        return self._compiled is not None

    @property
    def optimizer(self) -> optimizers.Optimizer | None:
        """The optimizer, with its state."""
        return self._compiled.optimizer if self._compiled else None

    @property
    def loss(self) -> losses_room.Loss | Any:
        """The loss; the list or dictionary of them that ``compile()`` was given."""
        loss = self._compiled.loss if self._compiled else None
        return None if isinstance(loss, str) and loss in BY_TARGETS else loss

    @property
    def metrics(self) -> list[metrics_room.Metric | Any]:
        """The metrics, in the order of ``compile()``."""
        return [m.measure for m in self._plan.measurements] if self._plan else []

    @property
    def metrics_names(self) -> list[str]:
        """What ``evaluate`` returns, in order: ``["loss", "accuracy"]``.

        Of one output, the metrics are in the order of ``compile()``; of several, each output's
        loss comes first and then all metrics by name, as Keras returns them.
        """
        if self._plan is None:
            return [LOSS]
        tracked = [name for name, _ in self._plan.tracked]
        metrics = [m.name for m in self._plan.measurements]
        if len(self.output_names) == 1:
            return [LOSS, *metrics]
        if isinstance(self.loss, Mapping) and isinstance(self.output, Mapping):
            tracked = [key for key in (f"{name}_loss" for name in self.loss) if key in tracked]
        return [LOSS, *tracked, *sorted(metrics)]

    @property
    def directions(self) -> dict[str, str | None]:
        """For each entry of the logs whether ``"up"`` or ``"down"`` is better, where known."""
        found: dict[str, str | None] = {LOSS: "down"}
        if self._plan is not None:
            found |= dict.fromkeys((name for name, _ in self._plan.tracked), "down")
            found |= {m.name: m.measure.direction for m in self._plan.measurements}
        return found

    @property
    def plan(self) -> Plan:
        """The compiled model as data: what engines read."""
        self._ready()
        assert self._plan is not None  # noqa: S101
        return self._plan

    def _check_compiled(self) -> Compiled:
        if self._compiled is None:
            raise StateError(f"You must call `compile()` before using model {self.name!r}.")
        return self._compiled

    def _ready(self, y_shapes: Mapping[str, Sequence[int]] | None = None) -> Compiled:
        """Finish plan and program, once shapes are known.

        Args:
            y_shapes: Shapes of the targets by output, which may have to say what
                ``"crossentropy"`` means.
        """
        compiled = self._check_compiled()
        if self._plan is None:
            shapes = self._output_shapes()
            compiled = compiled.decided(self.output_names, shapes, y_shapes or {})
            objectives = compiled.objectives(self.output_names, shapes)
            self._plan = compiled_plan(
                self.topology, self.prediction_plan, objectives, compiled.optimizer
            )
            self._compiled = compiled
            self._chosen = None
        return compiled

    def _output_shapes(self) -> list[Shape]:
        graph = self.prediction_plan.predict
        return [graph.shapes[output] for output in graph.outputs]

    @property
    def engine(self) -> str:
        """Which engine runs the model, and why it is not the native one if it is not."""
        choice = self._choice()
        return f"{choice.engine} ({choice.why})" if choice.why else choice.engine

    def _choice(self) -> Choice:
        if self._chosen is None:
            self._chosen = choose(self._plan or self.prediction_plan, self._engine)
        return self._chosen

    def _engine_program(self) -> Program:
        return self._choice().program

    def _run(self) -> Run:
        """Parameters and optimizer state, as an engine takes them."""
        seed = self.seed or 0
        if self._compiled is None or self._plan is None:
            return Run(self.theta, {}, 0, seed)
        optimizer = self._compiled.optimizer
        assert self._plan.update is not None  # noqa: S101
        optimizer.allocate(self._plan.update, self._plan.dtype)
        return Run(self.theta, optimizer.state, optimizer.steps, seed)

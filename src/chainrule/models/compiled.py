"""compile(): which loss, metrics and optimizer, and the plan that they make with the layers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chainrule import losses, metrics, optimizers
from chainrule.core.plan import LOSS, Plan
from chainrule.core.shapes import Shape
from chainrule.engines.base import Program, Run
from chainrule.errors import ArgumentError, StateError
from chainrule.models.lowering import Compiled, compiled_plan, crossentropy_kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.core.layout import Layout
    from chainrule.layers.layer import Layer

    Array = NDArray[Any]


class Compilable:
    """What a model knows once compiled. A subclass says what its layers and parameters are."""

    name: str
    seed: int | None
    _layers: list[Layer]
    _input_shape: Shape | None

    if TYPE_CHECKING:  # what the other half gives

        @property
        def layers(self) -> list[Layer]: ...
        @property
        def built(self) -> bool: ...
        @property
        def base(self) -> Plan: ...
        @property
        def layout(self) -> Layout: ...
        @property
        def theta(self) -> Array: ...
        @property
        def input_shape(self) -> Shape: ...
        @property
        def output_shape(self) -> Shape: ...
        def build(self, input_shape: Any = None) -> None: ...
        def _build(self, input_shape: Shape) -> None: ...

    def __init__(self) -> None:
        self._compiled: Compiled | None = None
        self._forget_plan()

    def _forget_plan(self) -> None:
        self._plan: Plan | None = None
        self._metrics: tuple[metrics.Metric, ...] = ()
        self._program: Program | None = None

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
    ) -> None:
        """Choose how to train.

        Args:
            optimizer: Name or :class:`Optimizer`.
            loss: Name or :class:`Loss`. ``"crossentropy"`` (or ``"ce"``) means the binary, sparse
                or categorical kind, by output and targets.
            loss_weights: For models of several outputs; must be ``None``.
            metrics: List of names or :class:`Metric`; sample weights do not apply to these.
            weighted_metrics: List of those to which sample weights apply.
            run_eagerly: Kept for Keras' signature, as are the next three: nothing to choose here.
            steps_per_execution: See above; the loop paces itself.
            jit_compile: See above.
            auto_scale_loss: See above.

        Raises:
            UnknownNameError: A name is unknown; the message has the nearest.
            ArgumentError: ``metrics`` is no list, or loss and output do not belong together.
        """
        if loss_weights is not None:
            raise ArgumentError("`loss_weights` needs several outputs.", loss_weights=loss_weights)
        self._compiled = Compiled(
            optimizers.get(optimizer),
            None if loss is None or loss in _BY_TARGETS else losses.get(loss),
            loss in _BY_TARGETS,
            _listed("metrics", metrics),
            _listed("weighted_metrics", weighted_metrics),
        )
        for metric in (*self._compiled.metrics, *self._compiled.weighted_metrics):
            _check_metric(metric)
        self._forget_plan()
        if self.built:
            assert self._input_shape is not None  # noqa: S101
            self._build(self._input_shape)  # layers may have been frozen since
            if self._compiled.loss is not None:
                self._ready()

    @property
    def compiled(self) -> bool:
        """Whether ``compile()`` was called."""
        return self._compiled is not None

    @property
    def optimizer(self) -> optimizers.Optimizer | None:
        """The optimizer, with its state."""
        return self._compiled.optimizer if self._compiled else None

    @property
    def loss(self) -> losses.Loss | None:
        """The loss."""
        return self._compiled.loss if self._compiled else None

    @property
    def metrics(self) -> list[metrics.Metric]:
        """The metrics, in the order of ``compile()``."""
        return list(self._metrics)

    @property
    def metrics_names(self) -> list[str]:
        """What ``evaluate`` returns, in order: ``["loss", "accuracy"]``."""
        return [LOSS, *(name for name, _, _ in self._plan.measures)] if self._plan else [LOSS]

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

    def _ready(self, y_shape: tuple[int, ...] | None = None) -> Compiled:
        """Finish plan and program, once shapes are known.

        Args:
            y_shape: Shape of the targets, which may have to say what ``"crossentropy"`` means.
        """
        self._compiled = self._check_compiled()
        if self._compiled.loss_by_targets and self._compiled.loss is None and y_shape is not None:
            kind = crossentropy_kind(self.output_shape, y_shape)
            self._compiled = replace(self._compiled, loss=losses.get(kind))
        if self._plan is None:
            loss = self._compiled.loss
            sparse = loss is not None and loss.sparse
            assert self._input_shape is not None  # noqa: S101
            self._plan, self._metrics = compiled_plan(
                self.layers, self.base, self._input_shape, self._compiled, sparse
            )
            self._program = None
        return self._compiled

    def _engine_program(self) -> Program:
        from chainrule.engines.numpy import NumpyEngine

        if self._program is None:
            self._program = NumpyEngine().build(self._plan or self.base)
        return self._program

    def _run(self) -> Run:
        """Parameters and optimizer state, as an engine takes them."""
        seed = self.seed or 0
        if self._compiled is None or self._plan is None:
            return Run(self.theta, {}, 0, seed)
        optimizer = self._compiled.optimizer
        assert self._plan.update is not None  # noqa: S101
        optimizer.allocate(self._plan.update.states, self.layout.trainable_size, self._plan.dtype)
        return Run(self.theta, optimizer.state, optimizer.iterations, seed)


_BY_TARGETS = ("crossentropy", "ce")


def _listed(argument: str, value: Any) -> tuple[Any, ...]:
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise ArgumentError(
            f"Expected `{argument}` argument to be a list or tuple: [{value!r}].",
            **{argument: value},
        )
    return tuple(value)


def _check_metric(metric: Any) -> None:
    """Find an unknown name now, not when training begins."""
    metrics.get(metric, sparse=False, outputs=1)

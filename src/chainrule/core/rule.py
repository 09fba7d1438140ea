"""Rules: one equation, one function, each derivative beside it.

A rule is a pure forward function and one pure function per cotangent (∂L/∂input). A derivative
names, as parameters, the inputs and outputs of the rule that it needs, and ``y_bar``, the
cotangent of the rule's first output ``y``. The bodies are straight lines of NumPy, so that every
reader (the engines, the trace, the gradient check, the documentation) can use the same source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import config
from chainrule.core.custom import get_custom_objects
from chainrule.core.registry import Registry
from chainrule.core.shapes import Signature, bind, parse
from chainrule.errors import ArgumentError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

Function = Callable[..., Any]


def parameters(function: Function) -> tuple[str, ...]:
    """The names of a function's parameters, positional and keyword-only."""
    code = function.__code__
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


class Formula:
    """A named straight-line function with a shape text.

    Attributes:
        name: Unique among its kind: ``"dense"``.
        signature: The parsed shape text.
        forward: The function itself, on NumPy arrays.
        options: Keyword-only scalars with their defaults (none: must be given).
    """

    def __init__(self, name: str, shapes: str, forward: Function) -> None:
        self.name = name
        self.signature: Signature = parse(shapes)
        self.forward = forward
        self.inputs = tuple(spec.name for spec in self.signature.inputs)
        self.outputs = tuple(spec.name for spec in self.signature.outputs)
        defaults = forward.__kwdefaults__ or {}
        names = parameters(forward)
        self.options: dict[str, Any] = {
            option: defaults.get(option) for option in names if option not in self.inputs
        }
        if names[: len(self.inputs)] != self.inputs:
            raise ArgumentError(
                f"The parameters of rule {name!r} must be the inputs of its shape text.",
                parameters=names,
                shapes=shapes,
            )
        self.__doc__ = forward.__doc__
        self.__name__ = name
        self.__module__ = forward.__module__

    def functions(self) -> dict[str, Function]:
        """Every function of the formula by what it computes."""
        return {self.outputs[0]: self.forward}

    def __repr__(self) -> str:
        return f"<{type(self).__name__.lower()} {self.name}: {self.signature.text}>"

    def __reduce__(self) -> Any:
        return (_by_name, (type(self).__name__, self.name))


class Rule(Formula):
    """A formula with derivatives: a node's forward and backward pass.

    Calling a rule evaluates it: ``sigmoid([0.0])``. Lists and integers become arrays of
    ``chainrule.config.floatx()``; arrays of floats keep their dtype.

    Attributes:
        cotangents: For each differentiable input, the function that gives ∂L/∂input.
        elementwise: Whether each output element depends on the input element at its place only.
        fusions: By the name of another rule, the exact one for this behind it: ``"softmax"`` and a
            cross-entropy in one. It takes that rule's input in place of this one's prediction, and
            its auxiliary output is what that rule gives.
        example: For options without a default, a value (or a function of the axes that gives
            one), from which the conformance suite makes its inputs.
    """

    def __init__(
        self,
        name: str,
        shapes: str,
        forward: Function,
        elementwise: bool = False,
        example: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(name, shapes, forward)
        self.elementwise = elementwise
        self.example = dict(example or {})
        self.cotangents: dict[str, Function] = {}
        self.fusions: dict[str, Rule] = {}

    @property
    def cotangent_name(self) -> str:
        """What derivatives call the cotangent of the first output: ``"y_bar"``."""
        return f"{self.outputs[0]}_bar"

    def wrt(self, name: str) -> Callable[[Function], Function]:
        """Decorate the function that gives the cotangent of input ``name``.

        Raises:
            ArgumentError: There is no such input, or the function asks for something that is
                neither an input, an output, an option of the rule nor its cotangent.
        """

        def register(function: Function) -> Function:
            known = {*self.inputs, *self.outputs, *self.options, self.cotangent_name}
            unknown = set(parameters(function)) - known
            if name not in self.inputs or unknown:
                raise ArgumentError(
                    f"A derivative of rule {self.name!r} may name {sorted(known)} only.",
                    wrt=name,
                    unknown=sorted(unknown),
                )
            self.cotangents[name] = function
            return function

        return register

    def functions(self) -> dict[str, Function]:
        """Forward and derivatives by what they compute: ``{"y": …, "∂L/∂z": …}``."""
        return super().functions() | {f"∂L/∂{k}": f for k, f in self.cotangents.items()}

    def array(self, name: str, value: Any) -> Array:
        """``value`` as the array that input ``name`` takes: of integers for labels, else floats."""
        found = np.asarray(value)
        domain = next(spec.domain for spec in self.signature.inputs if spec.name == name)
        if domain == "label":
            return found.astype(np.int64)
        if found.dtype.kind == "f" and isinstance(value, np.ndarray | np.generic):
            return found
        return found.astype(config.floatx())

    def __call__(self, *arrays: Any, **named: Any) -> Any:
        """Evaluate the rule on arrays, lists or numbers; returns its first output.

        Args:
            *arrays: The inputs, then the options.
            **named: Inputs and options by name.

        Raises:
            ArgumentError: There are more than the rule has.
            ShapeError: The arrays do not fit the rule's shape text.
        """
        order = (*self.inputs, *self.options)
        if len(arrays) > len(order):
            raise ArgumentError(f"Rule {self.name!r} takes {order}.", arguments=len(arrays))
        given = dict(zip(order, arrays, strict=False)) | named
        given |= {name: self.array(name, given[name]) for name in self.inputs if name in given}
        bind(self.signature.inputs, {n: given[n].shape for n in self.inputs if n in given})
        y = self.forward(**given)
        return y[0] if len(self.outputs) > 1 else y


class UpdateRule(Formula):
    """An update of parameters: θ, g and state in, θ and state out.

    A rule whose arrays are all ``[P]`` is element-wise: it takes the flat vectors, or any part of
    them. A rule of other shapes is applied to each variable in its own shape.

    Its options are scalars. Those that change from step to step (a step size with bias
    correction) have a function of their own beside the rule, decorated with :meth:`scalar`.

    Attributes:
        scalars: For each such option, the function that gives it.
    """

    def __init__(self, name: str, shapes: str, forward: Function) -> None:
        super().__init__(name, shapes, forward)
        self.scalars: dict[str, Function] = {}

    @property
    def elementwise(self) -> bool:
        """Whether each element depends on the elements at its place only."""
        return all(spec.axes == ("P",) for spec in self.signature.inputs)

    def scalar(self, name: str) -> Callable[[Function], Function]:
        """Decorate the function that computes option ``name`` from the step ``t`` and others."""

        def register(function: Function) -> Function:
            self.scalars[name] = function
            return function

        return register

    def functions(self) -> dict[str, Function]:
        """The update and its scalars by what they compute."""
        return self.scalars | super().functions()


RULES: Registry[Rule] = Registry("rule")
UPDATES: Registry[UpdateRule] = Registry("update rule")


def rule(
    name: str, shapes: str, example: Mapping[str, Any] | None = None, kind: type[Rule] = Rule
) -> Callable[[Function], Rule]:
    """Make a rule of the function below and register it.

    Example:
        >>> @rule("scaled_sum", "x[*N,I] -> y[*N]")
        ... def scaled_sum(x, *, scale=2.0):
        ...     return scale * np.sum(x, axis=-1)     # y = s Σᵢ xᵢ
    """
    return lambda function: _registered(kind(name, shapes, function, example=example))


def elementwise(name: str) -> Callable[[Function], Rule]:
    """Make an element-wise rule of one input ``z`` and register it."""

    def register(function: Function) -> Rule:
        (z, *_) = parameters(function)
        return _registered(Rule(name, f"{z}[*S] -> y[*S]", function, elementwise=True))

    return register


def update_rule(name: str, shapes: str) -> Callable[[Function], UpdateRule]:
    """Make an update rule of the function below and register it."""
    return lambda function: UPDATES.add(name, UpdateRule(name, shapes, function))


def _registered(made: Rule) -> Rule:
    """Put a rule into the table; a user's own is found by name wherever chainrule's are."""
    if not made.__module__.startswith("chainrule."):
        get_custom_objects()[made.name] = made
    return RULES.add(made.name, made)


def _by_name(kind: str, name: str) -> Formula:
    return UPDATES.find(name) if kind == "UpdateRule" else RULES.find(name)

"""Run an update rule that somebody wrote by hand, in whatever shape, over a stream of gradients.

The rule is found out by its names: see :data:`SHAPES` for what is understood. Everything is run on
copies, without output.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.glass.update_rules.copies import fresh_class, isolated, silent
from chainrule.glass.update_rules.faults.form import Stream
from chainrule.glass.update_rules.holding import Holder, holders
from chainrule.glass.update_rules.names import called_parameters, constant, role_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

SHAPES = """\
A function of one parameter and its gradient that returns new values or changes them in place:
    update(w, grad, lr)                          -> w
    update(w, grad, m, v, t, lr, beta1, beta2)   -> w, m, v
    update(w, grad, state)                       -> w or w, state   (state is a dict, {} at first)
The same for dicts or lists of parameters: update(params, grads, …).
A class (or an object of one) with a method update, step, apply, apply_gradients, update_params or
__call__:
    Optimizer(lr).update(params, grads)          dicts or lists of arrays, changed in place
    Optimizer(lr).update(w, grad)                -> w; each parameter gets an object of its own
    Optimizer(params, lr).step(grads)
    Optimizer(params, lr).step()                 params have .data and .grad
    Optimizer(lr).update_params(layer)           with layer.weights, .biases, .dweights, .dbiases
"""
"""The shapes of code that are understood."""

METHODS = (
    "update_params",
    "update",
    "step",
    "apply_gradients",
    "apply",
    "update_weights",
    "update_parameters",
    "optimize",
    "compute_update",
    "get_update",
    "get_updates",
    "__call__",
)
"""Methods that are taken for the update, in this order."""


class MisfitError(Exception):
    """A shape in which the rule cannot be called; the message says why."""


@dataclass
class Observed:
    """What a hand-written rule did.

    Attributes:
        changes: For each step θₜ − θₜ₋₁ of all parameters as one vector.
        options: The constants it was run with, or that were found in it.
        found: Of those, the ones that were read from the rule itself.
        passed: Of those, the ones that the rule takes from outside.
        holder: How parameters were handed over, in words.
        shape: The same, and how steps were counted.
        way: What the step was counted from, and whether a returned step was added.
        writes_gradient: Whether it changed the gradients that it was given.
        keeps_gradient: Whether it goes wrong if the caller uses one array for all gradients.
        single: Whether its results are of single precision.
    """

    changes: Array
    options: dict[str, Any]
    found: dict[str, Any]
    passed: frozenset[str]
    holder: str
    shape: str
    way: tuple[int, int] = (1, 0)
    writes_gradient: bool = False
    keeps_gradient: bool = False
    single: bool = False


@dataclass
class Trial:
    """One way to call the rule.

    Attributes:
        rule: A function, a class or an object.
        options: The constants to call it with.
        holder: How parameters are handed over.
        first: What the step counts from.
        added: Whether what it returns is a step to add (1) or to subtract (-1); 0 for new values.
        given: Names of constants that it takes from outside.
        found: Constants that it has itself.
    """

    rule: Any
    options: Mapping[str, Any]
    holder: Holder
    first: int = 1
    added: int | None = None
    given: set[str] = field(default_factory=set)
    found: dict[str, Any] = field(default_factory=dict)

    def run(self, stream: Stream, reuse: bool = False) -> tuple[Array, bool, bool]:
        """The changes of all steps, whether gradients were written, whether in single precision.

        Args:
            stream: Where it begins, and the gradients.
            reuse: Whether all gradients of a parameter come in the same array.

        Raises:
            MisfitError: It cannot be called so.
        """
        params = {name: array.copy() for name, array in stream.start.items()}
        grads = {name: np.zeros_like(array) for name, array in params.items()}
        self.holder.begin()
        calls = self._calls(params)
        changes, written, single = [], False, False
        for number, fresh in enumerate(stream.grads):
            for name, array in fresh.items():
                grads[name] = grads[name] if reuse else np.empty_like(array)
                grads[name][...] = array
            before = {name: array.copy() for name, array in params.items()}
            params = self.holder.step(calls, params, grads, number + self.first, self)
            written |= any(not np.array_equal(grads[n], a) for n, a in fresh.items())
            params, narrow = _checked(params, before)
            single |= narrow
            changes.append(stream.flat(params) - stream.flat(before))
        return np.array(changes), written, single

    # ------------------------------------------------------------ making what is called

    def _calls(self, params: dict[str, Array]) -> dict[str, Call]:
        """For each key of the holder, what is called."""
        made = {}
        if isinstance(self.rule, FunctionType):
            target = isolated(self.rule)
            self._read(self.rule.__globals__, self.rule.__code__.co_names)
            made = {key: Call(target, self) for key in self.holder.keys(params)}
        else:
            owner, shared = None, ""
            for key in self.holder.keys(params):
                if owner is None or not made[shared].has("key"):
                    owner = self._owner(params, key)
                    self._read(_attributes(owner))
                made[key] = Call(_method(owner), self, owner)
                shared = key
        for key, call in made.items():
            call.states = self.holder.states(call.unknown, params, key, self.options)
            call.memory = self.holder.memory(params, key, self.options)
        return made

    def _owner(self, params: dict[str, Array], key: str) -> Any:
        if not isinstance(self.rule, type):
            return copy.deepcopy(self.rule)
        kind = fresh_class(self.rule)
        arguments = {}
        for name, parameter in called_parameters(kind).items():
            role = role_of(name)
            if role in ("parameter", "parameters"):
                arguments[name] = self.holder.handed(params, key)
            elif (value := self.constant(name, parameter)) is not None:
                arguments[name] = value
            elif parameter.default is parameter.empty:
                raise MisfitError(f"the constructor needs {name!r}, which is not known")
        return kind(**arguments)

    def constant(self, name: str, parameter: inspect.Parameter) -> Any:
        """The value of a constant that a parameter takes; ``None`` if it takes none of ours."""
        found = constant(name, self.options)
        optional = parameter.default is not parameter.empty
        if found is None or (name == "decay" and optional):
            return None
        if optional and not found[1] and not parameter.default:
            return None
        self.given |= {"beta_1", "beta_2"} if found[0] == "betas" else {found[0]}
        return found[1]

    def _read(self, names: Mapping[str, Any], only: tuple[str, ...] | None = None) -> None:
        """Take over constants that the rule has of its own."""
        for name, value in names.items():
            number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
            if number and (only is None or name in only):
                meant = constant(name, self.options)
                if meant and meant[0] not in self.given and name != "decay":
                    self.found.setdefault(meant[0], float(value))

    def read_memory(self, memory: Any) -> None:
        """Take over constants that the rule wrote into its state."""
        if isinstance(memory, dict):
            self._read({key: value for key, value in memory.items() if isinstance(key, str)})


class Call:
    """A function with its arguments sorted out by name.

    Args:
        function: What is called.
        trial: The way of calling that it belongs to.
        owner: The object whose method it is.
    """

    def __init__(self, function: Callable[..., Any], trial: Trial, owner: Any = None) -> None:
        self.function, self.trial, self.owner = function, trial, owner
        self.states: list[Any] = []
        self.memory: Any = None
        self.parameters = called_parameters(function)
        self.roles = {name: role_of(name) for name in self.parameters}
        self._assume()
        self.unknown = [
            name
            for name, parameter in self.parameters.items()
            if not self.roles[name] and parameter.default in (parameter.empty, None)
        ]

    def has(self, *roles: str) -> bool:
        """Whether it takes one of these."""
        return any(role in roles for role in self.roles.values())

    def _assume(self) -> None:
        """Where no name says which is the parameter and which the gradient, their order does."""
        free = [name for name, role in self.roles.items() if not role]
        for role, names in (
            ("parameter", ("parameter", "parameters", "layer", "pairs")),
            ("gradient", ("gradient", "gradients", "layer", "pairs")),
        ):
            holds = role == "parameter" and self.owner is not None and self.has("gradients")
            if not self.has(*names) and free and not holds and self._required() > 1:
                self.roles[free.pop(0)] = role

    def _required(self) -> int:
        return sum(p.default is p.empty for p in self.parameters.values())

    def __call__(self, known: Mapping[str, Any]) -> Any:
        """Call it, each parameter given by its role.

        Args:
            known: Values by role; ``state`` and ``memory`` are the call's own.
        """
        arguments: dict[str, Any] = {}
        states = iter(self.states)
        for name, parameter in self.parameters.items():
            role = self.roles[name]
            if name in self.unknown:
                arguments[name] = next(states)
            elif role == "memory":
                arguments[name] = self.memory
            elif role in known:
                arguments[name] = known[role]
            elif (value := self.trial.constant(name, parameter)) is not None:
                arguments[name] = value
            elif parameter.default is parameter.empty:
                raise MisfitError(f"the parameter {name!r} is not known")
        positional = [
            arguments.pop(name)
            for name, parameter in self.parameters.items()
            if parameter.kind is parameter.POSITIONAL_ONLY and name in arguments
        ]
        return self.function(*positional, **arguments)


# ---------------------------------------------------------------- finding a way to call


def observe(
    rule: Any,
    options: Mapping[str, Any],
    stream: Stream,
    start: Mapping[str, float],
    holder: str = "",
) -> Iterator[Observed]:
    """What the rule does, for every way of counting and adding that fits its shape.

    Args:
        rule: A function, a class or an object.
        options: The constants to call it with.
        stream: Where it begins, and the gradients.
        start: What state arrays begin at, by name.
        holder: How parameters must be handed over, if that is known.

    Yields:
        The plainest way first.

    Raises:
        ArgumentError: No shape fits.
    """
    reasons: dict[str, str] = {}
    still: list[Trial] = []
    for one in holders(rule, start):
        if holder not in ("", one.words):
            continue
        trial = Trial(rule, options, one)
        changes = _tried(trial, stream, reasons)
        if changes is None:
            continue
        if not np.any(changes):
            still.append(trial)
            continue
        yield from _ways(trial, stream)
        return
    if still:
        yield from _ways(still[0], stream)
        return
    told = "\n".join(f"- {shape}: {reason}" for shape, reason in reasons.items())
    raise ArgumentError(
        f"The update rule could not be called in any shape that is understood.\n{told}\n"
        f"Understood are:\n{SHAPES}",
        update=rule,
    )


def _tried(trial: Trial, stream: Stream, reasons: dict[str, str]) -> Array | None:
    try:
        with silent():
            return trial.run(stream)[0]
    except Exception as error:
        reasons[trial.holder.words] = f"{type(error).__name__}: {error}".split("\n")[0]
        return None


def _ways(trial: Trial, stream: Stream) -> Iterator[Observed]:
    """The way that fits, and others that differ in what the code cannot say."""
    counts = (1, 0) if trial.holder.counts else (1,)
    for first in counts:
        for added in (-1, 1) if trial.added else (0,):
            way = Trial(trial.rule, trial.options, trial.holder, first, added)
            try:
                with silent():
                    changes, written, single = way.run(stream)
                    again, _, _ = Trial(trial.rule, trial.options, trial.holder, first, added).run(
                        stream, reuse=True
                    )
            except Exception:  # noqa: S112  (it could be called in the plainest way)
                continue
            found = {**trial.found, **way.found}
            shape = trial.holder.words + (", t counted from 0" if first == 0 else "")
            kept = not written and not np.array_equal(changes, again, equal_nan=True)
            options = {**trial.options, **found}
            way_of, passed = (first, added), frozenset(way.given)
            yield Observed(
                changes,
                options,
                found,
                passed,
                trial.holder.words,
                shape,
                way_of,
                written,
                kept,
                single,
            )


def _attributes(owner: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for kind in reversed(type(owner).__mro__):
        found |= vars(kind)
    return found | getattr(owner, "__dict__", {})


def _method(owner: Any) -> Callable[..., Any]:
    for name in METHODS:
        if callable(method := getattr(owner, name, None)):
            return method
    raise MisfitError(f"{type(owner).__name__} has none of the methods {', '.join(METHODS)}")


def _checked(
    params: Mapping[str, Any], before: Mapping[str, Array]
) -> tuple[dict[str, Array], bool]:
    """The new parameters in double precision, and whether they were of single precision."""
    made, single = {}, False
    for name, old in before.items():
        new = np.asarray(params[name])
        if new.shape != old.shape or new.dtype.kind != "f":
            raise MisfitError(
                f"made of an array of shape {old.shape} one of {new.dtype} {new.shape}"
            )
        single |= new.dtype.itemsize < old.dtype.itemsize
        made[name] = new.astype(np.float64)
    return made, single

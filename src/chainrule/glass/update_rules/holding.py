"""How parameters and gradients are handed to a hand-written rule, and read back from it."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator, Mapping, Sequence
from types import FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.glass.update_rules.names import called_parameters, constant, role_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.glass.update_rules.calling import Call, Trial

    Array = NDArray[Any]

ALL = ""
"""The key of what is called once for all parameters."""


class Named(dict[str, Any]):
    """Arrays by name, where ``"dW1"`` is found under ``"W1"`` too."""

    def __missing__(self, key: object) -> Any:
        if isinstance(key, str) and key[:1] == "d" and key[1:] in self:
            return self[key[1:]]
        raise KeyError(key)


class Memory(dict[Any, Any]):
    """A dict for a rule's state: what was never written is 0, a constant, or zeros.

    Args:
        zeros: What an array of the state looks like at first.
        options: The rule's constants by name.
    """

    def __init__(self, zeros: Any, options: Mapping[str, Any]) -> None:
        super().__init__()
        self._zeros, self._options = zeros, options

    def __missing__(self, key: object) -> Any:
        if role_of(str(key)) == "step":
            return 0
        if (found := constant(str(key), self._options)) is not None:
            return found[1]
        self[key] = copy.deepcopy(self._zeros)
        return self[key]

    def __deepcopy__(self, memo: dict[int, Any]) -> Memory:
        made = Memory(self._zeros, self._options)
        made.update({key: copy.deepcopy(value, memo) for key, value in self.items()})
        return made


class Holder:
    """One parameter at a time, as an array.

    Args:
        start: What state arrays begin at, by name.
        memory: What the first state is: ``"dict"``, ``"none"`` or so many arrays of zeros.

    Attributes:
        words: The shape, for messages.
        counts: Whether the rule is told the step.
    """

    words = "one array at a time"

    def __init__(self, start: Mapping[str, float], memory: str | int = "dict") -> None:
        self.start, self.kind = start, memory
        self.counts = False
        if memory != "dict":
            self.words += f", state at first {'None' if memory == 'none' else f'{memory} zeros'}"

    def begin(self) -> None:
        """Forget what was handed over in a run before."""

    def keys(self, params: Mapping[str, Array]) -> tuple[str, ...]:
        """What is called: once for each parameter, or once for all."""
        return tuple(params)

    def handed(self, params: dict[str, Array], key: str) -> Any:
        """What a call is given as parameters."""
        return params[key]

    def grads(self, grads: dict[str, Array], key: str) -> Any:
        """What a call is given as gradients."""
        return grads[key]

    def zeros(self, params: Mapping[str, Array], key: str, value: float = 0.0) -> Any:
        """State arrays before the first step."""
        return np.full_like(params[key], value)

    def states(
        self,
        names: Sequence[str],
        params: Mapping[str, Array],
        key: str,
        options: Mapping[str, Any],
    ) -> list[Any]:
        """State that the rule takes as arguments of its own, one for each name."""
        values = list(self.start.values())
        one = values[0] if len(names) == len(values) == 1 else 0.0
        return [self.zeros(params, key, one) for _ in names]

    def memory(self, params: Mapping[str, Array], key: str, options: Mapping[str, Any]) -> Any:
        """State that the rule takes as one argument."""
        if self.kind == "dict":
            return Memory(self.zeros(params, key), options)
        if self.kind == "none":
            return None
        count = int(str(self.kind)[:1])
        arrays = tuple(self.zeros(params, key) for _ in range(count))
        return (*arrays, 0) if str(self.kind).endswith("t") else arrays

    def step(
        self,
        calls: Mapping[str, Call],
        params: dict[str, Array],
        grads: dict[str, Array],
        t: int,
        trial: Trial,
    ) -> dict[str, Array]:
        """One step of all parameters; the new values."""
        made: dict[str, Array] = {}
        for index, (key, call) in enumerate(calls.items()):
            self.counts |= call.has("step")
            handed, before = self.handed(params, key), copy.deepcopy(self.handed(params, key))
            known = {"key": key or index, "step": t}
            known |= dict.fromkeys(("parameter", "parameters"), handed)
            known |= dict.fromkeys(("gradient", "gradients"), self.grads(grads, key))
            returned = call(known)
            made |= self.result(returned, handed, before, call, trial, key)
            trial.read_memory(call.memory)
        return made

    # ------------------------------------------------------------ reading back

    def result(
        self, returned: Any, handed: Any, before: Any, call: Call, trial: Trial, key: str
    ) -> dict[str, Array]:
        """The new parameters, after a call that may have returned them."""
        value = self._sorted(returned, before, call)
        if value is None:
            return self.arrays(handed, key)
        old, new = self.arrays(before, key), self.arrays(value, key)
        changed = any(not np.array_equal(old[n], a) for n, a in self.arrays(handed, key).items())
        if trial.added is None:
            small = all(
                np.linalg.norm(new[name]) < 0.2 * np.linalg.norm(array)
                for name, array in old.items()
            )
            trial.added = -1 if small and not changed else 0
        if trial.added:
            return {name: array + trial.added * new[name] for name, array in old.items()}
        return new

    def arrays(self, value: Any, key: str) -> dict[str, Array]:
        """What a container holds, by parameter."""
        return {key: np.asarray(value)}

    def fits(self, value: Any, like: Any) -> bool:
        """Whether something returned may be the parameters."""
        if isinstance(value, tuple | list | dict) or value is None:
            return False
        return np.shape(value) == np.shape(like)

    def _sorted(self, returned: Any, before: Any, call: Call) -> Any:
        """The parameters out of what was returned; the rest is put back as state."""
        if returned is None or self.fits(returned, before):
            return returned
        if isinstance(returned, dict):
            if call.has("memory"):
                call.memory = returned
            return None
        if not isinstance(returned, tuple | list):
            return None
        rest = list(returned)
        fitting = [index for index, one in enumerate(rest) if self.fits(one, before)]
        value = rest.pop(fitting[0]) if fitting else None
        if call.has("memory") and rest:
            call.memory = rest[0]
        elif call.unknown:
            states = [one for one in rest if self.fits(one, before)][: len(call.states)]
            call.states[: len(states)] = states
        return value


class Together(Holder):
    """All parameters at once, in a dict."""

    words = "a dict of arrays"

    def keys(self, params: Mapping[str, Array]) -> tuple[str, ...]:
        return (ALL,)

    def handed(self, params: dict[str, Array], key: str) -> Any:
        return Named(params)

    def grads(self, grads: dict[str, Array], key: str) -> Any:
        return Named(grads)

    def zeros(self, params: Mapping[str, Array], key: str, value: float = 0.0) -> Any:
        return Named({name: np.full_like(array, value) for name, array in params.items()})

    def arrays(self, value: Any, key: str) -> dict[str, Array]:
        return {name: np.asarray(value[name]) for name in value}

    def fits(self, value: Any, like: Any) -> bool:
        return isinstance(value, dict) and set(like) <= set(value)


class Listed(Together):
    """All parameters at once, in a list."""

    words = "a list of arrays"

    def __init__(self, start: Mapping[str, float], memory: str | int = "dict") -> None:
        super().__init__(start, memory)
        self._names: tuple[str, ...] = ()
        self._kept: list[Any] | None = None

    def handed(self, params: dict[str, Array], key: str) -> Any:
        self._names = tuple(params)
        return list(params.values())

    def grads(self, grads: dict[str, Array], key: str) -> Any:
        return list(grads.values())

    def zeros(self, params: Mapping[str, Array], key: str, value: float = 0.0) -> Any:
        return [np.full_like(array, value) for array in params.values()]

    def arrays(self, value: Any, key: str) -> dict[str, Array]:
        return dict(zip(self._names, map(np.asarray, value), strict=True))

    def fits(self, value: Any, like: Any) -> bool:
        if not isinstance(value, list | tuple) or len(value) != len(like):
            return False
        pairs = zip(value, like, strict=True)
        return all(not isinstance(a, list | tuple) and np.shape(a) == b.shape for a, b in pairs)


class Paired(Listed):
    """All parameters at once, in a list of (gradient, parameter)."""

    words = "a list of pairs of a gradient and an array"

    def step(
        self,
        calls: Mapping[str, Call],
        params: dict[str, Array],
        grads: dict[str, Array],
        t: int,
        trial: Trial,
    ) -> dict[str, Array]:
        (call,) = calls.values()
        first = next(name for name, role in call.roles.items() if role == "pairs")
        pairs = [(grads[name], array) for name, array in params.items()]
        turned = first.startswith("param")
        call({"pairs": [pair[::-1] for pair in pairs] if turned else pairs, "step": t})
        return params


class Kept(Listed):
    """All parameters in a list that the rule's object was made with."""

    words = "a list of arrays in the constructor"

    def begin(self) -> None:
        self._kept = None

    def handed(self, params: dict[str, Array], key: str) -> Any:
        if self._kept is None:
            self._names, self._kept = tuple(params), list(params.values())
        return self._kept

    def step(
        self,
        calls: Mapping[str, Call],
        params: dict[str, Array],
        grads: dict[str, Array],
        t: int,
        trial: Trial,
    ) -> dict[str, Array]:
        (call,) = calls.values()
        self.counts |= call.has("step")
        call(dict.fromkeys(("gradient", "gradients"), self.grads(grads, ALL)) | {"step": t})
        attributes = getattr(call.owner, "__dict__", {})
        held = next(
            (value for value in attributes.values() if self.fits(value, self._kept or [])),
            self._kept,
        )
        named = (
            value
            for name, value in attributes.items()
            if role_of(name) in ("parameter", "parameters") and self.fits(value, self._kept or [])
        )
        return self.arrays(next(named, held), ALL)


def holders(rule: Any, start: Mapping[str, float]) -> Iterator[Holder]:
    """The ways of handing parameters over that a rule's names allow, the likeliest first.

    Args:
        rule: A function, a class or an object.
        start: What state arrays begin at, by name.
    """
    from chainrule.glass.update_rules.objects import Layers, Tensors

    call, made = _signatures(rule)
    roles = {role_of(name) for name in call}
    if "layer" in roles:
        yield Layers(start)
        return
    if "pairs" in roles:
        yield Paired(start)
        return
    holds = {role_of(name) for name in made} & {"parameter", "parameters"}
    if holds:
        yield from (Kept(start), Tensors(start)) if len(call) else (Tensors(start),)
    many = bool(roles & {"parameters", "gradients"})
    together = (Together, Listed, Holder) if many else (Holder, Together, Listed)
    for kind in together:
        yield kind(start)
        if "memory" in roles:
            for memory in ("none", "2", "2t", "1", "1t"):
                yield kind(start, memory)


def _signatures(rule: Any) -> tuple[Mapping[str, Any], Mapping[str, inspect.Parameter]]:
    """The parameters of the update, and those of the constructor."""
    from chainrule.glass.update_rules.calling import METHODS

    if isinstance(rule, FunctionType):
        return called_parameters(rule), {}
    kind = rule if isinstance(rule, type) else type(rule)
    method = next((getattr(kind, name) for name in METHODS if name in dir(kind)), None)
    call = dict(list(called_parameters(method).items())[1:]) if method else {}
    return call, called_parameters(kind) if isinstance(rule, type) else {}

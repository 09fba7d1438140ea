"""What names mean in networks that people write: of methods, of their parameters, of arrays."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

from chainrule.glass.handwritten.holdings import Place

FORWARD = (
    "forward", "feed_forward", "feedforward", "forward_pass", "forward_propagation", "forwardprop",
    "forward_prop", "forwardpropagation", "forwardpass", "propagate", "think", "predict_proba",
    "predict", "query", "output", "run", "__call__", "call",
)  # fmt: skip
"""Names of the method that makes outputs of inputs, the most telling first."""

BACKWARD = (
    "backward", "backprop", "back_prop", "backpropagate", "back_propagate", "backpropagation",
    "back_propagation", "backward_pass", "backward_propagation", "backwardprop", "backward_prop",
    "backwardpass", "bprop", "compute_gradients", "compute_gradient", "gradients", "gradient",
    "get_gradients", "calculate_gradients", "compute_grads", "grads", "grad", "train_step",
    "fit_step", "training_step", "train_on_batch", "train_batch", "train_once", "step", "train",
    "update_mini_batch", "partial_fit", "fit", "learn", "update_weights", "update", "optimize",
)  # fmt: skip
"""Names of the method that computes gradients or moves the weights."""

UPDATE = (
    "update", "update_weights", "update_params", "update_parameters", "step", "apply_gradients",
    "optimize", "apply_grads", "gradient_descent",
)  # fmt: skip
"""Names of the method that moves the weights by gradients that are there already."""

LOSS = (
    "loss", "compute_loss", "cost", "compute_cost", "loss_function", "cost_function",
    "calculate_loss", "get_loss", "loss_fn", "criterion", "objective", "error", "mse",
)  # fmt: skip
"""Names of the method that gives the loss."""

_ROLES: Mapping[str, frozenset[str]] = {
    role: frozenset(names.split())
    for role, names in {
        "x": "x input inputs data features batch xtrain inputdata inp xs xbatch inputarray xin a0 "
        "traininginputs images inputlist inputslist samples xi sample",
        "y": "y t target targets label labels ytrue true truth expected desired ytrain d "
        "expectedoutput ys targetlist targetslist yi trainingoutputs outputsexpected ybatch "
        "targetdata onehot yonehot correct",
        "output": "o out output outputs yhat ypred pred preds prediction predictions a probs "
        "probas al activatedoutput predicted p scores result logits aout",
        "cache": "cache caches memory activations store cached zs forwardcache intermediates",
        "rate": "lr learningrate eta alpha rate stepsize lrate",
        "params": "params parameters weights theta network net model w",
        "grads": "grads gradients grad gradient",
        "one": "epochs epoch iterations niter iters iter numiterations nepochs maxiter steps "
        "numepochs niterations iteration nepoch",
        "size": "batchsize minibatchsize m n numsamples nsamples batchsz bs",
        "penalty": "reg regularization lambda lambd lam l2 weightdecay decay reglambda lmbda "
        "regstrength wd",
        "off": "verbose printcost print plot printloss debug log",
    }.items()
}

_GRADIENT = re.compile(
    r"^(?:gradients?_?(?:of_|wrt_)?|grads?_?(?:of_|wrt_)?|nabla_?|deltas?_?|g_|"
    r"d(?:j|l|c|e|loss|cost|error)_?d_?|d_?)(?=[a-z])"
    r"|(?:_d|_?grads?|_?gradients?|_?deltas?|_?updates?)$"
)
_SYNONYMS = (("weights", "w"), ("weight", "w"), ("kernel", "w"), ("theta", "w"), ("biases", "b"),
             ("bias", "b"), ("coefs", "w"), ("params", ""), ("layers", ""))  # fmt: skip


def role(name: str) -> str:
    """What a parameter of a method is given: ``"x"``, ``"y"``, …; ``""`` if nobody knows."""
    plain = name.lower().replace("_", "")
    return next((found for found, names in _ROLES.items() if plain in names), "")


def parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """A function's parameters by name, as it is called."""
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    found = inspect.signature(function).parameters
    return {name: one for name, one in found.items() if one.kind not in kinds}


def arguments(function: Callable[..., Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments for a call, each parameter given by its name, or what is left by its place.

    Args:
        function: What is called.
        known: Values by role, and by the names of parameters that are weights.

    Raises:
        TypeError: A parameter cannot be given.
    """
    found: dict[str, Any] = {}
    free = [name for name in ("params", "x", "y", "output") if name in known]
    open_: list[str] = []
    for name, parameter in parameters(function).items():
        what = name if name in known else role(name)
        if what in ("x", "y", "output", "params") and what in known and what in free:
            found[name] = known[what]
            free.remove(what)
        elif what in known and what not in ("x", "y", "output", "params"):
            found[name] = known[what]
        elif parameter.default is parameter.empty:
            open_.append(name)
    for name in open_:
        if not free:
            raise TypeError(f"nobody knows what {name!r} is")
        found[name] = known[free.pop(0)]
    return found


def call(function: Callable[..., Any], known: Mapping[str, Any]) -> Any:
    """Call a function with what its parameters are named for."""
    given = arguments(function, known)
    positional = [
        given.pop(name)
        for name, one in parameters(function).items()
        if one.kind is one.POSITIONAL_ONLY and name in given
    ]
    return function(*positional, **given)


# ---------------------------------------------------------------- whose gradient an array is


def signature(place: Place, gradient: bool = False) -> tuple[str, ...] | None:
    """What identifies a parameter in its path: a word and numbers, ``("w", "1")`` for ``W1``.

    Args:
        place: Its path.
        gradient: Whether it is the path of a gradient, whose name has a mark of that:
            ``dW1``, ``grad_W1``, ``W1_grad``, ``grads["W1"]``.

    Returns:
        ``None`` if it must be a gradient's and has no mark.
    """
    marked, word, numbers = False, "", []
    for _, key in place.steps:
        if isinstance(key, int):
            numbers.append(str(key))
            continue
        name = str(key).lower()
        if gradient:
            bare = _GRADIENT.sub("", name, count=1)
            if bare != name or name in ("grad", "grads", "gradients", "gradient", "nabla"):
                marked = True
            name = "" if name in ("grad", "grads", "gradients", "gradient", "nabla") else bare
        word, own = _word(name, word)
        numbers += own
    if gradient and not marked:
        return None
    return (word, *numbers)


def _word(name: str, before: str) -> tuple[str, list[str]]:
    """A name's letters and its numbers; of containers in a row the last that has a meaning."""
    numbers = re.findall(r"\d+", name)
    letters = re.sub(r"[\d_]+", "", name)
    for long, short in _SYNONYMS:
        letters = letters.replace(long, short)
    return letters or before, numbers

"""What people call the parts of an update rule: parameters, gradients, the step, the constants."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

ROLES: Mapping[str, frozenset[str]] = {
    role: frozenset(names.split())
    for role, names in {
        "layer": "layer",
        "pairs": "grads_and_vars grads_and_params gradsandvars params_and_grads",
        "parameters": "params parameters weights thetas ws variables vars model_params "
        "trainable_variables param_list xs values",
        "parameter": "param parameter p theta w weight x value variable var",
        "gradients": "grads gradients gs dws dparams grad_list d_params gradient_list",
        "gradient": "grad gradient g dw dtheta dx gradw grad_wrt_w d_w dp gt g_t",
        "key": "key name id layer_id idx index param_name param_id layer_name pid",
        "step": "t step iteration iterations it iter n_iter timestep time_step k step_count "
        "global_step steps",
        "memory": "state states config cache_dict memory opt_state optimizer_state buffers buffer "
        "optim_state",
        "learning_rate": "lr learning_rate learningrate alpha eta step_size lr0 learn_rate rate a "
        "current_learning_rate",
        "beta_1": "beta1 beta_1 b1 beta_one betaone",
        "beta_2": "beta2 beta_2 b2 beta_two betatwo",
        "betas": "betas",
        "epsilon": "eps epsilon e ep",
        "rho": "rho decay_rate rms_decay",
        "momentum": "momentum mu mom momentum_rate",
        "share": "beta gamma decay",
        "weight_decay": "weight_decay wd weightdecay lam lambda_ lmbda lambd l2 decay_weight reg",
        "initial_accumulator_value": "initial_accumulator_value initial_accumulator",
        "centered": "centered centred",
        "amsgrad": "amsgrad",
        "nesterov": "nesterov",
    }.items()
}
"""For each role the names, in lower case. ``share`` is ρ or β, as the rule has it."""

_CONSTANTS = frozenset(ROLES) - {
    "layer",
    "pairs",
    "parameters",
    "parameter",
    "gradients",
    "gradient",
    "key",
    "step",
    "memory",
}


def role_of(name: str) -> str:
    """What a parameter or attribute of this name is for; ``""`` if nobody can say."""
    plain = name.lower().strip("_")
    found = next((role for role, names in ROLES.items() if plain in names), "")
    if not found and "grad" in plain:
        return "gradients" if plain.endswith("s") else "gradient"
    return found


def constant(name: str, options: Mapping[str, Any]) -> tuple[str, Any] | None:
    """The option of the rule that a name means, and its value; ``None`` if it means none.

    Args:
        name: Of a parameter, an attribute or a key.
        options: The rule's constants by name.
    """
    role = role_of(name)
    if role not in _CONSTANTS:
        return None
    if role == "betas":
        both = ("beta_1", "beta_2")
        return (role, tuple(options[one] for one in both)) if "beta_1" in options else None
    if role == "share":
        wanted = ("rho", "weight_decay") if name.lower() == "decay" else ("rho", "momentum")
        role = next((one for one in wanted if options.get(one)), "")
    return (role, options[role]) if role in options else None


def called_parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The parameters that a call of ``function`` may give, by name, without ``*`` and ``**``."""
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    found = inspect.signature(function).parameters
    return {name: one for name, one in found.items() if one.kind not in kinds}

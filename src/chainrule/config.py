"""Global settings, with Keras' names: the float type and the epsilon of new models."""

from __future__ import annotations

from chainrule.errors import ArgumentError

_settings: dict[str, object] = {"floatx": "float32", "epsilon": 1e-7}
_FLOATS = ("float32", "float64")


def floatx() -> str:
    """The float type of new models and of converted data: ``"float32"`` unless set."""
    return str(_settings["floatx"])


def set_floatx(value: str) -> None:
    """Set the float type of models made from here on.

    Args:
        value: ``"float32"`` or ``"float64"``.

    Raises:
        ArgumentError: It is neither. (Half precision has no fast arithmetic on CPUs.)
    """
    _settings["floatx"] = float_name("value", value)


def epsilon() -> float:
    """The small number that keeps logarithms and divisions finite: 1e-7 unless set."""
    return float(_settings["epsilon"])  # type: ignore[arg-type]


def set_epsilon(value: float) -> None:
    """Set :func:`epsilon` for models compiled from here on."""
    if not 0 < value < 0.5:
        raise ArgumentError("`value` must be between 0 and 0.5.", value=value)
    _settings["epsilon"] = float(value)


def float_name(argument: str, value: object) -> str:
    """The name of a supported float type, from a name or a NumPy dtype."""
    name = value if isinstance(value, str) else getattr(value, "__name__", str(value))
    if name not in _FLOATS:
        raise ArgumentError(
            f"`{argument}` must be one of {', '.join(map(repr, _FLOATS))}.", **{argument: value}
        )
    return name

"""trace(): what one training step computes, number by number, without taking it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from chainrule.errors import ArgumentError

if TYPE_CHECKING:
    from chainrule.glass.trace.record import Language, Notation
    from chainrule.models.model import Model
    from chainrule.models.traces import ModelTrace


class Traceable:
    """What can be seen of a model's training."""

    def trace(
        self,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        notation: Notation = "textbook",
        lang: Language = "en",
    ) -> ModelTrace:
        """Every number of one training step on this batch, each with its equation.

        The model stays as it is: the step is done on copies, by the NumPy engine, and is the one
        that ``fit`` would do with all samples in one batch. ``trace.step()`` does another.

        Args:
            x: Inputs, as for ``fit``: a few samples are enough.
            y: Targets.
            sample_weight: One weight per sample.
            notation: ``"textbook"`` (z₁, a₁, δ₁) or ``"lesson"`` (S_H, A_H, S_O, A_O, E).
            lang: ``"en"`` or ``"ko"``: the language of titles.

        Raises:
            StateError: ``compile()`` was not called.
            ArgumentError: The notation or the language is unknown.
            ShapeError, DataError: The data do not fit the model.

        Example:
            >>> from chainrule.layers import Dense
            >>> from chainrule.models import Sequential
            >>> model = Sequential([Dense(1, input_dim=2, kernel_initializer="ones")])
            >>> model.compile("sgd", "mse")
            >>> trace = model.trace([[2.0, 3.0]], [[4.0]])
            >>> print(trace["z₁"].cell((0, 0)).text)
            z₁[0,0] = 2 · 1 + 3 · 1 + 0 = 5
        """
        from chainrule.models.traces import traced

        for argument, value, known in (
            ("notation", notation, ("textbook", "lesson")),
            ("lang", lang, ("en", "ko")),
        ):
            if value not in known:
                raise ArgumentError(f"`{argument}` must be one of {known}.", **{argument: value})
        return traced(cast("Model", self), (x, y, sample_weight), notation, lang)

"""The catalogue of mistakes in a backward pass that check_backprop knows by name.

zₗ = aₗ₋₁ Wₗ + bₗ and aₗ = f(zₗ) in layer l of L, a₀ = x; eₗ = ∂L/∂aₗ and δₗ = ∂L/∂zₗ; n samples.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """A mistake with a name.

    Attributes:
        id: Its name: ``"derivative-of-activation"``.
        title: What was done, as a sentence without its end.
        explanation: Why it is wrong, or how it comes about.
        written: The wrong formula.
        right: The right one.
    """

    id: str
    title: str
    explanation: str
    written: str
    right: str


_ERROR = "e_L = ∂L/∂a_L"
_HIDDEN = "eₗ = δₗ₊₁ Wₗ₊₁ᵀ"
_DELTA = "δₗ = eₗ ⊙ f′(zₗ)"
_KERNEL = "∂L/∂Wₗ = aₗ₋₁ᵀ δₗ"
_BIAS = "∂L/∂bₗ = Σₙ δₗ"

_CATALOGUE = (
    # ------------------------------------------------------------ the error at the output
    Fault(
        "error-sign",
        "the error has the wrong sign",
        "With y − a the weights must grow by it, with a − y they must shrink: as it is, the loss "
        "is climbed.",
        "e_L = −∂L/∂a_L",
        _ERROR,
    ),
    Fault(
        "targets-missing",
        "the output itself is taken for its error",
        "The targets were not subtracted.",
        "e_L = a_L",
        "e_L = a_L − y",
    ),
    Fault(
        "loss-for-derivative",
        "the loss is propagated, not its derivative",
        "The square of the error says how large it is, but not in which direction.",
        "e_L = (a_L − y)²",
        "e_L = a_L − y",
    ),
    Fault(
        "error-absolute",
        "the size of the error is propagated, without its sign",
        "Outputs that are too small are pushed down further.",
        "e_L = |a_L − y|",
        "e_L = a_L − y",
    ),
    Fault(
        "error-direction-only",
        "only the sign of the error is propagated",
        "That is the derivative of the absolute error, not of this loss.",
        "e_L = sign(a_L − y)",
        "e_L = a_L − y",
    ),
    Fault(
        "pre-activation-as-output",
        "the targets are compared with the pre-activation, not with the output",
        "The loss is a function of what comes out of the activation.",
        "e_L = z_L − y",
        "e_L = a_L − y",
    ),
    Fault(
        "targets-broadcast",
        "a broadcast compares every output with every target",
        "An array of shape (n, 1) less one of shape (n,) has shape (n, n), without an error.",
        "a (n, 1) − y (n,)",
        "a (n, 1) − y (n, 1)",
    ),
    Fault(
        "cross-entropy-half",
        "only one of the two terms of the binary cross-entropy is differentiated",
        "The term (1 − y) ln(1 − a) was forgotten.",
        "e_L = −y / a_L",
        "e_L = −y / a_L + (1 − y) / (1 − a_L)",
    ),
    Fault(
        "cross-entropy-extra-derivative",
        "the derivative of the output's activation is applied once more",
        "With cross-entropy it cancels: δ_L is a − y already.",
        "δ_L = (a_L − y) ⊙ f′(z_L)",
        "δ_L = a_L − y",
    ),
    Fault(
        "true-class-only",
        "only the true class's output gets a gradient",
        "The other classes' probabilities have to go down.",
        "δ_L = y ⊙ (a_L − y)",
        "δ_L = a_L − y",
    ),
    Fault(
        "softmax-cross-terms",
        "the softmax is differentiated as if each output depended on its own z only",
        "Every zₖ changes every output: the Jacobian has terms −aⱼ aₖ beside its diagonal.",
        "δ_L = e_L ⊙ a_L (1 − a_L)",
        "δ_L = a_L ⊙ (e_L − Σₖ e_L a_L)",
    ),
    Fault(
        "softmax-jacobian-missing",
        "the derivative of the softmax is missing",
        "Only with cross-entropy is δ the difference of outputs and targets.",
        "δ_L = e_L",
        "δ_L = a_L ⊙ (e_L − Σₖ e_L a_L)",
    ),
    # ------------------------------------------------------------ the derivative of an activation
    Fault(
        "derivative-of-activation",
        "the derivative is applied to the activation, not to the pre-activation",
        "f′ is a function of z. Where it is written with a, as a (1 − a), it must not apply f "
        "again.",
        "δₗ = eₗ ⊙ f′(aₗ)",
        _DELTA,
    ),
    Fault(
        "derivative-of-pre-activation",
        "the derivative's form for activations is applied to the pre-activation",
        "a (1 − a) and 1 − a² are for a = f(z), not for z.",
        "δₗ = eₗ ⊙ zₗ (1 − zₗ)",
        _DELTA,
    ),
    Fault(
        "derivative-of-another-layer",
        "the derivative is taken at another layer's pre-activation",
        "Where one of the two layers has one unit, a broadcast hides that they do not fit.",
        "δₗ = eₗ ⊙ f′(zₖ)",
        _DELTA,
    ),
    Fault(
        "derivative-of-error",
        "the derivative is applied to the error",
        "The slope is that of the activation where the network is, at z.",
        "δₗ = eₗ ⊙ f′(eₗ)",
        _DELTA,
    ),
    Fault(
        "derivative-of-another-function",
        "the derivative is that of another activation",
        "It must belong to the function of the forward pass.",
        "δₗ = eₗ ⊙ g′(zₗ)",
        _DELTA,
    ),
    Fault(
        "derivative-missing",
        "the activation's derivative is missing",
        "The error has to pass through the activation.",
        "δₗ = eₗ",
        _DELTA,
    ),
    Fault(
        "derivative-half",
        "only a part of the derivative is there",
        "The sigmoid's is a (1 − a): both factors.",
        "δₗ = eₗ ⊙ (1 − aₗ)",
        _DELTA,
    ),
    Fault(
        "activation-for-derivative",
        "the activation stands where its derivative belongs",
        "f(z) is not f′(z).",
        "δₗ = eₗ ⊙ aₗ",
        _DELTA,
    ),
    Fault(
        "derivative-squared",
        "the derivative is applied twice",
        "It is part of the error already.",
        "δₗ = eₗ ⊙ f′(zₗ)²",
        _DELTA,
    ),
    # ------------------------------------------------------------ from layer to layer
    Fault(
        "weights-updated-first",
        "the weights were updated before the error went back through them",
        "The error must go back through the weights that the forward pass used.",
        "eₗ = δₗ₊₁ (Wₗ₊₁ − η ∂L/∂Wₗ₊₁)ᵀ",
        _HIDDEN,
    ),
    Fault(
        "weights-not-transposed",
        "the error goes back through weights that are not transposed",
        "A square matrix hides it.",
        "eₗ = δₗ₊₁ Wₗ₊₁",
        _HIDDEN,
    ),
    Fault(
        "weights-of-another-layer",
        "the error goes back through another layer's weights",
        "Weights of equal shape hide it.",
        "eₗ = δₗ₊₁ Wₖᵀ",
        _HIDDEN,
    ),
    Fault(
        "weights-missing",
        "the error does not go back through the weights",
        "How much a unit is to blame depends on the weights by which it is heard.",
        "eₗ = δₗ₊₁",
        _HIDDEN,
    ),
    Fault(
        "error-propagated-for-delta",
        "the next layer's error is sent back before its derivative was applied",
        "What goes back through the weights is δ, not the error.",
        "eₗ = eₗ₊₁ Wₗ₊₁ᵀ",
        _HIDDEN,
    ),
    Fault(
        "delta-skips-layer",
        "the error comes from another layer than the next",
        "It has to go back through every layer, one at a time.",
        "eₗ = δₖ Wₗ₊₁ᵀ",
        _HIDDEN,
    ),
    # ------------------------------------------------------------ the kernels' gradients
    Fault(
        "pre-activation-as-input",
        "the pre-activation stands where the layer's input belongs",
        "What the weights were multiplied by is the activation of the layer before.",
        "∂L/∂Wₗ = zₗ₋₁ᵀ δₗ",
        _KERNEL,
    ),
    Fault(
        "input-of-another-layer",
        "another layer's activation stands where this layer's input belongs",
        "Layers of equal size hide it.",
        "∂L/∂Wₗ = aₖᵀ δₗ",
        _KERNEL,
    ),
    Fault(
        "input-activated-twice",
        "the activation is applied to the layer's input once more",
        "The input is an activation already.",
        "∂L/∂Wₗ = f(aₗ₋₁)ᵀ δₗ",
        _KERNEL,
    ),
    Fault(
        "error-for-delta",
        "the gradient is made of the error before the derivative was applied",
        "It needs δ = e ⊙ f′(z).",
        "∂L/∂Wₗ = aₗ₋₁ᵀ eₗ",
        _KERNEL,
    ),
    Fault(
        "delta-of-another-layer",
        "the gradient is made of another layer's δ",
        "Layers of equal size, or a broadcast, hide it.",
        "∂L/∂Wₗ = aₗ₋₁ᵀ δₖ",
        _KERNEL,
    ),
    Fault(
        "gradient-transposed",
        "the gradient is transposed",
        "A square matrix hides it.",
        "∂L/∂Wₗ = δₗᵀ aₗ₋₁",
        _KERNEL,
    ),
    Fault(
        "first-sample-only",
        "only the first sample counts",
        "Every sample adds to the gradient.",
        "a[0]ᵀ δ[0]",
        _KERNEL,
    ),
    Fault(
        "last-sample-only",
        "only the last sample counts",
        "In a loop over samples, = stands where += belongs.",
        "a[−1]ᵀ δ[−1]",
        _KERNEL,
    ),
    Fault(
        "last-input-for-all",
        "all samples' errors are multiplied by the last sample's input",
        "The input was kept from the loop before.",
        "a[−1]ᵀ Σₙ δ",
        _KERNEL,
    ),
    Fault(
        "averaged-before-product",
        "inputs and errors are averaged before they are multiplied",
        "The mean of products is not the product of means.",
        "n mean(a)ᵀ mean(δ)",
        _KERNEL,
    ),
    Fault(
        "gradient-missing",
        "there is no gradient",
        "The array is never moved.",
        "∂L/∂W = 0",
        _KERNEL,
    ),
    Fault(
        "gradient-sign",
        "the gradient has the wrong sign",
        "It is added where it must be subtracted, or the other way round.",
        "−∂L/∂W",
        "∂L/∂W",
    ),
    Fault(
        "gradient-doubled",
        "the gradient is twice as large",
        "It was added up twice, or a 2 of the loss's derivative stands in one place only.",
        "2 ∂L/∂W",
        "∂L/∂W",
    ),
    Fault(
        "gradient-halved",
        "the gradient is half as large",
        "The 2 of the square's derivative is missing, or a ½ too much.",
        "½ ∂L/∂W",
        "∂L/∂W",
    ),
    Fault(
        "gradient-not-averaged",
        "the samples are summed, not averaged",
        "The factor 1/n of the loss is missing.",
        "n ∂L/∂W",
        "∂L/∂W",
    ),
    Fault(
        "gradient-averaged",
        "the samples are averaged once too often",
        "There is a factor 1/n that the loss does not have.",
        "∂L/∂W / n",
        "∂L/∂W",
    ),
    Fault(
        "learning-rate-missing",
        "the learning rate is missing",
        "The step is as long as if it were 1.",
        "W ← W − ∂L/∂W",
        "W ← W − η ∂L/∂W",
    ),
    Fault(
        "learning-rate-twice",
        "the learning rate is multiplied in twice",
        "It belongs to the update only.",
        "W ← W − η² ∂L/∂W",
        "W ← W − η ∂L/∂W",
    ),
    Fault(
        "gradient-factor",
        "the gradient is right up to a factor",
        "The factor is the same for all samples and weights.",
        "c ∂L/∂W",
        "∂L/∂W",
    ),
    Fault(
        "regularization-missing",
        "the penalty's gradient is missing here",
        "Other layers have it.",
        _KERNEL,
        "∂L/∂Wₗ = aₗ₋₁ᵀ δₗ + λ Wₗ",
    ),
    Fault(
        "regularization-doubled",
        "the penalty's gradient is twice as large here as elsewhere",
        "The derivative of ½ λ W² is λ W.",
        "∂L/∂Wₗ = aₗ₋₁ᵀ δₗ + 2 λ Wₗ",
        "∂L/∂Wₗ = aₗ₋₁ᵀ δₗ + λ Wₗ",
    ),
    Fault(
        "regularization-sign",
        "the penalty's gradient has the wrong sign",
        "The weights grow by it.",
        "∂L/∂Wₗ = aₗ₋₁ᵀ δₗ − λ Wₗ",
        "∂L/∂Wₗ = aₗ₋₁ᵀ δₗ + λ Wₗ",
    ),
    # ------------------------------------------------------------ the biases' gradients
    Fault(
        "bias-gradient-missing",
        "the bias is never moved",
        "Its gradient is the sum of the layer's δ.",
        "∂L/∂bₗ = 0",
        _BIAS,
    ),
    Fault(
        "bias-not-summed",
        "the bias's gradient is not summed over the samples",
        "A broadcast gives every sample a bias of its own.",
        "∂L/∂bₗ = δₗ",
        _BIAS,
    ),
    Fault(
        "bias-summed-over-all",
        "the bias's gradient is summed over the units as well",
        "A sum without an axis is one number, which a broadcast gives to all units.",
        "∂L/∂bₗ = Σₙ Σₖ δₗ",
        _BIAS,
    ),
    Fault(
        "bias-wrong-axis",
        "the bias's gradient is summed over the units, not over the samples",
        "The axis of the samples is the one that the bias does not have.",
        "∂L/∂bₗ = Σₖ δₗ",
        _BIAS,
    ),
    Fault(
        "bias-averaged",
        "the bias's gradient is averaged where the kernel's is summed",
        "Both belong to one loss, with one factor.",
        "∂L/∂bₗ = meanₙ δₗ",
        _BIAS,
    ),
    Fault(
        "bias-not-averaged",
        "the bias's gradient is summed where the kernel's is averaged",
        "Both belong to one loss, with one factor.",
        "∂L/∂bₗ = Σₙ δₗ, without 1/n",
        _BIAS,
    ),
    # ------------------------------------------------------------ factors on the way
    Fault(
        "delta-sign",
        "the error changes its sign on its way to this layer",
        "This layer and those before it go up the slope.",
        "δₗ = −eₗ ⊙ f′(zₗ)",
        _DELTA,
    ),
    Fault(
        "delta-factor",
        "the error is multiplied by a factor on its way to this layer",
        "This layer and those before it learn faster or slower than the others.",
        "δₗ = c eₗ ⊙ f′(zₗ)",
        _DELTA,
    ),
    Fault(
        "delta-averaged",
        "the error is divided by n once more on its way to this layer",
        "The mean over the samples is taken once, in the loss.",
        "δₗ = eₗ ⊙ f′(zₗ) / n",
        _DELTA,
    ),
)

FAULTS: dict[str, Fault] = {fault.id: fault for fault in _CATALOGUE}
"""Every known mistake by its id, from the output to the input and from the common to the rare."""

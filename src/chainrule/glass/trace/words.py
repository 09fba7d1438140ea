"""The words of a trace, in English and in Korean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from chainrule.core.graph import LOSS, Y_TRUE, X

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "trace": "One training step, number by number",
        "step": "Step",
        "input": "Inputs",
        "forward": "Forward pass",
        "loss": "Loss",
        "backward": "Backward pass",
        "update": "Update",
        "layer": "Layer",
        "symbol": "Symbol",
        "equation": "Equation",
        "value": "Value",
        "min": "min",
        "max": "max",
        "mean": "mean",
        "norm": "norm",
        "nonfinite": "not finite",
        "learning rate": "Learning rate",
        "kernel": "Weights",
        "bias": "Bias",
    },
    "ko": {
        "trace": "학습 한 단계를 숫자 하나하나로",
        "step": "단계",
        "input": "입력",
        "forward": "순전파",
        "loss": "손실",
        "backward": "역전파",
        "update": "갱신",
        "layer": "층",
        "symbol": "기호",
        "equation": "수식",
        "value": "값",
        "min": "최솟값",
        "max": "최댓값",
        "mean": "평균",
        "norm": "노름",
        "nonfinite": "유한하지 않은 값",
        "learning rate": "학습률",
        "kernel": "가중치",
        "bias": "편향",
    },
}
"""By language: the heads of tables, and the parameters that have a word."""

TITLES: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "input": "Input",
        "target": "Target: what the network should say",
        "loss/weight": "Weight of each sample's loss",
        "loss/divisor": "What the sum of losses is divided by",
        "noise": "Random numbers of layer {layer}",
        "parameter": "{weight} of layer {layer}",
        "pre-activation": "Weighted sum of layer {layer}",
        "activation": "Activation of layer {layer}",
        "output": "Output of layer {layer}",
        "intermediate": "{array} of layer {layer}",
        "losses": "Loss of each sample",
        "total": "Loss of the batch",
        "part": "A part of the loss: {array}",
        "penalty": "Penalty on {array}",
        "seed": "The loss by itself",
        "cotangent": "Gradient with respect to {what}",
        "path": "Gradient with respect to {what}, along one path",
        "state": "{state} of {what}",
        "before": "{state} of {what}, before the step",
        "scalar": "{state} at this step",
        "new": "New {what}",
        "changed": "After {rule}: {what}",
    },
    "ko": {
        "input": "입력",
        "target": "정답",
        "loss/weight": "샘플별 손실의 가중치",
        "loss/divisor": "손실의 합을 나누는 수",
        "noise": "층 {layer}의 난수",
        "parameter": "층 {layer}의 {weight}",
        "pre-activation": "층 {layer}의 가중합",
        "activation": "층 {layer}의 활성값",
        "output": "층 {layer}의 출력",
        "intermediate": "층 {layer}의 {array}",
        "losses": "샘플별 손실",
        "total": "배치 전체의 손실",
        "part": "손실의 일부: {array}",
        "penalty": "규제항: {array}",
        "seed": "손실 자신에 대한 손실의 기울기",
        "cotangent": "{what}에 대한 손실의 기울기",
        "path": "{what}에 대한 손실의 기울기 (한 경로)",
        "state": "{what}의 {state}",
        "before": "{what}의 {state} (갱신 전)",
        "scalar": "이 단계의 {state}",
        "new": "{what} (갱신 후)",
        "changed": "{rule} 적용 후: {what}",
    },
}
"""By language: what an entry is."""


class Titles:
    """What each array is, in words.

    Args:
        lang: ``"en"`` or ``"ko"``.
    """

    def __init__(self, lang: str) -> None:
        self.words, self._patterns = WORDS[lang], TITLES[lang]

    def of(self, kind: str, **parts: str) -> str:
        """A title by its pattern; within another, a title begins with a small letter."""
        inner = parts.get("what", "")
        if inner and not inner[1:2].isupper():
            parts["what"] = inner[0].lower() + inner[1:]
        return self._patterns[kind].format(**parts)

    def parameter(self, name: str) -> str:
        """``"Weights of layer dense_1"``."""
        layer, _, key = name.rpartition("/")
        return self.of("parameter", weight=self.words.get(key, key), layer=layer)

    def given(self, name: str, layer: str) -> str:
        """An array from outside."""
        kind, _, rest = name.partition("/")
        patterns = {X: "input", Y_TRUE: "target"}
        if kind in patterns:
            return self.of(patterns[kind]) + (f" ({rest})" if rest else "")
        if kind == LOSS:
            return self.of(f"loss/{name.rpartition('/')[2]}")
        return self.of("noise", layer=layer)

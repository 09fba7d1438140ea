"""The words of a trace, in English and in Korean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from chainrule.core.graph import LOSS, WEIGHT, Y_TRUE, X

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "trace": "One training step, number by number",
        "step": "Step",
        "stage": "Stage",
        "input": "Inputs",
        "forward": "Forward pass",
        "loss": "Loss",
        "backward": "Backward pass",
        "update": "Update",
        "layer": "Layer",
        "symbol": "Symbol",
        "name": "Name",
        "meaning": "Meaning",
        "shape": "Shape",
        "value": "Value",
        "equation": "Equation",
        "here": "In this network",
        "numbers": "With the numbers of this step",
        "rule": "Rule",
        "sample": "Sample",
        "neuron": "Neuron",
        "edge": "Connection",
        "weighted sum": "Weighted sum",
        "activation": "Activation",
        "weight": "Weight",
        "bias": "Bias",
        "gradient": "Gradient",
        "learning rate": "Learning rate",
        "target": "Target",
        "prediction": "Prediction",
        "optimizer": "Optimizer",
        "min": "min",
        "max": "max",
        "mean": "mean",
        "norm": "norm",
        "nonfinite": "not finite",
        "terms": "terms",
        "lines": "lines of code",
        "paths": "the paths to the loss add up",
        "hidden layer": "Hidden layer",
        "output layer": "Output layer",
        "input layer": "Input layer",
        "play": "Play",
        "pause": "Pause",
        "previous": "Previous",
        "next": "Next",
        "of input": "Input",
        "of target": "Target: what the network should say",
        "of sample_weight": "Weight of each sample",
        "of loss/weight": "Weight of each sample's loss",
        "of loss/divisor": "What the sum of losses is divided by",
        "of noise": "Random numbers of layer {layer}",
        "of parameter": "{weight} of layer {layer}",
        "of pre-activation": "Weighted sum of layer {layer}",
        "of activation": "Activation of layer {layer}",
        "of output": "Output of layer {layer}",
        "of intermediate": "{array} of layer {layer}",
        "of losses": "Loss of each sample",
        "of total": "Loss of the batch",
        "of part": "A part of the loss: {array}",
        "of penalty": "Penalty on {array}",
        "of seed": "The loss by itself",
        "of cotangent": "Gradient with respect to {what}",
        "of path": "Gradient with respect to {what}, along one path",
        "of state": "{state} of {what}",
        "of before": "{state} of {what}, before the step",
        "of scalar": "{state} at this step",
        "of new": "New {what}",
        "of changed": "After {rule}: {what}",
        "kernel": "Weights",
    },
    "ko": {
        "trace": "학습 한 단계를 숫자 하나하나로",
        "step": "단계",
        "stage": "과정",
        "input": "입력",
        "forward": "순전파",
        "loss": "손실",
        "backward": "역전파",
        "update": "갱신",
        "layer": "층",
        "symbol": "기호",
        "name": "이름",
        "meaning": "뜻",
        "shape": "형태",
        "value": "값",
        "equation": "수식",
        "here": "이 신경망에서",
        "numbers": "이 단계의 숫자를 넣으면",
        "rule": "규칙",
        "sample": "샘플",
        "neuron": "뉴런",
        "edge": "연결",
        "weighted sum": "가중합",
        "activation": "활성값",
        "weight": "가중치",
        "bias": "편향",
        "gradient": "기울기",
        "learning rate": "학습률",
        "target": "정답",
        "prediction": "예측값",
        "optimizer": "옵티마이저",
        "min": "최솟값",
        "max": "최댓값",
        "mean": "평균",
        "norm": "노름",
        "nonfinite": "유한하지 않은 값",
        "terms": "개 항",
        "lines": "코드",
        "paths": "손실로 가는 경로들의 기울기를 더함",
        "hidden layer": "은닉층",
        "output layer": "출력층",
        "input layer": "입력층",
        "play": "재생",
        "pause": "일시정지",
        "previous": "이전",
        "next": "다음",
        "of input": "입력",
        "of target": "정답",
        "of sample_weight": "샘플별 가중치",
        "of loss/weight": "샘플별 손실의 가중치",
        "of loss/divisor": "손실의 합을 나누는 수",
        "of noise": "층 {layer}의 난수",
        "of parameter": "층 {layer}의 {weight}",
        "of pre-activation": "층 {layer}의 가중합",
        "of activation": "층 {layer}의 활성값",
        "of output": "층 {layer}의 출력",
        "of intermediate": "층 {layer}의 {array}",
        "of losses": "샘플별 손실",
        "of total": "배치 전체의 손실",
        "of part": "손실의 일부: {array}",
        "of penalty": "규제항: {array}",
        "of seed": "손실 자신에 대한 손실의 기울기",
        "of cotangent": "{what}에 대한 손실의 기울기",
        "of path": "{what}에 대한 손실의 기울기 (한 경로)",
        "of state": "{what}의 {state}",
        "of before": "{what}의 {state} (갱신 전)",
        "of scalar": "이 단계의 {state}",
        "of new": "갱신된 {what}",
        "of changed": "{rule} 적용 후: {what}",
        "kernel": "가중치",
    },
}
"""By language: the words of a table or a page, and after ``of`` the titles of entries."""


class Titles:
    """What each array is, in words.

    Args:
        lang: ``"en"`` or ``"ko"``.
    """

    def __init__(self, lang: str) -> None:
        self.words = WORDS[lang]

    def of(self, kind: str, **parts: str) -> str:
        """A title by its pattern; within another, a title begins with a small letter."""
        inner = parts.get("what", "")
        if inner and not inner[1:2].isupper():
            parts["what"] = inner[0].lower() + inner[1:]
        return self.words[f"of {kind}"].format(**parts)

    def parameter(self, name: str) -> str:
        """``"Weights of layer dense_1"``."""
        layer, _, key = name.rpartition("/")
        return self.of("parameter", weight=self.words.get(key, key), layer=layer)

    def given(self, name: str, layer: str) -> str:
        """An array from outside."""
        kind, _, rest = name.partition("/")
        patterns = {X: "input", Y_TRUE: "target", WEIGHT: "sample_weight"}
        if kind in patterns:
            return self.of(patterns[kind]) + (f" ({rest})" if rest else "")
        if kind == LOSS:
            return self.of(f"loss/{name.rpartition('/')[2]}")
        return self.of("noise", layer=layer)

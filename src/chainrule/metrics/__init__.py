"""Metrics: sums that add up over batches, and the number made of them.

Each has Keras' name, arguments and numbers: ``Precision()(y_true, y_pred)``, or in batches
``update_state(y_true, y_pred, sample_weight)`` and ``result()``. Results are Python floats, or
arrays where there is a number per threshold, class or output.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from chainrule.core.lazy import lazy
from chainrule.core.names import snake_case
from chainrule.metrics.base import METRICS, Metric
from chainrule.metrics.lookup import RESOLVED_BY_SHAPE, deserialize, get, serialize
from chainrule.metrics.reduction import FUNCTIONS

if TYPE_CHECKING:
    from chainrule.losses import (
        binary_crossentropy,
        binary_focal_crossentropy,
        categorical_crossentropy,
        categorical_focal_crossentropy,
        categorical_hinge,
        hinge,
        huber,
        kl_divergence,
        log_cosh,
        mean_absolute_error,
        mean_absolute_percentage_error,
        mean_squared_error,
        mean_squared_logarithmic_error,
        poisson,
        sparse_categorical_crossentropy,
        squared_hinge,
    )
    from chainrule.metrics.accuracy import (
        Accuracy,
        BinaryAccuracy,
        CategoricalAccuracy,
        SparseCategoricalAccuracy,
        SparseTopKCategoricalAccuracy,
        TopKCategoricalAccuracy,
        binary_accuracy,
        categorical_accuracy,
        sparse_categorical_accuracy,
        sparse_top_k_categorical_accuracy,
        top_k_categorical_accuracy,
    )
    from chainrule.metrics.auc import AUC
    from chainrule.metrics.confusion import (
        FalseNegatives,
        FalsePositives,
        Precision,
        PrecisionAtRecall,
        Recall,
        RecallAtPrecision,
        SensitivityAtSpecificity,
        SpecificityAtSensitivity,
        TrueNegatives,
        TruePositives,
    )
    from chainrule.metrics.correlation import (
        ConcordanceCorrelation,
        PearsonCorrelation,
        concordance_correlation,
        pearson_correlation,
    )
    from chainrule.metrics.fscore import F1Score, FBetaScore
    from chainrule.metrics.margins import CategoricalHinge, Hinge, SquaredHinge
    from chainrule.metrics.probabilistic import (
        BinaryCrossentropy,
        CategoricalCrossentropy,
        KLDivergence,
        Poisson,
        SparseCategoricalCrossentropy,
    )
    from chainrule.metrics.r2 import R2Score
    from chainrule.metrics.reduction import Mean, MeanMetricWrapper, Sum
    from chainrule.metrics.regression import (
        CosineSimilarity,
        LogCoshError,
        MeanAbsoluteError,
        MeanAbsolutePercentageError,
        MeanSquaredError,
        MeanSquaredLogarithmicError,
        RootMeanSquaredError,
    )

__all__ = [
    "AUC",
    "METRICS",
    "RESOLVED_BY_SHAPE",
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "ConcordanceCorrelation",
    "CosineSimilarity",
    "F1Score",
    "FBetaScore",
    "FalseNegatives",
    "FalsePositives",
    "Hinge",
    "KLDivergence",
    "LogCoshError",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Metric",
    "PearsonCorrelation",
    "Poisson",
    "Precision",
    "PrecisionAtRecall",
    "R2Score",
    "Recall",
    "RecallAtPrecision",
    "RootMeanSquaredError",
    "SensitivityAtSpecificity",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "SpecificityAtSensitivity",
    "SquaredHinge",
    "Sum",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    "binary_accuracy",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "concordance_correlation",
    "deserialize",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "pearson_correlation",
    "poisson",
    "serialize",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy",
    "squared_hinge",
    "top_k_categorical_accuracy",
]

_MODULES = {
    ".losses": (
        "binary_crossentropy",
        "binary_focal_crossentropy",
        "categorical_crossentropy",
        "categorical_focal_crossentropy",
        "categorical_hinge",
        "hinge",
        "huber",
        "kl_divergence",
        "log_cosh",
        "mean_absolute_error",
        "mean_absolute_percentage_error",
        "mean_squared_error",
        "mean_squared_logarithmic_error",
        "poisson",
        "sparse_categorical_crossentropy",
        "squared_hinge",
    ),
    "accuracy": (
        "Accuracy",
        "BinaryAccuracy",
        "CategoricalAccuracy",
        "SparseCategoricalAccuracy",
        "SparseTopKCategoricalAccuracy",
        "TopKCategoricalAccuracy",
        "binary_accuracy",
        "categorical_accuracy",
        "sparse_categorical_accuracy",
        "sparse_top_k_categorical_accuracy",
        "top_k_categorical_accuracy",
    ),
    "auc": ("AUC",),
    "confusion": (
        "FalseNegatives",
        "FalsePositives",
        "Precision",
        "PrecisionAtRecall",
        "Recall",
        "RecallAtPrecision",
        "SensitivityAtSpecificity",
        "SpecificityAtSensitivity",
        "TrueNegatives",
        "TruePositives",
    ),
    "correlation": (
        "ConcordanceCorrelation",
        "PearsonCorrelation",
        "concordance_correlation",
        "pearson_correlation",
    ),
    "fscore": ("F1Score", "FBetaScore"),
    "margins": ("CategoricalHinge", "Hinge", "SquaredHinge"),
    "probabilistic": (
        "BinaryCrossentropy",
        "CategoricalCrossentropy",
        "KLDivergence",
        "Poisson",
        "SparseCategoricalCrossentropy",
    ),
    "r2": ("R2Score",),
    "reduction": ("Mean", "MeanMetricWrapper", "Sum"),
    "regression": (
        "CosineSimilarity",
        "LogCoshError",
        "MeanAbsoluteError",
        "MeanAbsolutePercentageError",
        "MeanSquaredError",
        "MeanSquaredLogarithmicError",
        "RootMeanSquaredError",
    ),
}
__getattr__, __dir__ = lazy(__name__, _MODULES)

_ALIASES = {
    "BinaryCrossentropy": ("bce", "BCE"),
    "MeanAbsoluteError": ("mae", "MAE"),
    "MeanAbsolutePercentageError": ("mape", "MAPE"),
    "MeanSquaredError": ("mse", "MSE"),
    "MeanSquaredLogarithmicError": ("msle", "MSLE"),
    "RootMeanSquaredError": ("rmse", "RMSE"),
}
for _name in chain.from_iterable(_MODULES.values()):
    if _name[0].isupper():
        METRICS.promise(__name__, snake_case(_name), _name, *_ALIASES.get(_name, ()))
    else:
        FUNCTIONS.promise(__name__, _name, _name)
FUNCTIONS.promise(f"{__name__}.accuracy", "accuracy", "accuracy")

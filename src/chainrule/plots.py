"""Pictures of models, of their training and of what they predict.

Each function takes an ``ax`` to draw on, or makes a figure of pyplot's, and returns the Axes (an
array of them if there are several). Nothing is shown or written: notebooks show figures by
themselves, ``plt.show()`` opens a window, ``ax.figure.savefig(…)`` writes a file. Sizes of text,
colours of axes and, where they are not matplotlib's own, colours of lines are those of the style
sheet in use.

They need matplotlib: ``pip install "chainrule[plot]"``.
"""

from chainrule.report.activity import plot_activations
from chainrule.report.boundaries import plot_decision_boundary
from chainrule.report.confusion import plot_confusion_matrix
from chainrule.report.curves import plot_history
from chainrule.report.distributions import plot_distributions
from chainrule.report.landscape_plots import plot_landscape, plot_landscape_3d
from chainrule.report.network import plot_model
from chainrule.report.predictions import plot_images, plot_predicted
from chainrule.report.race_plots import plot_comparison
from chainrule.report.rate_range_plots import plot_rate_range
from chainrule.report.weights import plot_weights_as_images

__all__ = [
    "plot_activations",
    "plot_comparison",
    "plot_confusion_matrix",
    "plot_decision_boundary",
    "plot_distributions",
    "plot_history",
    "plot_images",
    "plot_landscape",
    "plot_landscape_3d",
    "plot_model",
    "plot_predicted",
    "plot_rate_range",
    "plot_weights_as_images",
]

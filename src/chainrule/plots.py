"""Pictures of models, of their training and of what they predict.

Each function takes an ``ax`` to draw on, or makes a figure of pyplot's, and returns the Axes (an
array of them if there are several). Nothing is shown or written: notebooks show figures by
themselves, ``plt.show()`` opens a window, ``ax.figure.savefig(…)`` writes a file. Sizes of text,
colours of axes and, where they are not matplotlib's own, colours of lines are those of the style
sheet in use.

They need matplotlib: ``pip install "chainrule[plot]"``.
"""

from chainrule.report.confusion import plot_confusion_matrix
from chainrule.report.curves import plot_history
from chainrule.report.network import plot_model
from chainrule.report.predictions import plot_images, plot_predicted

__all__ = [
    "plot_confusion_matrix",
    "plot_history",
    "plot_images",
    "plot_model",
    "plot_predicted",
]

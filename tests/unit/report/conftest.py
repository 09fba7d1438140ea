import pytest


@pytest.fixture(autouse=True)
def _no_figures_are_left_open():
    """Figures of pyplot's, drawn where no one looks."""
    import matplotlib

    matplotlib.use("Agg")
    yield
    from matplotlib import pyplot

    pyplot.close("all")
    pyplot.rcdefaults()

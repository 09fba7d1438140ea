"""The house: who may import whom, what importing costs, and what is public."""

import ast
import importlib
import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import chainrule

PACKAGE = Path(chainrule.__file__).parent

LEVELS = [
    {"cli"},
    {"plots"},
    {"formats", "report", "sklearn", "saving"},
    {"models"},
    {"testing"},
    {"glass", "callbacks", "utils", "datasets"},
    {"layers"},
    {"metrics"},
    {"activations", "losses", "initializers", "optimizers", "regularizers", "constraints"},
    {"engines"},
    {"core"},
    {"config"},
    {"errors", "version"},
]
"""Rooms from the roof to the ground; imports point down. Two rooms of a level are strangers."""

LEVEL = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}

HOME = {  # each of these is imported in these rooms only, and only when used
    "matplotlib": {"report"},
    "rich": {"report", "cli"},
    "typer": {"cli"},
    "safetensors": {"formats"},
    "IPython": {"core"},
    "jax": set(),
    "keras": set(),
}


def imports(path):
    """(module, whether at the top level) of every import in a file."""
    tree = ast.parse(path.read_text("utf-8"))
    top = set(map(id, tree.body))
    typing_only = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            named = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from ((name, id(node) in top) for name in named)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in top) for alias in node.names)


def room_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


FILES = sorted(p for p in PACKAGE.rglob("*.py") if p.parent != PACKAGE or p.name != "__init__.py")


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_down(path):
    here = room_of(path)
    for module, top in imports(path):
        if not module.startswith("chainrule."):
            continue
        there = module.split(".")[1]
        if there == here or there not in LEVEL:
            continue
        reaches_up = LEVEL[there] <= LEVEL[here]
        lazily = not top and (here == "models" or path.name == "history.py")
        assert not reaches_up or lazily, f"{here} imports {there}: {module}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_guests_stay_in_their_rooms(path):
    for module, top in imports(path):
        name = module.split(".")[0]
        if name in HOME:
            assert room_of(path) in HOME[name], f"{path} imports {name}"
            assert not top or name == "typer", f"{path} imports {name} before it is used"


def test_nothing_that_runs_data_as_code():
    forbidden = {"pickle", "marshal", "shelve", "dill", "joblib", "cloudpickle"}
    for path in FILES:
        assert not {m.split(".")[0] for m, _ in imports(path)} & forbidden, path
        calls = {
            ast.unparse(node.func)
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Call)
        }
        allowed = {"exec", "compile"} if path.name == "source.py" else set()  # a rule's own source
        assert not calls & ({"eval", "exec", "compile", "os.system"} - allowed), path
        assert "allow_pickle=True" not in path.read_text("utf-8")


def loaded(statement):
    """Modules that are loaded by a statement beyond those of NumPy."""
    code = (
        "import sys, numpy, json; before = set(sys.modules); "
        f"{statement}; print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    return json.loads(subprocess.check_output([sys.executable, "-c", code]))


def test_import_chainrule_loads_itself_only():
    assert loaded("import chainrule") == ["__future__", "chainrule", "chainrule.version"]


def test_a_model_loads_no_guest():
    modules = loaded("from chainrule.models import Sequential; from chainrule.layers import Dense")
    roots = {module.split(".")[0] for module in modules}
    assert roots - set(sys.stdlib_module_names) == {"chainrule"}
    assert "chainrule.core.source" not in modules
    assert not any(m.startswith(("chainrule.cli", "chainrule.report")) for m in modules)


SMALL_MODEL = """
from chainrule.layers import Dense, Input
from chainrule.models import Sequential
from chainrule.optimizers import Adam
model = Sequential([Input((2,)), Dense(3, "relu"), Dense(1)])
model.compile(Adam(), "mean_squared_error", metrics=["mae"])
model.fit(numpy.ones((8, 2)), numpy.ones((8, 1)), verbose=0)
"""


def test_training_a_small_model_loads_what_it_names():
    modules = set(loaded(f"exec({SMALL_MODEL!r})"))
    for used in ("layers.dense", "losses.regression", "metrics.regression", "optimizers.adam"):
        assert f"chainrule.{used}" in modules
    unused = {
        "activations": ("distributions", "gates", "gaussian", "sigmoids", "smooth"),
        "callbacks": ("checkpoint", "early_stopping", "learning_rate"),
        "layers": ("activation", "embedding", "merging", "normalization", "preprocessing"),
        "losses": ("crossentropies", "logits", "margins", "overlap", "probabilities"),
        "metrics": ("accuracy", "auc", "confusion", "correlation", "probabilistic"),
        "optimizers": ("full_batch.walk", "muon", "nadam", "rmsprop", "schedules", "sgd"),
        "utils": ("labels", "progbar", "sequences", "splitting"),
    }
    named = {f"chainrule.{room}.{part}" for room, parts in unused.items() for part in parts}
    assert not named & modules


LAZY = sorted(p.parent for p in FILES if p.name == "__init__.py" and " = lazy(" in p.read_text())


@pytest.mark.parametrize("folder", LAZY, ids=lambda folder: folder.name)
def test_what_type_checkers_are_told_is_what_is_loaded(folder):
    package = importlib.import_module(f"chainrule.{folder.name}")
    tree = ast.parse((folder / "__init__.py").read_text("utf-8"))
    told = [n for n in ast.walk(tree) if isinstance(n, ast.If) for n in n.body]
    for statement in (node for node in told if isinstance(node, ast.ImportFrom)):
        home = importlib.import_module(statement.module)
        for name in (alias.name for alias in statement.names):
            assert getattr(package, name) is getattr(home, name)
    assert set(dir(package)) == set(package.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nope'"):
        _ = package.nope


def test_tables_expect_every_rule_of_their_packages():
    rooms = "activations", "layers", "losses", "metrics", "optimizers"
    code = f"""
        import importlib, pkgutil
        from chainrule.core.rule import RULES, UPDATES
        rooms = [importlib.import_module(f"chainrule.{{room}}") for room in {rooms}]
        known = [*RULES, *UPDATES]
        for room in rooms:
            for part in pkgutil.walk_packages(room.__path__, f"{{room.__name__}}."):
                if part.name != "chainrule.losses.total":  # of a model's several losses
                    importlib.import_module(part.name)
        assert known == [*RULES, *UPDATES]
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)


@pytest.mark.parametrize(
    "name", ["chainrule", *(f"chainrule.{m}" for m in sorted(chainrule._MODULES))]
)
def test_all_that_is_promised_is_there(name):
    module = __import__(name, fromlist=["x"])
    for public in getattr(module, "__all__", []):
        assert getattr(module, public) is not None
    assert module.__doc__


def test_dir_lists_what_is_public():
    assert set(dir(chainrule)) == set(chainrule.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nope'"):
        _ = chainrule.nope

"""Make the pages of the documentation that are read off the code: docs/generated/.

A page for every public module, a page of every equation, and the source itself with a name for
every line; so a link from an equation to its line is never stale and needs no network. And the
pictures that the code of the guide's pages makes.

Run: python tools/make_docs.py [--out FOLDER]   and then, for a site: mkdocs build
"""

from __future__ import annotations

import argparse
import ast
import importlib
import inspect
import os
import pkgutil
import shutil
from collections.abc import Iterator
from functools import cache, cached_property, partial
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import figures
from docs_text import (
    code,
    dedented,
    docstring,
    fenced,
    linked,
    plain,
    signature,
    source_page,
    table,
    types_of,
)

import chainrule
from chainrule.core.rule import RULES, UPDATES, Formula, Rule
from chainrule.core.source import lines

PACKAGE = Path(chainrule.__file__).parent
GUIDE = Path(__file__).parents[1] / "docs" / "guide"
OUT = GUIDE.parent / "generated"
FOR_AUTHORS = ("core.graph", "core.rule", "core.source")
"""Modules that are not among the public names; the guide to layers and equations imports them."""
FAMILIES = {"glass": "surfaces"}
"""What the rules of a room are called together, where the room's name does not say it."""

# ---------------------------------------------------------------- the library


class Page:
    """One public module: its names, and where its page is."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.module: ModuleType = importlib.import_module(f"chainrule.{name}")
        self.file = f"api/{name}.md"

    @cached_property
    def names(self) -> dict[str, Any]:
        """The public classes, functions, rules and constants, by name."""
        found = getattr(self.module, "__all__", None) or [
            name
            for name, value in vars(self.module).items()
            if not name.startswith("_")
            and "_wrt_" not in name  # shown below its rule
            and getattr(value, "__module__", "") == self.module.__name__
            and callable(value)
        ]
        values = {name: getattr(self.module, name) for name in sorted(found, key=str.lower)}
        return {name: v for name, v in values.items() if not isinstance(v, ModuleType)}

    @cached_property
    def notes(self) -> dict[str, str]:
        """The text below each constant of the module and of those that it is made of."""
        inside = f"{self.module.__name__}."
        parts = [part for part in all_modules() if f"{part.__name__}.".startswith(inside)]
        return {name: text for part in parts for name, text in constants(part).items()}

    @cached_property
    def children(self) -> list[str]:
        """Public modules inside."""
        named = getattr(self.module, "__all__", ())
        return [f"{self.name}.{n}" for n in named if inspect.ismodule(getattr(self.module, n))]

    def place(self, name: str) -> str:
        """The address of a name's entry."""
        return f"{self.file}#{self.name}.{name}"


@cache
def all_modules() -> list[ModuleType]:
    """Every module of the library, imported, so that every rule is registered."""
    found = pkgutil.walk_packages([str(PACKAGE)], "chainrule.")
    names = [module.name for module in found if not module.name.endswith("__main__")]
    return [chainrule, *map(importlib.import_module, names)]


def constants(module: ModuleType) -> dict[str, str]:
    """The texts that stand below assignments of a module."""
    found = {}
    for before, after in pairwise(ast.parse(inspect.getsource(module)).body):
        match before, after:
            case (
                ast.Assign(targets=[target]) | ast.AnnAssign(target=target),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[ast.unparse(target)] = inspect.cleandoc(text)
    return found


def public_pages() -> list[Page]:
    """A page for every public module, and for the public modules inside."""
    names = [name for name in chainrule.__all__ if inspect.ismodule(getattr(chainrule, name))]
    pages = [Page(name) for name in (*names, *FOR_AUTHORS)]
    for page in pages:  # grows while it is walked
        pages += [Page(child) for child in page.children]
    return pages


def methods(kind: type) -> Iterator[tuple[str, Any]]:
    """The public methods and properties of a class that have a text, its own or a base's."""
    for name, value in inspect.getmembers_static(kind):
        function = function_of(value)
        documented = inspect.isfunction(function) and inspect.getdoc(getattr(kind, name))
        public = not name.startswith("_") or name == "__call__"
        if documented and public and is_ours(function):
            yield name, value


def function_of(member: Any) -> Any:
    """The function in a method, a class method or a property."""
    if isinstance(member, property):
        return member.fget
    return getattr(member, "__func__", getattr(member, "func", member))


def says_more(kind: type, name: str) -> bool:
    """Whether the class itself documents the method, and does not merely override it."""
    return bool(getattr(function_of(vars(kind).get(name)), "__doc__", None)) and name in vars(kind)


def is_ours(value: Any) -> bool:
    """Whether it is defined in the library."""
    return (getattr(value, "__module__", None) or "").startswith("chainrule.")


def rules_of(kind: type) -> list[Formula]:
    """The rules that a class's text names."""
    known = vars(importlib.import_module(kind.__module__))
    tree = ast.parse(inspect.cleandoc("\n" + inspect.getsource(kind)))
    named = {node.id: None for node in ast.walk(tree) if isinstance(node, ast.Name)}
    found = [known[name] for name in named if isinstance(known.get(name), Formula)]
    return [formula for formula in found if is_ours(formula)]


def anchor(formula: Formula) -> str:
    """The name of a rule's place on the page of equations."""
    return f"{'rule' if isinstance(formula, Rule) else 'update'}.{formula.name}"


def line_of(formula: Formula) -> int:
    """Where a rule begins in its file."""
    return formula.forward.__code__.co_firstlineno


def relative(place: str, here: str) -> str:
    """A link from one generated page to another."""
    path, mark, name = place.partition("#")
    if path == here and mark:
        return f"#{name}"
    start = os.path.dirname(here) or "."
    return os.path.relpath(path, start).replace(os.sep, "/") + mark + name


# ---------------------------------------------------------------- the writer


class Writer:
    """Knows every page, and so where a link must lead."""

    def __init__(self) -> None:
        all_modules()
        self.pages = public_pages()
        self.places = {f"chainrule.{page.name}": page.file for page in self.pages}
        self.owners: dict[int, str] = {}
        for page in self.pages:
            for name, value in page.names.items():
                self.places[f"chainrule.{page.name}.{name}"] = page.place(name)
                self.places.setdefault(name, page.place(name))
                if name == getattr(value, "__name__", name):  # else it is another name of it
                    self.owners.setdefault(id(value), f"{page.name}.{name}")
        for page in self.pages:
            for name, value in page.names.items():
                for method in self.own_methods(value) if isinstance(value, type) else ():
                    self.places[f"{page.name}.{name}.{method}"] = page.place(f"{name}.{method}")

    def own_methods(self, kind: type) -> list[str]:
        """Methods that the page of a class shows: those that no public base shows."""
        bases = [base for base in kind.__mro__[1:] if id(base) in self.owners]
        shown = {name for base in bases for name, _ in methods(base)}
        return [name for name, _ in methods(kind) if name not in shown or says_more(kind, name)]

    # ------------------------------------------------------------ links

    def link(self, target: str, here: str, scope: str = "") -> str:
        """A reference of a docstring as a link, or as code if it is not on any page.

        Args:
            target: ``"Layer"``, or a full name.
            here: The page.
            scope: The class that the docstring belongs to.
        """
        page = Path(here).stem
        tried = (f"{page}.{scope}.{target}", f"chainrule.{page}.{target}", target)
        place = next((self.places[name] for name in tried if name in self.places), None)
        shown = target.rpartition(".")[2] if target.startswith("chainrule.") else target
        return f"[`{shown}`]({relative(place, here)})" if place else f"`{shown}`"

    def owner_link(self, owner: str, here: str) -> str:
        """A link to the entry of ``"layers.Layer"``."""
        return f"[`{owner}`]({relative(self.places[f'chainrule.{owner}'], here)})"

    @staticmethod
    def source(file: str, line: int, here: str) -> str:
        """The address of a line, from a page."""
        path = Path(file).relative_to(PACKAGE).with_suffix(".html").as_posix()
        return f"{relative('source/' + path, here)}#L{line}"

    def source_of(self, thing: Any, here: str) -> str:
        """A link to where a class or function begins."""
        bare = inspect.unwrap(thing)
        file, (_, line) = inspect.getsourcefile(bare) or "", inspect.getsourcelines(bare)
        return f"[source]({self.source(file, line, here)})"

    # ------------------------------------------------------------ equations

    def equations(self, formula: Formula, here: str) -> str:
        """A table of every line of a rule: its equation beside its code."""
        rows = []
        for computes, function in formula.functions().items():
            said, written_lines = computes, lines(function, computes)
            for line in written_lines:
                if len(line.names) > 1 and line.code.strip("()").split(", ") == list(line.names):
                    continue  # the return of several results, each computed above
                to = "" if line is written_lines[-1] else f"{line.names[0]} = "  # the last returns
                place = self.source(line.file, line.number, here)
                written = f"[{code(to + dedented(line.code))}]({place})"
                rows.append([plain(said), plain(line.equation), written])
                said = ""
        return table(("", "Equation", "Code"), rows)

    def rule(self, formula: Formula, here: str, title: str, name: str) -> str:
        """A rule under a heading: arrays and options, text, equations."""
        options = [n if v is None else f"{n}={v!r}" for n, v in formula.options.items()]
        shapes = [f"`{formula.signature.text}`"]
        shapes += [f"with `{', '.join(options)}`"] if options else []
        link = partial(self.link, here=here)
        text = docstring(inspect.getdoc(formula.forward) or "", link)
        head = f'<a id="{name}"></a>\n\n{title}\n'
        source = f"{' '.join(shapes)} ({self.source_of(formula.forward, here)})\n"
        return "\n".join((head, source, text, self.equations(formula, here)))

    def called(self, formula: Formula, here: str) -> str:
        """How a rule is called as a function, where its kind says more than that of all rules."""
        kind = type(formula)
        if not isinstance(formula, Rule) or kind.__call__ is Rule.__call__:
            return ""
        if id(kind) in self.owners:
            return f"\nA {self.owner_link(self.owners[id(kind)], here)}, called as that says.\n"
        text = docstring(inspect.getdoc(kind.__call__) or "", partial(self.link, here=here))
        shown = signature(formula.name, inspect.signature(kind.__call__))
        return f"\n{fenced(shown, 'python')}\n{text}\n"

    def equations_page(self) -> str:
        """All rules, by family."""
        here = "equations.md"
        families: dict[str, list[Formula]] = {}
        for formula in {*RULES.values(), *UPDATES.values()}:
            if is_ours(formula):
                room = formula.__module__.split(".")[1]
                families.setdefault(FAMILIES.get(room, room), []).append(formula)
        made = [EQUATIONS.format(rules=sum(map(len, families.values())))]
        for family, members in sorted(families.items()):
            members.sort(key=lambda member: (member.__module__, line_of(member)))
            names = ", ".join(f"[`{member.name}`](#{anchor(member)})" for member in members)
            made.append(f"## {family.capitalize()}\n\n{names}\n")
            made += [self.rule(m, here, f"### {plain(m.name)}", anchor(m)) for m in members]
        return "\n".join(made)

    # ------------------------------------------------------------ a module's page

    def api_page(self, page: Page) -> str:
        """A module: its text, a table of its names, and an entry for each."""
        here = page.file
        text = docstring(inspect.getdoc(page.module) or "", partial(self.link, here=here))
        made = [f"# chainrule.{page.name}\n", text]
        made += [f"- [`{child}`]({child}.md)" for child in page.children]
        rows = [[f"[`{name}`](#{page.name}.{name})", self.first(page, name)] for name in page.names]
        made += ["", table(("Name", ""), rows)] if rows else [""]
        made += [self.entry(page, name, value) for name, value in page.names.items()]
        return "\n".join(made)

    def first(self, page: Page, name: str) -> str:
        """The first paragraph of what is said about a name."""
        value = page.names[name]
        text = inspect.getdoc(value) if callable(value) else page.notes.get(name)
        paragraph = (text or "").partition("\n\n")[0].replace("\n", " ")
        return linked(paragraph, partial(self.link, here=page.file, scope=name))

    def entry(self, page: Page, name: str, value: Any) -> str:
        """All about one name."""
        here, place = page.file, f"{page.name}.{name}"
        head = f'<a id="{place}"></a>\n\n## {plain(name)}\n\n'
        owner = self.owners.get(id(value), place)
        if owner != place and not isinstance(value, bool | int | float | str):
            return f"{head}The same as {self.owner_link(owner, here)}.\n"
        if isinstance(value, Formula):
            return self.rule(value, here, f"## {plain(name)}", place) + self.called(value, here)
        if isinstance(value, type):
            return head + self.class_text(page, name, value)
        if callable(value):
            return head + self.function_text(value, name, here, name)
        said = linked(page.notes.get(name, ""), partial(self.link, here=here))
        return f"{head}A `{type(value).__name__}`. {said}\n"

    def function_text(self, function: Any, name: str, here: str, scope: str) -> str:
        """Signature, link to the source, text."""
        found = inspect.signature(function)
        link = partial(self.link, here=here, scope=scope)
        text = docstring(inspect.getdoc(function) or "", link, types_of(found))
        source = self.source_of(function, here) if is_ours(function) else ""
        return f"{fenced(signature(name, found), 'python')}\n{source}\n\n{text}\n"

    def class_text(self, page: Page, name: str, kind: type) -> str:
        """A class as it is called, the rules it is made of, its bases and its methods."""
        here, place = page.file, f"{page.name}.{name}"
        made = [self.function_text(kind, name, here, name)]
        used = [f"[`{f.name}`](../equations.md#{anchor(f)})" for f in rules_of(kind)]
        made += [f"Equations: {', '.join(used)}\n"] if used else []
        owners = [self.owners[id(base)] for base in kind.__mro__[1:] if id(base) in self.owners]
        bases = [self.owner_link(owner, here) for owner in owners]
        made += [f"Based on {', '.join(bases)}.\n"] if bases else []
        for method, member in methods(kind):
            if f"{place}.{method}" not in self.places:
                continue
            made.append(f'<a id="{place}.{method}"></a>\n\n### {plain(method)}\n')
            function = function_of(member)
            if isinstance(member, property | cached_property):
                link = partial(self.link, here=here, scope=name)
                made.append(docstring(inspect.getdoc(function) or "", link))
            else:
                made.append(self.function_text(function, method, here, name))
        return "\n".join(made)

    def write(self, out: Path) -> None:
        """Write all pages into an emptied folder."""
        shutil.rmtree(out, ignore_errors=True)
        texts = {page.file: self.api_page(page) for page in self.pages}
        texts["equations.md"] = self.equations_page()
        for path in sorted(PACKAGE.rglob("*.py")):
            name = path.relative_to(PACKAGE)
            page = source_page(f"chainrule/{name.as_posix()}", path.read_text("utf-8"))
            texts[f"source/{name.with_suffix('.html').as_posix()}"] = page
        for file, text in texts.items():
            (out / file).parent.mkdir(parents=True, exist_ok=True)
            (out / file).write_text(text, "utf-8")


EQUATIONS = """# Every equation in chainrule

This page is made from the code: the equation is the comment at the end of a line, the code is the
line itself, and it is this line that runs. There are {rules} rules.

A bar is a cotangent: ȳ = ∂L/∂y, how much the loss L grows with y. The text in front of a table says
which arrays go in and come out: `x[*N,I]` has any number of axes N and a last one of length I;
`:label(K)` are integers from 0 to K − 1, `:unit` numbers from 0 to 1, `:positive` positive numbers;
an array in parentheses is computed on the way. Every derivative is checked against central
differences in float64 and against JAX.
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=OUT, help="folder to write, emptied first")
    out = parser.parse_args().out
    Writer().write(out)
    figures.draw(GUIDE, out / "figures")


if __name__ == "__main__":
    main()

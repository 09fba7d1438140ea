"""C++ kernels of the rules that work element by element, made from the rules' Python source.

Run when the package is built: ``python native/generate.py OUT.h``. A rule is taken if all its
arrays have the same axes and its functions use nothing but arithmetic, comparisons and the NumPy
functions below; others have a kernel written by hand, or none.
"""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from pathlib import Path

SOURCES = Path(__file__).resolve().parent.parent / "src"

CALLS = {
    "exp": "exponential<T>",
    "expm1": "exponential_minus_one<T>",
    "log": "logarithm<T>",
    "log1p": "logarithm_plus_one<T>",
    "tanh": "hyperbolic_tangent<T>",
    "abs": "absolute<T>",
    "sqrt": "square_root<T>",
    "sign": "sign<T>",
    "maximum": "maximum<T>",
    "minimum": "minimum<T>",
}
OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
COMPARISONS = {
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}


class UnsupportedError(Exception):
    """The function uses something that has no translation."""


class Translator:
    """One function's body as C++ statements.

    Every expression is a vector of numbers, a vector of truths (a mask), or a scalar. Quotients and
    roots of a ``quick`` one need not be exact to the last place.
    """

    def __init__(
        self, arrays: set[str], scalars: set[str], defaults: dict[str, object], quick: bool
    ) -> None:
        self.defaults, self.used, self.quick = defaults, set[str](), quick
        self.kinds = dict.fromkeys(arrays, "vector") | dict.fromkeys(scalars, "scalar")
        self.lines: list[str] = []
        self.versions = {name: f"{name}_" for name in (*arrays, *scalars)}

    def function(self, function: object) -> list[str]:
        """Translate; returns the names of the results."""
        tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
        if not isinstance(tree, ast.FunctionDef):
            raise UnsupportedError("no function")
        for statement in tree.body:
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                continue  # the docstring
            if isinstance(statement, ast.Return):
                value = statement.value
                parts = value.elts if isinstance(value, ast.Tuple) else [value]
                return [self.vector(part) for part in parts]
            if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
                raise UnsupportedError(ast.unparse(statement))
            (target,) = statement.targets
            if not isinstance(target, ast.Name):
                raise UnsupportedError(ast.unparse(target))
            self.assign(target.id, statement.value)
        raise UnsupportedError("no return")

    def assign(self, name: str, value: ast.expr) -> None:
        """A new variable for each assignment, since the types may differ."""
        text, kind = self.expression(value)
        own = f"{name}_{len(self.lines) + 1}"
        typed = {"vector": "const Vec<T>", "mask": "const Mask<T>", "scalar": "const double"}[kind]
        typed = f"[[maybe_unused]] {typed}"
        self.lines.append(f"{typed} {own} = {text};")
        self.versions[name], self.kinds[name] = own, kind

    def vector(self, node: ast.expr) -> str:
        """An expression as a vector of numbers."""
        text, kind = self.expression(node)
        if kind == "mask":
            return f"as_number<T>({text})"
        return f"all<T>(T({text}))" if kind == "scalar" else text

    def is_vector(self, node: ast.expr) -> bool:
        """Whether an expression is a vector of numbers."""
        return self.expression(node)[1] == "vector"

    def number(self, node: ast.expr) -> tuple[str, str]:
        """An expression as a vector or a scalar."""
        text, kind = self.expression(node)
        return (f"as_number<T>({text})", "vector") if kind == "mask" else (text, kind)

    def pair(self, left: ast.expr, right: ast.expr) -> tuple[str, str, str]:
        """Two operands; scalars stay double among themselves, as Python's numbers do."""
        (a, first), (b, second) = self.number(left), self.number(right)
        if first == second:
            return a, b, first
        return (f"T({a})", b, "vector") if first == "scalar" else (a, f"T({b})", "vector")

    def expression(self, node: ast.expr) -> tuple[str, str]:
        """C++ text, and which kind it is."""
        node = settled(node, self.defaults, self.used)
        match node:
            case ast.Name(id=name):
                if name not in self.kinds:
                    raise UnsupportedError(name)
                return self.versions[name], self.kinds[name]
            case ast.Constant(value=bool()):
                raise UnsupportedError("a truth")
            case ast.Constant(value=int() | float() as value):
                return f"{float(value)!r}", "scalar"
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                text, kind = self.number(operand)
                return f"(-{text})", kind
            case ast.BinOp(op=ast.BitAnd() | ast.BitOr() as op, left=left, right=right):
                (a, first), (b, second) = self.expression(left), self.expression(right)
                if (first, second) != ("mask", "mask"):
                    raise UnsupportedError(ast.unparse(node))
                return f"({a} {'&' if isinstance(op, ast.BitAnd) else '|'} {b})", "mask"
            case ast.BinOp(op=ast.Div(), right=right) if self.quick and self.is_vector(right):
                return f"quotient<T>({self.vector(node.left)}, {self.vector(right)})", "vector"
            case ast.BinOp(op=op, left=left, right=right) if type(op) in OPERATORS:
                a, b, kind = self.pair(left, right)
                return f"({a} {OPERATORS[type(op)]} {b})", kind
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in COMPARISONS:
                a, b, kind = self.pair(left, right)
                if kind == "scalar":
                    raise UnsupportedError(ast.unparse(node))
                return f"({a} {COMPARISONS[type(op)]} {b})", "mask"
            case ast.Call(func=ast.Attribute(value=ast.Name(id="np"), attr=name), args=args):
                return self.call(name, args, node)
        raise UnsupportedError(ast.unparse(node))

    def call(self, name: str, args: list[ast.expr], node: ast.Call) -> tuple[str, str]:
        """One of NumPy's functions."""
        if node.keywords:
            raise UnsupportedError(ast.unparse(node))
        if name == "square":
            text = self.vector(args[0])
            return f"({text} * {text})", "vector"
        if name == "zeros_like":
            return "Vec<T>{}", "vector"
        if name == "where":
            condition, kind = self.expression(args[0])
            if kind != "mask":
                raise UnsupportedError(ast.unparse(node))
            yes, no = map(self.vector, args[1:])
            return f"select<T>({condition}, {yes}, {no})", "vector"
        if name == "clip":
            value, low, high = map(self.vector, args)
            return f"minimum<T>(maximum<T>({value}, {low}), {high})", "vector"
        if name == "sqrt" and self.quick:
            return f"root<T>({self.vector(args[0])})", "vector"
        if name in CALLS:
            return f"{CALLS[name]}({', '.join(map(self.vector, args))})", "vector"
        raise UnsupportedError(ast.unparse(node))


def settled(node: ast.expr, defaults: dict[str, object], used: set[str]) -> ast.expr:
    """The branch of ``a if option == 0 else b`` that is taken while options have their defaults.

    The options that were looked at are added to ``used``: the kernel is for their defaults only.
    """
    while isinstance(node, ast.IfExp):
        names = {n.id for n in ast.walk(node.test) if isinstance(n, ast.Name)}
        if not names <= defaults.keys():
            raise UnsupportedError(ast.unparse(node))
        used |= names
        node = node.body if _truth(node.test, defaults) else node.orelse
    return node


def _truth(test: ast.expr, known: dict[str, object]) -> bool:
    match test:
        case ast.Compare(left=ast.Name(id=name), ops=[op], comparators=[ast.Constant(value=value)]):
            have = known[name]
            if isinstance(op, ast.Is | ast.Eq):
                return have is value if isinstance(op, ast.Is) else have == value
            if isinstance(op, ast.IsNot | ast.NotEq):
                return have is not value if isinstance(op, ast.IsNot) else have != value
    raise UnsupportedError(ast.unparse(test))


def kernel(formula: object, result: str, function: object, index: int) -> str:
    """The C++ of one function of a rule, as a kernel and its entry in the table."""
    from chainrule.core.rule import UpdateRule, parameters

    options = list(formula.options)
    names = parameters(function)
    arrays = [name for name in names if name not in options]
    scalars = {name for name in names if name in options}
    translator = Translator(
        set(arrays), scalars, formula.options, quick=isinstance(formula, UpdateRule)
    )
    results = translator.function(function)
    forward = function is formula.forward
    outs = list(formula.outputs) if forward else [f"{result}_bar"]
    used = sorted(translator.used)
    lines = [f"// {formula.name}: {result}", "template <class T>"]
    lines += [f"void pointwise_{index}(const Arguments& a, Part part) {{"]
    for name in names:
        if name in options:
            lines.append(
                f"    [[maybe_unused]] const double {name}_ = a.options[{options.index(name)}];"
            )
    for slot in range(len(arrays)):
        lines.append(f"    [[maybe_unused]] const T* from_{slot} = in<T>(a, {slot});")
    for slot in range(len(outs)):
        lines.append(f"    T* to_{slot} = out<T>(a, {len(arrays) + slot});")
    body = [
        f"[[maybe_unused]] const Vec<T> {name}_ = get(from_{slot} + i);"
        for slot, name in enumerate(arrays)
    ]
    body += translator.lines
    body += [f"put(to_{slot} + i, {text});" for slot, text in enumerate(results)]
    lines.append("    auto step = [&](size_t i, auto get, auto put) {")
    lines += [f"        {line}" for line in body]
    lines += ["    };", "    each<T>(part, step);", "}"]
    entry = (
        f'{{"{formula.name}", "{"y" if forward else result}", Sharing::elements, '
        f'"{" ".join(arrays)}", "{" ".join(used)}", pointwise_{index}<float>, '
        f"pointwise_{index}<double>}},"
    )
    return "\n".join(lines), entry


def pointwise(formula: object) -> bool:
    """Whether all arrays have the same axes, and none holds class numbers."""
    signature = formula.signature
    specs = (*signature.inputs, *signature.outputs)
    return len({spec.axes for spec in specs}) == 1 and all(s.domain != "label" for s in specs)


def main(out: Path) -> None:
    """Write the header."""
    sys.path.insert(0, str(SOURCES))
    import chainrule.layers
    import chainrule.losses
    import chainrule.optimizers  # noqa: F401  (registers its rules)
    from chainrule.core.rule import RULES, UPDATES

    code, entries, missing = [], [], []
    for formula in [table[n] for table in (RULES, UPDATES) for n in table.names]:
        if not pointwise(formula):
            continue
        functions = {"y": formula.forward} | getattr(formula, "cotangents", {})
        try:
            made = [
                kernel(formula, r, f, len(entries) + i)
                for i, (r, f) in enumerate(functions.items())
            ]
        except UnsupportedError as reason:
            missing.append(f"// {formula.name} has none: {reason}")
            continue
        code += [text for text, _ in made]
        entries += [entry for _, entry in made]
    lines = ["// Made by generate.py from the rules in src/chainrule.", *missing, *code]
    lines += ["constexpr Entry pointwise[] = {", *(f"    {entry}" for entry in entries), "};", ""]
    text = "\n".join(lines)
    out.write_text(text, "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

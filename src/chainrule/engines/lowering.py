"""From a plan to the native engine's operations: each function of a rule becomes its kernel."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from chainrule.core.graph import LOSS, Graph, Node
from chainrule.core.plan import Plan
from chainrule.core.rng import purpose_code
from chainrule.core.rule import RULES
from chainrule.core.shapes import Axes, Shape
from chainrule.engines.assembly import Assembly, rows_of
from chainrule.engines.kernels import MATRIX, Kernels
from chainrule.engines.operations import Operation, Size, size_of
from chainrule.engines.sharing import BLOCKS, are_worth_adding, class_of, is_tall, parts_of
from chainrule.errors import NoKernelError

PASSED_ON = {("shift", "x"), ("add", "a"), ("add", "b"), ("linear", "z")}
"""Functions whose result is the cotangent that they are given."""

REDUCTIONS = {"sum_over_batch_size": 0, "mean": 0, "sum": 1, "mean_with_sample_weight": 2}


class Lowering(Assembly):
    """Collects the operations of one graph of a plan; made from what an assembly is made from.

    Attributes:
        gradients: The operations that compute a parameter's gradient.
    """

    def __init__(self, plan: Plan, graph: Graph, kernels: Kernels, batch: int) -> None:
        super().__init__(plan, graph, kernels, batch)
        self.gradients: dict[str, list[Operation]] = {}
        self._skipped: set[str] = set()
        self._strips: dict[int, int] = {}

    # ------------------------------------------------------------ from and to outside

    def read(self, names: Sequence[str], weights: Mapping[str, int]) -> None:
        """Fetch arrays from outside; what only rescales one is done on the way.

        Args:
            names: Inputs and targets.
            weights: Sample weights that there are, and how many for each sample.
        """
        shapes = {name: self.graph.shapes[name] for name in names if name in self.graph.shapes}
        shapes |= {name: (None, count) for name, count in weights.items()}
        for name, shape in shapes.items():
            classes = self.plan.labels.get(name, 0)
            size = size_of(shape)
            if size.fixed:
                raise NoKernelError(f"{name!r} does not have one row per sample")
            index = self.places[name] = self.memory.room(size, 8 if classes else 0)
            factor, offset = (1.0, 0.0) if classes else self._rescaled(name, index)
            more = {
                "source": len(self.sources),
                "limit": classes,
                "columns": False,
                "side_by_side": self.narrow,
                "factor": factor,
                "offset": offset,
            }
            self.operations.append(Operation("gather", name, [], [index], more=more))
            self.sources.append(name)
            self.rows.append(size.per_sample)

    def _rescaled(self, name: str, index: int) -> tuple[float, float]:
        readers = [node for node in self.graph.nodes if name in node.inputs.values()]
        if len(readers) != 1 or readers[0].rule.name != "rescaling" or name in self.graph.outputs:
            return 1.0, 0.0
        (node,) = readers
        self._skipped.add(node.output)
        self.places[node.output] = index
        options = {**node.rule.options, **node.options}
        return options["scale"], options["offset"]

    def weigh(self, weights: Mapping[str, int]) -> None:
        """Weights and divisors of the losses; see :meth:`read`."""
        for head in self.plan.heads:
            shape = self.graph.shapes[head.losses]
            given = [self.places[head.sample_weight]] if head.sample_weight in weights else []
            if head.ignored is not None or not shape:
                raise NoKernelError("classes are ignored, or a batch has one loss")
            if weights.get(head.sample_weight, 1) not in (1, size_of(shape).per_sample):
                raise NoKernelError("losses of a sample share weights")
            weight = self.places[head.weight] = self.memory.room(size_of(shape))
            divisor = self.places[head.divisor] = self.memory.room(Size(0, 1))
            more = {"reduction": REDUCTIONS[head.reduction], "weighted": bool(given)}
            made = [weight, divisor]
            operation = Operation("weigh", "weights", given, made, "alone", Size(0, 1), more=more)
            self.operations.append(operation)

    def draw(self) -> None:
        """Random masks."""
        for noise in self.graph.noises:
            shape = self.graph.shapes[noise.name]
            if noise.distribution != "bernoulli" or noise.shape != shape:
                raise NoKernelError(f"random numbers {noise.name!r} are not drawn natively")
            size = size_of(shape)
            index = self.places[noise.name] = self.memory.room(size)
            more = {
                "own_seed": noise.seed is not None,
                "seed": noise.seed or 0,
                "code": purpose_code(noise.stream),
                "keep": noise.keep,
            }
            stretch = size.per_sample
            operation = Operation("mask", noise.name, [], [index], stretch=stretch, more=more)
            self.operations.append(operation)

    def results(self, records: Sequence[str], totals: Sequence[str]) -> None:
        """What goes to outside after every batch."""
        self.records, self.totals = list(records), list(totals)
        for place, name in enumerate(records):
            more = {"place": place}
            self.operations.append(Operation("record", name, [self.places[name]], [], more=more))
        for place, name in enumerate(totals):
            taken = [self.places[name]]
            more = {"place": place}
            operation = Operation("total", name, taken, [], "alone", Size(0, 1), more=more)
            self.operations.append(operation)

    # ------------------------------------------------------------ forward and backward

    def forward(self) -> None:
        """Every node's kernel."""
        for node in self.graph.nodes:
            if node.output in self._skipped:
                continue
            if node.rule.name == "reshape":
                self.places[node.output] = self.places[node.inputs["x"]]
                continue
            arrays = {name: self.places[array] for name, array in node.inputs.items()}
            made = []
            for array in node.outputs.values():
                self.places[array] = self.memory.room(size_of(self.graph.shapes[array]))
                made.append(self.places[array])
            if node.rule.name == "dense" and self._is_tall(node):
                arrays["blocks"] = self._in_blocks(node, arrays)
                self._apply(node, "sum", arrays, made)
            else:
                self._apply(node, "y", arrays, made)
        for slot, array in self.graph.assigned.items():
            self._copy(self.places[array], self.places[slot])

    def _is_tall(self, node: Node) -> bool:
        kernel = node.inputs["kernel"]
        inner = self.graph.shapes[kernel][0] or 0
        trained = self.graph is self.plan.train and kernel in self.plan.differentiated
        return trained and is_tall(inner, class_of(self.batch))

    def _in_blocks(self, node: Node, arrays: Mapping[str, int]) -> int:
        """A dense layer's product, for each block of inputs."""
        kernel = node.inputs["kernel"]
        self.tall.add(kernel)
        inner = self.graph.shapes[kernel][0] or 0
        each, fixed = size_of(self.graph.shapes[node.output])
        made = self.memory.room(Size(each * BLOCKS, fixed * BLOCKS))
        operation = self._apply(node, "blocks", arrays, [made])
        operation.extent = Size(0, inner)
        operation.cut_in_blocks()
        return made

    def backward(self) -> None:
        """The cotangents, by reverse accumulation; those of parameters lie in one vector.

        Parameters come last, since they sum over samples that several threads computed: threads
        that share samples meet once for all of them.
        """
        self.places["grad"] = self.memory.room(Size(0, self.plan.layout.trainable_size))
        one = self.memory.room(Size(0, 1))
        self.ones.append(one)
        bars = {LOSS: one}
        last: list[tuple[Node, str]] = []
        for node in reversed(self.graph.nodes):
            if node.output in bars:
                for name in node.rule.cotangents:
                    if node.inputs[name] in self.plan.layout.offsets:
                        last.append((node, name))
                    elif node.inputs[name] in self.plan.differentiated:
                        self._derive(node, name, bars)
        mark = len(self.operations)
        for node, name in last:
            if node.inputs[name] in self.plan.differentiated:
                self._derive(node, name, bars)
        self.operations[mark:] = sorted(self.operations[mark:], key=lambda o: o.shared != "samples")

    def _derive(self, node: Node, name: str, bars: dict[str, int]) -> None:
        """∂L/∂input of a node; where a second path leads to the same array, the two are added."""
        array, given = node.inputs[name], bars[node.output]
        own = self._gradient_of(array)
        if node.rule.name == "reshape" or (node.rule.name, name) in PASSED_ON:
            made = given
        else:
            size = size_of(self.graph.shapes[array])
            made = self.memory.room(size) if own is None or array in bars else own
            arrays = {n: self.places[a] for n, a in (*node.inputs.items(), *node.outputs.items())}
            arrays[node.rule.cotangent_name] = given
            if name in ("kernel", "bias") and node.rule.name in MATRIX and not self.narrow:
                arrays["strips"] = self._packed(node, given)
                if self._adds_parts(node):
                    self.in_parts.add(array)
                    arrays["parts"] = self._in_parts(node, name, arrays)
                    name = "sum of parts"
            operation = self._apply(node, name, arrays, [made])
            self.gradients.setdefault(array, []).append(operation)
        if array in bars:
            made = self._added(array, bars[array], made, own)
        elif own is not None and made != own:
            self._copy(made, own)
            made = own
        bars[array] = made

    def _gradient_of(self, array: str) -> int | None:
        """A parameter's part of the gradient; nothing for other arrays."""
        if array not in self.plan.layout.offsets:
            return None
        size = math.prod(n or 0 for n in self.graph.shapes[array])
        first = self.plan.layout.offsets[array]
        return self.memory.part(self.places["grad"], first, size)

    def _added(self, array: str, a: int, b: int, own: int | None) -> int:
        """The sum of two cotangents, in memory of its own: either may be another array's too."""
        shape = self.graph.shapes[array]
        made = self.memory.room(size_of(shape)) if own is None else own
        both, shapes = {"a": a, "b": b}, {"a": shape, "b": shape}
        self.operations.append(self.kernel(RULES["add"], "y", both, [made], shapes, {}))
        self.gradients.pop(array, None)
        return made

    def _adds_parts(self, node: Node) -> bool:
        """Whether a dense layer's gradient is computed for a few samples at a time, and added up.

        So it is where threads share samples: each then reads only activations of its own.
        """
        axes = self._axes(node)
        if self._is_tall(node) or self.by_columns(axes, rows_of(axes)):
            return False
        rows = rows_of(axes).of(class_of(self.batch))
        return are_worth_adding(axes["I"], axes["O"], rows, parts_of(class_of(self.batch)))

    def _in_parts(self, node: Node, name: str, arrays: Mapping[str, int]) -> int:
        """A parameter's gradient for each few samples."""
        axes = self._axes(node)
        size = axes["O"] * (axes["I"] if name == "kernel" else 1)
        made = self.memory.room(Size(0, size * parts_of(self.batch)))
        self._apply(node, f"{name} parts", arrays, [made])
        return made

    def _axes(self, node: Node) -> Axes:
        shapes = {name: self.graph.shapes[array] for name, array in node.inputs.items()}
        return node.rule.signature.bound(shapes)

    def _packed(self, node: Node, z_bar: int) -> int:
        """∂L/∂z of a dense layer in strips, as the kernel's cotangent takes it."""
        if z_bar in self._strips:
            return self._strips[z_bar]
        outer = self.graph.shapes[node.inputs["kernel"]][1] or 0
        wide = self._strip(outer)
        each, fixed = size_of(self.graph.shapes[node.output])
        count = -(-outer // wide) * wide
        made = self.memory.room(Size(each // outer * count, fixed // outer * count))
        self._strips[z_bar] = made
        arrays = {node.rule.cotangent_name: z_bar}
        self._apply(node, "strips", arrays, [made])
        return made

    def _strip(self, columns: int) -> int:
        lanes = self.kernels.vector // self.item
        return lanes if columns <= lanes else 2 * lanes

    def _apply(
        self, node: Node, result: str, arrays: Mapping[str, int], made: Sequence[int]
    ) -> Operation:
        shapes = {name: self.graph.shapes[array] for name, array in node.inputs.items()}
        if self.narrow and node.rule.name in MATRIX:
            result = f"narrow {result}"
        operation = self.kernel(node.rule, result, arrays, made, shapes, node.options)
        self.operations.append(operation)
        return operation

    def _copy(self, source: int, target: int) -> None:
        formula = RULES["linear"]
        size = self.memory.places[target].size
        shape: Shape = (None, size.per_sample) if size.per_sample else (size.fixed,)
        self.operations.append(self.kernel(formula, "y", {"z": source}, [target], {"z": shape}, {}))

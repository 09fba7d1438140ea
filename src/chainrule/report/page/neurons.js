// The drawing of a small network: every neuron, every weight.

const columns = [];
const links = []; // lines without a weight
let shape = null; // of the drawing, from arrange()

function buildNeurons() {
  const depth = depths();
  const made = new Map();
  const column = (at) => (columns[at] ??= []);
  for (const input of network.inputs) {
    made.set(input.name, neuronParts(input.name, input.units, input.name));
    column(0).push(...made.get(input.name));
  }
  for (const layer of drawnLayers()) {
    const neurons = layerParts(layer);
    made.set(layer.output, neurons);
    column(depth.get(layer.output)).push(...neurons);
    const sources = layer.from.flatMap((name) => made.get(name) ?? []);
    if (hasShape(layer.kernel, [sources.length, neurons.length])) weightParts(layer, sources, neurons);
    else links.push(...linksOf(layer, sources, neurons));
  }
  const [loss, targets] = [lossPart(), targetParts()];
  columns.push([loss], targets.length <= MOST_TARGETS ? targets : []);
  const ends = [...network.outputs.flatMap((name) => made.get(name) ?? []), ...columns.at(-1)];
  links.push(...ends.map((from) => ({ from, to: loss, layer: "loss" })));
  if (!columns.at(-1).length) columns.pop();
}

const MOST_TARGETS = 10;

function layerParts(layer) {
  const own = (layer.parameters ?? []).filter((name) => ![layer.kernel, layer.bias].includes(name) && hasShape(name, [layer.units]));
  const neurons = neuronParts(layer.output, layer.units, layer.name, layer.pre_activation, own);
  for (const neuron of neurons) neuron.about = layer.activation || (layer.kernel ? "" : layer.type);
  biasParts(layer, neurons.length).forEach((bias) => (neurons[bias.unit].bias = bias));
  return neurons;
}

function hasShape(name, shape) {
  return place(steps[0].byName.get(name)?.shape ?? []) === place(shape);
}

// What a layer without weights reads: from the places that its cells name.
function linksOf(layer, sources, neurons) {
  const found = [];
  for (const to of neurons) {
    const read = new Set();
    collect(layer, layer.output, [0, to.unit], read, 0);
    const own = sources.filter((from) => read.has(from.id));
    found.push(...own.map((from) => ({ from, to, layer: layer.name })));
  }
  return found;
}

function collect(layer, name, index, read, depth) {
  const entry = steps[0].byName.get(name);
  const cell = entry && cellAt(entry, index);
  if (!cell || depth > 6) return;
  for (const [from, at] of cell.reads) {
    const source = steps[0].byName.get(from);
    if (!source) continue;
    const id = partOf(source, at);
    if (id && parts.get(id).layer !== layer.name) read.add(id);
    else if (source.layer === layer.name) collect(layer, from, at, read, depth + 1);
  }
}

function drawNeurons(host, width) {
  shape = arrange(columns, width);
  const weights = [...parts.values()].filter(({ kind }) => kind === "weight");
  const shown = weights.length <= 60 && shape.density !== "dots";
  weights.forEach((edge) => (edge.label = undefined));
  if (shown) labelPoints(weights, columns, shape);
  const root = drawn("svg", {
    width: shape.width, height: shape.height, viewBox: `0 0 ${shape.width} ${shape.height}`,
    role: "group", "aria-label": words.drawing, class: shape.density,
  });
  root.append(...links.map(drawLink), ...weights.map(drawWeight), ...weights.map(drawLabel));
  root.append(...columns.flatMap((column) => column.flatMap(drawNode)));
  root.append(...columns.map(drawHeading).filter(Boolean));
  host.replaceChildren(root);
}

function drawLink(link) {
  const line = path(link.from.point, link.to.point);
  link.line = drawn("path", { d: line, class: "link" });
  return link.line;
}

function path(from, to) {
  return `M${from.x} ${from.y}L${to.x} ${to.y}`;
}

function drawWeight(edge) {
  const line = path(edge.from.point, edge.to.point);
  edge.line = drawn("path", { d: line, class: "line" });
  edge.flow = drawn("path", { d: line, class: "flow" });
  edge.group = button(edge, drawn("path", { d: line, class: "reach" }), edge.line, edge.flow);
  return edge.group;
}

// Above all lines; a number for which there is no room is seen while its weight is chosen.
function drawLabel(edge) {
  const { x, y } = edge.label ?? between(edge.from.point, edge.to.point, 0.5);
  edge.text = drawn("text", { x, y: y + 4 });
  const plate = drawn("rect", { x: x - 30, y: y - 8.5, width: 60, height: 17, rx: 4 });
  edge.tag = drawn("g", { class: edge.label ? "label" : "label spare", "data-part": edge.id, "aria-hidden": "true" }, plate, edge.text);
  return edge.tag;
}

function mark(part, name, on) {
  part.group.classList.toggle(name, on);
  part.tag?.classList.toggle(name, on);
}

function button(part, ...children) {
  part.title = drawn("title");
  return drawn("g", { class: `part ${part.kind}`, role: "button", tabindex: 0, "data-part": part.id }, part.title, ...children);
}

function drawNode(part) {
  if (part.kind === "loss" || part.kind === "target") return [drawBox(part)];
  const { x, y } = part.point;
  const r = shape.radius;
  part.main = drawn("text", { x, y: y + 5, class: "main" });
  part.sub = drawn("text", { x, y: y + 17, class: "sub" });
  part.disc = drawn("circle", { cx: x, cy: y, r, class: "tint" });
  part.group = button(part, drawn("circle", { cx: x, cy: y, r: r + 5, class: "halo" }), drawn("circle", { cx: x, cy: y, r, class: "disc" }), part.disc, part.main, part.sub);
  return part.bias && shape.density !== "dots" ? [part.group, drawBias(part.bias, part.point)] : [part.group];
}

function drawBias(bias, { x, y }) {
  const low = y + shape.radius + 3;
  const box = { x: x - 35, y: low - 8, width: 70, height: 17, rx: 8.5 };
  bias.text = drawn("text", { x, y: low + 4.5 });
  bias.group = button(bias, drawn("rect", { ...box, class: "halo" }), drawn("rect", { ...box, class: "disc" }), bias.text);
  return bias.group;
}

function drawBox(part) {
  const { x, y } = part.point;
  const [wide, high] = { full: [92, 56], medium: [72, 46], dots: [62, 21] }[shape.density];
  const box = { x: x - wide / 2, y: y - high / 2, width: wide, height: high, rx: 8 };
  part.main = drawn("text", { x, y: shape.density === "dots" ? y + 4 : y - 2, class: "main" });
  part.sub = drawn("text", { x, y: y + 15, class: "sub" });
  part.group = button(part, drawn("rect", { ...box, class: "halo" }), drawn("rect", { ...box, class: "disc" }), part.main, part.sub);
  return part.group;
}

function drawHeading(column) {
  const names = [...new Set(column.filter(({ kind }) => kind === "neuron").map(({ layer }) => layer))];
  if (!names.length) return null;
  const points = column.map(({ point }) => point);
  const top = Math.min(...points.map(({ y }) => y)) - shape.radius - 12;
  const x = shape.upright ? 4 : points[0].x;
  const about = drawn("tspan", { class: "about", ...(shape.upright ? { dx: 8 } : { x, dy: 15 }) }, names.length === 1 ? (column[0].about ?? "") : "");
  const y = shape.upright ? top + 6 : Math.max(14, top - 11);
  return drawn("text", { x, y, class: shape.upright ? "heading upright" : "heading" }, names.join(", "), about);
}

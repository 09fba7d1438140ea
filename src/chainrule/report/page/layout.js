// Where the neurons stand: columns from left to right, or rows from top to bottom on a phone.

const SIZES = {
  full: { radius: 41, apart: 124, gap: 170 }, // two numbers in each neuron
  medium: { radius: 27, apart: 76, gap: 140 }, // one
  dots: { radius: 10, apart: 27, gap: 120 }, // none
};

function densityOf(most) {
  if (most <= 5) return "full";
  return most <= 10 ? "medium" : "dots";
}

// Layers that make something of their own; not those that only hand on.
function drawnLayers() {
  return network.layers.filter(({ from, output }) => !from.includes(output));
}

// How many layers are between each layer and the inputs.
function depths() {
  const depth = new Map(network.inputs.map(({ name }) => [name, 0]));
  for (const layer of drawnLayers()) {
    const below = layer.from.map((name) => depth.get(name) ?? 0);
    depth.set(layer.output, 1 + Math.max(0, ...below));
  }
  return depth;
}

// Puts every neuron of the columns at a point; returns the size of the drawing.
function arrange(columns, width) {
  const upright = width < 560;
  const most = Math.max(...columns.map((column) => column.length));
  const density = densityOf(most);
  const size = SIZES[density];
  const margin = Math.max(size.radius + 12, 46);
  const apart = upright ? spacing(size, (width - 2 * margin) / Math.max(1, most - 1)) : size.apart;
  const steps = upright ? size.gap + 20 : roomy(columns, size.gap, width - 2 * margin);
  const along = distances(columns, steps);
  const [long, short] = [2 * margin + along.at(-1), 2 * margin + (most - 1) * apart];
  columns.forEach((column, depth) => column.forEach((part, at) => {
    const ahead = margin + along[depth];
    const aside = short / 2 + (at - (column.length - 1) / 2) * apart;
    part.point = upright ? { x: aside, y: ahead + HEADING } : { x: ahead, y: aside + HEADING };
  }));
  const [wide, high] = upright ? [short, long] : [long, short];
  return { ...size, width: wide, height: high + HEADING + 8, upright, density };
}

const isEnd = ([{ kind }]) => kind === "loss" || kind === "target"; // reached by lines without numbers
const END_GAP = 132;

function distances(columns, gap) {
  let at = 0;
  return columns.map((column, depth) => (depth ? (at += isEnd(column) ? END_GAP : gap) : 0));
}

// The gap between layers that fills the width.
function roomy(columns, least, width) {
  const ends = columns.filter(isEnd).length;
  const room = (width - ends * END_GAP) / Math.max(1, columns.length - 1 - ends);
  return Math.max(least, Math.min(room, 270));
}

const HEADING = 34; // room for the names of the layers

function spacing(size, room) {
  return Math.max(2 * size.radius + 8, Math.min(size.apart, room));
}

// Places for the numbers of the edges: none upon another or upon a neuron, and none, if it can be
// avoided, upon another edge, whose number it would seem to be.
function labelPoints(edges, columns, { radius, upright }) {
  const taken = columns.flat().map(({ point }) => ({ ...point, wide: radius + 2, high: radius + 2 }));
  if (upright) taken.push(...columns.map(([{ point }]) => ({ x: 60, y: point.y - radius - 10, wide: 66, high: 10 })));
  const orders = [edges, edges.toReversed(), edges.toSorted((one, two) => slope(one) - slope(two))];
  const tries = orders.map((order) => placed(order, taken));
  const best = tries.reduce((one, two) => (two.cost < one.cost ? two : one));
  for (const edge of edges) edge.label = best.points.get(edge);
}

const UNPLACED = 5; // as bad as lying upon five other edges

function placed(edges, circles) {
  const taken = [...circles];
  const points = new Map();
  let cost = 0;
  for (const edge of edges) {
    const [best] = candidates(edge, edges, taken).sort((one, two) => one.cost - two.cost);
    cost += best ? best.cost : UNPLACED;
    if (!best) continue;
    points.set(edge, best);
    taken.push({ ...best, wide: LABEL.wide / 2, high: LABEL.high / 2 });
  }
  return { points, cost };
}

function candidates(edge, edges, taken) {
  const others = edges.filter((other) => other !== edge && other.layer === edge.layer);
  const points = ALONG.map((t) => ({ ...between(edge.from.point, edge.to.point, t), cost: Math.abs(t - 0.5) }));
  const free = points.filter((point) => !taken.some((box) => overlap(point, box)));
  for (const point of free) point.cost += others.filter((other) => under(point, other)).length;
  return free;
}

// Whether an edge runs under a number at this point.
function under(point, { from, to }) {
  return ALONG.some((t) => {
    const on = between(from.point, to.point, t);
    return Math.abs(on.x - point.x) < LABEL.wide / 2 && Math.abs(on.y - point.y) < LABEL.high / 2;
  });
}

function slope({ from, to }) {
  return Math.abs(to.point.y - from.point.y);
}

const LABEL = { wide: 64, high: 18 };
const ALONG = Array.from({ length: 31 }, (_, at) => 0.2 + 0.02 * at); // of an edge, from 0 to 1

function between(from, to, t) {
  return { x: from.x + t * (to.x - from.x), y: from.y + t * (to.y - from.y) };
}

function overlap(point, box) {
  return Math.abs(point.x - box.x) < box.wide + LABEL.wide / 2 && Math.abs(point.y - box.y) < box.high + LABEL.high / 2;
}

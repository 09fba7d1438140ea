// Reading the trace: its stages, its entries, and single numbers in them.

const trace = JSON.parse(byId("trace").textContent);
const words = JSON.parse(byId("words").textContent);
const network = trace.network;
const steps = trace.steps.map(readStep);

function readStep(step) {
  const stages = [];
  for (const entry of step.entries) {
    const last = stages.at(-1);
    const layer = ["forward", "backward"].includes(entry.stage) ? entry.layer : "";
    const same = last && last.stage === entry.stage && last.layer === layer;
    if (same) last.entries.push(entry);
    else stages.push({ stage: entry.stage, layer, entries: [entry] });
    entry.at = stages.length - 1;
  }
  const byName = new Map(step.entries.map((entry) => [entry.name, entry]));
  return { number: step.number, loss: step.loss, stages, byName, entries: step.entries };
}

function stageName({ stage, layer }) {
  const where = stage === "backward" ? layer || words.loss : layer;
  return where ? `${words[stage]} · ${where}` : words[stage];
}

function samplesOf(step) {
  const counts = step.entries.filter(perSample).map((entry) => entry.shape[0]);
  return Math.max(1, ...counts);
}

function perSample(entry) {
  return entry.axes[0] === "N";
}

function valueAt(entry, index) {
  return index.reduce((part, at) => (part === undefined || part === null ? part : part[at]), entry.value);
}

function cellAt(entry, index) {
  return entry.cells ? entry.cells[index.join(",")] : undefined;
}

function symbolAt(entry, index) {
  return entry.symbol + place(index);
}

// The derivative of the loss by an array: the total one where several paths add up.
function gradientOf(step, array) {
  const exact = step.byName.get(`∂L/∂${array}`);
  return exact ?? step.entries.findLast((entry) => entry.stage === "backward" && entry.of === array);
}

function updateOf(step, array) {
  return step.entries.findLast((entry) => entry.role === "update" && entry.of === array);
}

// An array as rows of numbers; a vector is one row.
function rowsOf(entry) {
  if (entry.heat) return entry.heat;
  if (!entry.shape.length) return [[entry.value]];
  if (entry.shape.length === 1) return [entry.value];
  return entry.value.map((row) => row.flat(Infinity));
}

function summaryOf(entry) {
  if (entry.summary) return entry.summary;
  const all = [entry.value].flat(Infinity);
  const numbers = all.filter(Number.isFinite);
  const sum = numbers.reduce((total, value) => total + value, 0);
  return {
    min: Math.min(...numbers),
    max: Math.max(...numbers),
    mean: sum / numbers.length,
    norm: Math.hypot(...numbers),
    nonfinite: all.length - numbers.length,
  };
}

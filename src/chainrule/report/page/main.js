// What is shown, and showing it again after every change.

const state = { step: 0, stage: 0, sample: 0, part: null, focus: null, playing: null, opener: null };

function within(value, count) {
  return Math.max(0, Math.min(value, count - 1));
}

function go(change) {
  const before = { ...state };
  Object.assign(state, change);
  state.step = within(state.step, steps.length);
  state.stage = within(state.stage, steps[state.step].stages.length);
  show(["step", "stage", "sample"].some((what) => before[what] !== state[what]));
  if ("stage" in change || "step" in change) follow();
}

// Shows the state; the tables only if their numbers may have changed.
function show(all = true) {
  if (all) {
    showControls();
    keepingFocus(byId("tables-body"), () => showTables(state));
  }
  if (network.drawn === "neurons") showNeurons(state);
  else keepingFocus(byId("scroll"), () => showLayers(byId("scroll"), state, all));
  showPanel(state);
  markReads(chosenReads(), state);
  markCells(state);
}

// What is made anew has the focus again where it had it before.
function keepingFocus(host, make) {
  const { name, index } = host.contains(document.activeElement) ? document.activeElement.dataset : {};
  make();
  if (!name) return;
  const same = ({ dataset }) => dataset.name === name && dataset.index === index;
  [...host.querySelectorAll("[data-name]")].find(same)?.focus({ preventScroll: true });
}

function chosenReads() {
  const numbers = chosenNumbers(state);
  const present = numbers.filter(({ entry }) => entry.at === state.stage);
  const chosen = state.focus || !present.length ? numbers.slice(0, 1) : present;
  return chosen.flatMap(({ entry, index }) => (index && cellAt(entry, index)?.reads) ?? []);
}

function showControls() {
  const step = steps[state.step];
  const present = step.stages[state.stage];
  const name = stageName(present);
  document.body.dataset.stage = present.stage;
  byId("stage").max = step.stages.length - 1;
  byId("stage").value = state.stage;
  byId("stage").setAttribute("aria-valuetext", name);
  byId("step").value = state.step;
  byId("step").setAttribute("aria-valuetext", `${words.step} ${step.number}`);
  byId("step-number").textContent = `${step.number} ${words.of} ${steps.at(-1).number}`;
  byId("step-loss").textContent = number(step.loss);
  byId("step-loss").title = full(step.loss);
  byId("sample").value = state.sample;
  byId("stage-title").textContent = name;
  byId("stage-note").textContent = noteOf(present);
  byId("live").textContent = `${words.step} ${step.number}. ${name}. ${words.loss} ${number(step.loss)}`;
  byId("first").disabled = state.stage === 0;
  byId("previous").disabled = state.stage === 0 && state.step === 0;
  byId("next").disabled = atEnd();
  showLegend(present.stage);
  showRail(step);
}

function noteOf({ stage, layer }) {
  const other = stage === "forward" && network.layers.some(({ name, kernel }) => name === layer && !kernel);
  return other ? words["forward other"] : words[`${stage} note`];
}

function showRail(step) {
  const groups = [];
  for (const { stage } of step.stages) {
    if (groups.at(-1)?.stage === stage) groups.at(-1).count += 1;
    else groups.push({ stage, count: 1 });
  }
  byId("rail").replaceChildren(...groups.map(({ stage, count }) => {
    const bar = element("span", { class: `group ${stage}` }, words[stage]);
    bar.style.flexGrow = count;
    return bar;
  }));
  byId("stage").style.setProperty("--stages", step.stages.length);
  for (const bar of byId("rail").children) bar.classList.toggle("narrow", bar.scrollWidth > bar.clientWidth);
}

function showLegend(stage) {
  const neurons = network.drawn === "neurons";
  const what = { backward: words.gradients, update: words["new weights"] }[stage] ?? words.weights;
  const said = (text) => element("span", {}, text);
  const line = (kind) => drawn("svg", { width: 34, height: 8, "aria-hidden": "true", class: `sample-line ${kind}` }, drawn("path", { d: "M1 4H33", class: "line", "stroke-width": 3 }));
  const items = neurons
    ? [element("b", {}, what), line("positive"), said(words.positive), line("negative"), said(words.negative), said(words.thicker)]
    : [element("b", {}, words.scale), said("−"), legendBar(), said("+"), said(words["heat note"])];
  byId("legend").replaceChildren(...items);
}

// Keeps the present layer in view where the drawing is wider than the page.
function follow() {
  const scroll = byId("scroll");
  const now = [...scroll.querySelectorAll(".part.neuron.now, .part.loss.now, .card.now")];
  if (!now.length) return;
  const frame = scroll.getBoundingClientRect();
  const box = now[0].getBoundingClientRect();
  const by = box.left + box.width / 2 - frame.left - frame.width / 2;
  scroll.scrollBy({ left: by, behavior: moving() ? "smooth" : "auto" });
}

function redraw() {
  if (network.drawn === "neurons") drawNeurons(byId("scroll"), byId("scroll").clientWidth);
  show();
}

function start() {
  document.documentElement.classList.add("js");
  byId("step").max = steps.length - 1;
  byId("steps").hidden = steps.length === 1;
  const count = samplesOf(steps[0]);
  byId("sample").replaceChildren(...Array.from({ length: count }, (_, at) => element("option", { value: at }, `${at}`)));
  byId("samples").hidden = count === 1;
  showPlaying();
  setUpControls();
  if (network.drawn === "neurons") buildNeurons();
  redraw();
  let width = byId("scroll").clientWidth;
  addEventListener("resize", () => {
    if (width !== byId("scroll").clientWidth) redraw();
    width = byId("scroll").clientWidth;
  });
}

start();

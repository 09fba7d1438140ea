// The panel beside the drawing: the chosen number's equation, in general and with its numbers.

function showPanel(state) {
  const body = byId("panel-body");
  const numbers = chosenNumbers(state);
  const open = Boolean(state.part || numbers.length);
  byId("panel").classList.toggle("open", open);
  byId("close").hidden = !open;
  byId("panel-title").textContent = state.part ? partName(state.part) : (numbers[0]?.entry.title ?? words.equation);
  const hint = element("p", { class: "hint" }, open ? words["not yet"] : words.choose);
  body.replaceChildren(...(numbers.length ? arranged(numbers, state) : [hint]));
}

// The chosen number first, then the part's others in the order of computation.
function chosenNumbers(state) {
  const step = steps[state.step];
  const asked = state.focus && step.byName.get(state.focus.name);
  const focus = asked && (asked.at <= state.stage || asked.role === "parameter") ? asked : null;
  const own = state.part ? numbersOf(state.part, step, state.sample) : [];
  const numbers = own.filter(({ entry }) => entry.at <= state.stage || entry.role === "parameter");
  if (!focus) return numbers;
  const index = state.focus.index ?? null;
  const same = ({ entry, index: other }) => entry === focus && place(other) === place(index ?? []);
  return [{ entry: focus, index }, ...numbers.filter((one) => !same(one))];
}

function arranged(numbers, state) {
  const first = numbers.filter(({ entry }, at) => entry.at === state.stage || (at === 0 && state.focus));
  const later = numbers.filter((one) => !first.includes(one));
  const shown = first.map((one) => showNumber(one, state));
  if (!later.length) return shown;
  const heading = element("h3", { class: "earlier" }, words.earlier);
  const rest = later.map((one) => showNumber(one, state));
  return shown.length ? [...shown, heading, ...rest] : rest;
}

function showNumber({ entry, index }, state) {
  const card = element("article", { class: `number ${entry.stage}` });
  const value = index ? element("output", { title: full(valueAt(entry, index)) }, number(valueAt(entry, index))) : null;
  const symbol = index ? symbolAt(entry, index) : entry.symbol;
  card.append(element("h4", {}, element("span", { class: "symbol" }, ...maths(symbol)), value ? " = " : "", value));
  card.append(element("p", { class: "what" }, entry.title));
  if (!index) card.append(heatMap(entry, state.sample, 260, palette()), legend(entry, state), summaryTable(entry));
  const cell = index && cellAt(entry, index);
  card.append(...equations(entry, cell), ...(cell ? [readButtons(cell, state)] : []), ...codeLines(entry));
  return card;
}

function equations(entry, cell) {
  const rows = [[words.general, entry.equation], [words.here, entry.symbolic], [words.numbers, cell?.text]];
  const filledRows = rows.filter(([, text]) => text);
  if (!filledRows.length) return [];
  return [element("dl", {}, ...filledRows.flatMap(([name, text]) => [element("dt", {}, name), element("dd", {}, ...maths(text))]))];
}

function readButtons(cell, state) {
  const step = steps[state.step];
  const seen = new Set();
  const buttons = [];
  for (const [name, index] of cell.reads ?? []) {
    const entry = step.byName.get(name);
    const key = name + place(index ?? []);
    if (!entry || seen.has(key)) continue;
    seen.add(key);
    buttons.push(index ? placeButton(entry, index, `${symbolAt(entry, index)} = ${number(valueAt(entry, index))}`) : arrayButton(entry));
  }
  if (!buttons.length) return "";
  return element("div", { class: "reads" }, element("span", { class: "what" }, words.reads), ...buttons);
}

function placeButton(entry, index, text) {
  return element("button", {
    type: "button", class: "place", "data-name": entry.name, "data-index": JSON.stringify(index),
    title: full(valueAt(entry, index)),
  }, ...maths(text));
}

function arrayButton(entry) {
  return element("button", { type: "button", class: "place", "data-name": entry.name, title: entry.title }, ...maths(entry.symbol));
}

function codeLines(entry) {
  const lines = entry.lines.filter(({ code }) => code);
  if (!lines.length) return [];
  const items = lines.map((line) => element("li", {}, element("code", {}, `${line.names.join(", ")} = ${line.code}`), element("span", {}, line.equation)));
  return [element("details", {}, element("summary", {}, `${words.lines} (${entry.rule})`), element("ol", {}, ...items))];
}

function legend(entry, state) {
  const most = number(largest(picture(entry, state.sample).flat()));
  return element("p", { class: "legend" }, `−${most} `, legendBar(), ` ${most}`);
}

function summaryTable(entry) {
  const summary = summaryOf(entry);
  const rows = ["min", "max", "mean", "norm", "nonfinite"].map((name) =>
    element("tr", {}, element("th", { scope: "row" }, words[name]), element("td", { title: full(summary[name]) }, number(summary[name]))));
  return element("table", { class: "summary" }, element("tbody", {}, ...rows));
}

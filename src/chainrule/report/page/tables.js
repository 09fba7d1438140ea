// The tables below the drawing: every number of the present stage.

const MOST_CELLS = 400;

function showTables(state) {
  const { entries } = steps[state.step].stages[state.stage];
  byId("tables-body").replaceChildren(...entries.map((entry) => showEntry(entry, state)));
}

function showEntry(entry, state) {
  const small = entry.value !== undefined && cellCount(entry) <= MOST_CELLS;
  const content = small ? valueTable(entry, state) : largeEntry(entry, state);
  const scroll = element("div", { class: "sideways", tabindex: 0, role: "group", "aria-label": entry.title }, content);
  const wide = small && rowsOf(entry)[0].length > 4;
  return element("section", { class: `entry ${entry.stage}${wide ? " wide" : ""}` }, entryHead(entry), scroll);
}

// Marks the cells that the panel explains.
function markCells(state) {
  const chosen = new Set(chosenNumbers(state).map(({ entry, index }) => entry.name + place(index ?? [])));
  for (const cell of byId("tables-body").querySelectorAll(".place")) {
    const key = cell.dataset.name + place(JSON.parse(cell.dataset.index));
    cell.setAttribute("aria-pressed", String(chosen.has(key)));
  }
}

function cellCount(entry) {
  return entry.shape.reduce((product, length) => product * length, 1);
}

function entryHead(entry) {
  const size = entry.shape.length ? entry.shape.map((length, at) => `${entry.axes[at] ?? ""} ${length}`).join(" × ") : "";
  return element("h3", {}, element("span", { class: "symbol" }, ...maths(entry.symbol)), element("span", { class: "title" }, entry.title), element("code", {}, entry.name), element("small", {}, size));
}

function largeEntry(entry, state) {
  return element("div", { class: "large" }, heatMap(entry, state.sample, 160, palette()), summaryTable(entry));
}

function valueTable(entry, state) {
  const rows = rowsOf(entry);
  const vector = entry.shape.length === 1;
  const down = vector && perSample(entry); // one number per sample stands in a column
  const body = down ? rows[0].map((value) => [value]) : rows;
  const head = element("tr", {}, element("td", {}), ...body[0].map((_, at) => element("th", { scope: "col" }, columnName(entry, at))));
  const lines = body.map((row, at) => tableRow(entry, row, at, state));
  const caption = element("caption", { class: "sr" }, `${entry.symbol}: ${entry.title}`);
  return element("table", { class: "values" }, caption, entry.shape.length > 1 || vector ? element("thead", {}, head) : null, element("tbody", {}, ...lines));
}

function columnName(entry, at) {
  return entry.shape.length === 1 && perSample(entry) ? "" : String(at);
}

function tableRow(entry, row, at, state) {
  const sampled = perSample(entry);
  const name = sampled ? `${words.sample} ${at}` : entry.shape.length > 1 ? String(at) : "";
  const here = sampled && at === state.sample;
  const cells = row.map((value, column) => element("td", {}, tableCell(entry, value, placeOf(entry, at, column))));
  return element("tr", { class: here ? "here" : null }, element("th", { scope: "row" }, name), ...cells);
}

// The index of a table's cell in the array; axes after the second were laid side by side.
function placeOf(entry, row, column) {
  if (!entry.shape.length) return [];
  if (entry.shape.length === 1) return [perSample(entry) ? row : column];
  const index = [];
  for (const length of entry.shape.slice(1).reverse()) {
    index.unshift(column % length);
    column = Math.floor(column / length);
  }
  return [row, ...index];
}

function tableCell(entry, value, index) {
  return placeButton(entry, index, number(value));
}

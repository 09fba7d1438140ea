// The drawing of a large network: one card for each layer, with heat maps of its arrays.

function buildLayers() {
  const inputs = network.inputs.map(({ name }) => ({ title: name, type: words.input, from: [], arrays: [name] }));
  const layers = network.layers.map((layer) => ({
    title: layer.name,
    type: [layer.type, layer.units, layer.activation].filter(Boolean).join(" · "),
    from: layer.from,
    arrays: [...new Set([...layer.parameters, layer.pre_activation, layer.output])].filter(Boolean),
    moves: layer.parameters.length > 0,
  }));
  const last = [...network.targets, entryOfRole("loss")?.name, entryOfRole("total")?.name].filter(Boolean);
  return [...inputs, ...layers, { title: words.loss, type: "", from: network.outputs, arrays: [...new Set(last)], layer: "loss" }];
}

const cards = network.drawn === "layers" ? buildLayers() : [];

function showLayers(host, state, all) {
  if (all) {
    const colours = palette();
    host.replaceChildren(element("div", { class: "cards" }, ...cards.map((card) => showCard(card, state, colours))));
  }
  for (const made of host.querySelectorAll(".tile")) made.setAttribute("aria-pressed", String(state.focus?.name === made.dataset.name));
}

function showCard(card, state, colours) {
  const step = steps[state.step];
  const present = step.stages[state.stage];
  const arrays = card.arrays.filter((name) => step.byName.has(name));
  const columns = arrays.map((name) => showArray(name, step, state, colours));
  const head = element("h3", {}, card.title);
  const about = element("p", { class: "about" }, [card.type, card.from.length ? `← ${card.from.join(", ")}` : ""].filter(Boolean).join("  "));
  const now = isCardPresent(card, present);
  return element("section", { class: now ? `card now ${present.stage}` : "card", "aria-label": card.title }, head, about, element("div", { class: "arrays" }, ...columns));
}

function isCardPresent(card, { stage, layer }) {
  if (stage === "input") return !card.from.length;
  if (stage === "loss") return card.layer === "loss";
  if (stage === "update") return card.moves;
  return card.title === layer || card.layer === (layer || "loss");
}

// A column: the array, and below it its gradient.
function showArray(name, step, state, colours) {
  const entry = known(updateOf(step, name), state) ?? step.byName.get(name);
  const ready = entry.role === "parameter" ? entry : known(entry, state);
  const slope = gradientOf(step, name);
  const below = slope ? tile(slope, known(slope, state), state, colours) : null;
  return element("div", { class: "array" }, tile(entry, ready, state, colours), below);
}

function tile(entry, ready, state, colours) {
  const inside = ready
    ? [heatMap(entry, state.sample, 98, colours), element("span", { class: "scale" }, scaleOf(entry, state.sample))]
    : [element("span", { class: "pending" }, element("span", { class: "sr" }, words["not yet"]))];
  const attributes = { type: "button", class: `tile ${entry.stage}`, "data-name": entry.name, title: entry.title };
  if (!ready) attributes.disabled = "";
  return element("button", attributes, element("span", { class: "symbol" }, ...maths(entry.symbol)), ...inside);
}

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const FRAME = { left: 56, top: 10, width: 420, height: 360 };
const BANDS = 18;

const make = (name, attributes = {}, text = "") => {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "fill" || key === "stroke") made.style[key] = value; // attributes of style are not allowed here
    else made.setAttribute(key, value);
  }
  made.textContent = text;
  return made;
};
const number = (value) => {
  if (value === null) return "no number";
  const size = Math.abs(value);
  const text = size && (size < 1e-3 || size >= 1e5) ? value.toExponential(2) : String(Number(value.toPrecision(3)));
  return text.replace("-", "−");
};
const power = (value) => (value >= 1e-3 && value < 1e5 ? number(value) : `10${[...String(Math.round(Math.log10(value)))].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c] ?? "⁻").join("")}`);
const colour = (index) => `var(--c${index % 8})`;
const hidden = new Set();

// A scale from values to places, linear or logarithmic, and where its ticks are.
const scale = (low, high, from, to, log) => {
  const at = log ? Math.log10 : (value) => value;
  const [a, b] = [at(low), at(high)];
  const place = (value) => from + ((at(value) - a) / (b - a || 1)) * (to - from);
  const ticks = [];
  if (log && b - a >= 1) {
    const step = Math.ceil((b - a) / 7);
    for (let e = Math.ceil(a - 1e-9); e <= b + 1e-9; e += step) ticks.push(10 ** e);
  } else if (log) {
    for (let e = Math.floor(a); e <= b; e += 1) ticks.push(...[1, 2, 5].map((n) => n * 10 ** e).filter((n) => n >= low && n <= high));
  } else {
    const rough = (high - low) / 5, unit = 10 ** Math.floor(Math.log10(rough || 1));
    const step = [1, 2, 5, 10].map((n) => n * unit).find((n) => n >= rough) ?? unit;
    for (let n = Math.ceil(low / step - 1e-9); n * step <= high + 1e-9 * step; n += 1) ticks.push(n * step);
  }
  return { place, ticks, log };
};

const axes = (svg, x, y, xLabel, yLabel, grid) => {
  const { left, top, width, height } = FRAME;
  for (const value of x.ticks) {
    svg.append(make("text", { x: x.place(value), y: top + height + 20, "text-anchor": "middle" }, number(value)));
  }
  for (const value of y.ticks) {
    if (grid) svg.append(make("line", { class: "grid", x1: left, x2: left + width, y1: y.place(value), y2: y.place(value) }));
    svg.append(make("text", { x: left - 8, y: y.place(value) + 4, "text-anchor": "end" }, y.log ? power(value) : number(value)));
  }
  svg.append(make("text", { x: left + width / 2, y: top + height + 44, "text-anchor": "middle" }, xLabel));
  const middle = top + height / 2;
  svg.append(make("text", { x: 12, y: middle, "text-anchor": "middle", transform: `rotate(-90 12 ${middle})` }, yLabel));
  svg.append(make("rect", { class: "frame", x: left, y: top, width, height }));
};

// ------------------------------------------------------------ the ground

const rgb = (variable) => {
  const probe = document.createElement("span");
  probe.style.color = `var(${variable})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
  probe.remove();
  return found;
};

// Between the points that were computed, heights are interpolated; that is the ground's business only.
const ground = () => {
  const canvas = byId("ground"), context = canvas.getContext("2d");
  const { width, height } = canvas;
  const { losses, ends, log } = data.terrain;
  const rows = losses.length, columns = losses[0].length;
  const high = scale(ends[0], ends[1], 0, 1, log).place;
  const heights = losses.map((row) => row.map((v) => (v === null ? 1 : Math.min(1, Math.max(0, high(Math.min(Math.max(v, ends[0]), ends[1])))))));
  const [low, top] = [rgb("--low"), rgb("--high")];
  const image = context.createImageData(width, height);
  for (let j = 0; j < height; j += 1) {
    const v = (1 - j / (height - 1)) * (rows - 1), r = Math.min(rows - 2, Math.floor(v)), q = v - r;
    for (let i = 0; i < width; i += 1) {
      const u = (i / (width - 1)) * (columns - 1), c = Math.min(columns - 2, Math.floor(u)), p = u - c;
      const h = (1 - q) * ((1 - p) * heights[r][c] + p * heights[r][c + 1]) + q * ((1 - p) * heights[r + 1][c] + p * heights[r + 1][c + 1]);
      const band = Math.min(BANDS - 1, Math.floor(h * BANDS)) / (BANDS - 1), place = 4 * (j * width + i);
      for (let k = 0; k < 3; k += 1) image.data[place + k] = low[k] + band * (top[k] - low[k]);
      image.data[place + 3] = 255;
    }
  }
  context.putImageData(image, 0, 0);
};

const key = (svg) => {
  const { ends, log, name } = data.terrain, { top, height } = FRAME, x = 492, steps = BANDS;
  for (let n = 0; n < steps; n += 1) {
    const share = Math.round((100 * n) / (steps - 1));
    svg.append(make("rect", { x, y: top + height * (1 - (n + 1) / steps), width: 12, height: height / steps + 0.5, fill: `color-mix(in srgb, var(--high) ${share}%, var(--low))` }));
  }
  svg.append(make("rect", { class: "frame", x, y: top, width: 12, height }));
  const y = scale(ends[0], ends[1], top + height, top, log);
  for (const value of y.ticks) svg.append(make("text", { x: x + 18, y: y.place(value) + 4 }, log ? power(value) : number(value)));
  svg.append(make("text", { x: x + 6, y: top + height + 20, "text-anchor": "middle" }, name));
};

// ------------------------------------------------------------ the moment

const quantity = () => byId("against").value;
const most = (which) => Math.max(...data.tracks.map((track) => track[which].at(-1)), 1e-9);
const moment = () => most(quantity()) * (Number(byId("moment").value) / 1000) ** 2;
const reached = (track, value) => {
  const list = track[quantity()];
  let place = 0;
  while (place + 1 < list.length && list[place + 1] <= value * (1 + 1e-9)) place += 1;
  return place;
};

const line = (points) => points.map(([x, y], n) => `${n ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
const shown = () => data.tracks.map((track, index) => ({ track, index })).filter(({ index }) => !hidden.has(index));

const drawPaths = (value) => {
  const svg = byId("paths"), { left, top, width, height } = FRAME, { a, b, labels } = data.terrain;
  const x = scale(a[0], a[1], left, left + width, false), y = scale(b[0], b[1], top + height, top, false);
  svg.replaceChildren(make("clipPath", { id: "inside" }));
  svg.firstChild.append(make("rect", { x: left, y: top, width, height }));
  axes(svg, x, y, labels[0], labels[1], false);
  key(svg);
  const inside = make("g", { "clip-path": "url(#inside)" });
  svg.append(inside);
  const at = ([u, v]) => [x.place(u), y.place(v)];
  for (const [name, points] of Object.entries(data.marks)) {
    for (const [u, v] of points.map(at)) {
      const d = name === "saddle" ? `M${u - 6} ${v - 6}l12 12m0-12l-12 12` : `M${u - 7} ${v}h14m-7-7v14`;
      const mark = make("path", { class: "mark", d });
      mark.append(make("title", {}, name));
      inside.append(mark);
    }
  }
  shown().forEach(({ track, index }, order) => {
    const points = track.xy.slice(0, reached(track, value) + 1).map(at), d = line(points);
    const thick = 4.5 - (2.4 * order) / Math.max(1, data.tracks.length - 1);
    inside.append(make("path", { class: "halo", d, "stroke-width": thick + 2.4 }));
    inside.append(make("path", { class: "path", d, "stroke-width": thick, stroke: colour(index) }));
  });
  for (const { track, index } of shown()) {
    const [u, v] = at(track.xy[reached(track, value)]);
    const here = make("circle", { class: "here", cx: u, cy: v, r: 6.5, fill: colour(index) });
    here.append(make("title", {}, track.name));
    inside.append(here);
  }
  for (const { track } of shown()) {
    const [u, v] = at(track.xy[0]);
    inside.append(make("circle", { class: "start", cx: u, cy: v, r: 5 }));
  }
};

const drawCurves = (value) => {
  const svg = byId("curves"), { left, top, width, height } = FRAME, which = quantity();
  const all = data.tracks.flatMap((track) => track.losses).filter((loss) => loss !== null);
  const positive = all.filter((loss) => loss > 0), log = positive.length > 0 && all.every((loss) => loss >= 0) && Math.max(...all) > 5 * Math.min(...positive);
  const low = log ? Math.max(Math.min(...positive), Math.max(...all) * 1e-18) : Math.min(...all);
  const y = scale(low, Math.max(...all) + (log ? 0 : 1e-12), top + height, top, log);
  const x = scale(0, most(which), left, left + width, false);
  svg.replaceChildren();
  axes(svg, x, y, data.quantities[which], "loss", true);
  const place = (track, n) => [x.place(track[which][n]), y.place(Math.max(track.losses[n] ?? Infinity, low))];
  for (const { track, index } of shown()) {
    const known = track.losses.map((loss, n) => n).filter((n) => track.losses[n] !== null);
    const end = reached(track, value);
    svg.append(make("path", { class: "whole", d: line(known.map((n) => place(track, n))), "stroke-width": 1.6, stroke: colour(index) }));
    const past = known.filter((n) => n <= end);
    svg.append(make("path", { class: "path", d: line(past.map((n) => place(track, n))), "stroke-width": 2.2, stroke: colour(index) }));
    if (past.length) {
      const [u, v] = place(track, past.at(-1));
      svg.append(make("circle", { class: "here", cx: u, cy: v, r: 5, fill: colour(index) }));
    }
  }
  const here = Math.min(x.place(value), left + width);
  svg.append(make("line", { class: "now", x1: here, x2: here, y1: top, y2: top + height }));
};

const draw = () => {
  const value = moment();
  drawPaths(value);
  drawCurves(value);
  byId("now").textContent = `${number(value)} ${quantity()}`;
  data.tracks.forEach((track, index) => {
    byId("legend").children[index].querySelector("output").textContent = number(track.losses[reached(track, value)]);
  });
};

// ------------------------------------------------------------ what can be done

let playing = 0;
const stop = () => {
  clearInterval(playing);
  playing = 0;
  document.documentElement.classList.remove("playing");
  byId("play").setAttribute("aria-label", "Play");
};
const play = () => {
  const slider = byId("moment"), from = Number(slider.value) >= 1000 ? 0 : Number(slider.value);
  const began = performance.now();
  document.documentElement.classList.add("playing");
  byId("play").setAttribute("aria-label", "Pause");
  playing = setInterval(() => {
    slider.value = Math.min(1000, from + (performance.now() - began) / 10);
    draw();
    if (Number(slider.value) >= 1000) stop();
  }, 40);
};

document.documentElement.classList.add("js");
for (const [name, label] of Object.entries(data.quantities)) byId("against").append(new Option(label, name));
byId("against").closest("label").hidden = Object.keys(data.quantities).length < 2;
data.tracks.forEach((track, index) => {
  const item = document.createElement("li"), label = document.createElement("label"), box = document.createElement("input");
  const dot = document.createElement("span"), name = document.createElement("span"), loss = document.createElement("output");
  box.type = "checkbox";
  box.checked = true;
  box.addEventListener("change", () => { hidden[box.checked ? "delete" : "add"](index); draw(); });
  dot.className = "dot";
  dot.style.background = colour(index);
  name.textContent = track.name;
  label.append(box, dot, name, loss);
  item.append(label);
  byId("legend").append(item);
});
const off = data.tracks.filter((track) => track.off > 0.005).map((track) => `${track.name} ${Math.round(100 * track.off)} %`);
byId("off").textContent = off.length ? `How far the paths leave the plane of the picture, in lengths of the path: ${off.join(", ")}. The losses are those of the paths, not of the ground below them.` : "";
byId("play").addEventListener("click", () => (playing ? stop() : play()));
byId("moment").addEventListener("input", () => { stop(); draw(); });
byId("against").addEventListener("change", draw);
byId("theme").addEventListener("click", () => {
  const root = document.documentElement, dark = matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = (root.dataset.theme ?? (dark ? "dark" : "light")) === "dark" ? "light" : "dark";
  ground();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", ground);
ground();
draw();

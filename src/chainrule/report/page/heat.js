// Heat maps: one small square for each number, from the largest negative to the largest positive.

function colour(name) {
  const probe = byId("probe");
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
}

function palette() {
  return { zero: colour("--heat-zero"), plus: colour("--plus"), minus: colour("--minus"), bad: colour("--bad") };
}

function paint(canvas, rows, colours) {
  const [high, wide] = [rows.length, Math.max(1, rows[0]?.length ?? 1)];
  canvas.width = wide;
  canvas.height = high;
  const context = canvas.getContext("2d");
  const image = context.createImageData(wide, high);
  const most = largest(rows.flat()) || 1;
  rows.flat().forEach((value, at) => {
    const end = !Number.isFinite(value) ? colours.bad : value < 0 ? colours.minus : colours.plus;
    const share = Number.isFinite(value) ? Math.abs(value) / most : 1;
    end.forEach((part, channel) => (image.data[4 * at + channel] = colours.zero[channel] + share * (part - colours.zero[channel])));
    image.data[4 * at + 3] = 255;
  });
  context.putImageData(image, 0, 0);
}

// The rows to paint: one sample alone, folded into a near-square, or the whole array.
function picture(entry, sample) {
  const rows = rowsOf(entry);
  const whole = rows.length * rows[0].length === cellCount(entry); // not means over larger fields
  const each = cellCount(entry) / (entry.shape[0] ?? 1);
  if (whole && perSample(entry) && entry.shape.length > 1) return fold(rows.flat().slice(sample * each, (sample + 1) * each), entry.shape);
  if (whole && entry.shape.length === 1 && !perSample(entry)) return fold(rows[0], entry.shape);
  return rows;
}

function fold(row, shape) {
  if (shape.length === 3 && shape[1] * shape[2] === row.length) return cut(row, shape[2]);
  if (row.length <= 16) return [row];
  const root = Math.ceil(Math.sqrt(row.length));
  for (let wide = root; wide <= 4 * root; wide++) if (row.length % wide === 0) return cut(row, wide);
  return [row];
}

function cut(row, wide) {
  return Array.from({ length: row.length / wide }, (_, at) => row.slice(at * wide, (at + 1) * wide));
}

// The size on the page: as large as fits, squares staying squares where they can.
function fit(rows, box) {
  const [high, wide] = [rows.length, rows[0]?.length ?? 1];
  const unit = Math.min(box / wide, box / high, 22);
  return { width: Math.max(14, Math.round(unit * wide)), height: Math.max(14, Math.round(unit * high)) };
}

function heatMap(entry, sample, box, colours) {
  const rows = picture(entry, sample);
  const size = fit(rows, box);
  const canvas = element("canvas", { role: "img", "aria-label": described(entry) });
  paint(canvas, rows, colours);
  canvas.style.width = `${size.width}px`;
  canvas.style.height = `${size.height}px`;
  return canvas;
}

function described(entry) {
  const { min, max, mean } = summaryOf(entry);
  return `${entry.title}, ${entry.shape.join(" × ")}: ${words.min} ${number(min)}, ${words.max} ${number(max)}, ${words.mean} ${number(mean)}`;
}

function scaleOf(entry, sample) {
  const most = largest(picture(entry, sample).flat());
  return most ? `±${number(most)}` : "0";
}

function legendBar() {
  return element("span", { class: "bar", "aria-hidden": "true" });
}

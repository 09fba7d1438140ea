// How numbers and places are written.

function number(value, digits = 4) {
  if (typeof value === "string") return full(value); // "NaN", "Infinity"
  if (value === null || value === undefined) return "NaN";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const plain = size >= 1e-3 && size < 1e5;
  const text = plain ? String(Number(value.toPrecision(digits))) : exponent(value, digits);
  return text.replaceAll("-", "−");
}

function exponent(value, digits) {
  return value.toExponential(digits - 1).replace(/\.?0*e/, "e").replace("e+", "e");
}

function full(value) {
  return String(value).replaceAll("-", "−").replace("Infinity", "∞");
}

function place(index) {
  return index.length ? `[${index.join(", ")}]` : "";
}

function magnitude(value) {
  return Number.isFinite(value) ? Math.abs(value) : 0;
}

function largest(values) {
  return values.reduce((most, value) => Math.max(most, magnitude(value)), 0);
}

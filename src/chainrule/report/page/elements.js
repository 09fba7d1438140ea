// Making elements. Text always becomes text nodes, never markup.

function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

function drawn(tag, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

// Text with S_H and A_O written with subscripts.
function maths(text) {
  const parts = text.split(/(?<=[A-Z])_([HO]\d*)/);
  return parts.map((part, at) => (at % 2 ? element("sub", {}, part) : part));
}

function byId(id) {
  return document.getElementById(id);
}

function moving() {
  return !matchMedia("(prefers-reduced-motion: reduce)").matches;
}

// Sliders, buttons and keys: everything that changes what is shown.

const PAUSE_MS = 1800; // between stages while playing

function setUpControls() {
  byId("stage").addEventListener("input", ({ target }) => go({ stage: Number(target.value) }));
  byId("step").addEventListener("input", ({ target }) => go({ step: Number(target.value) }));
  byId("sample").addEventListener("change", ({ target }) => go({ sample: Number(target.value) }));
  byId("first").addEventListener("click", () => go({ stage: 0 }));
  byId("previous").addEventListener("click", () => move(-1));
  byId("next").addEventListener("click", () => move(1));
  byId("play").addEventListener("click", togglePlay);
  byId("close").addEventListener("click", close);
  byId("theme").addEventListener("click", toggleTheme);
  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onKey);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => show());
}

// One stage on or back; past the end of a step comes the next step.
function move(by) {
  const stage = state.stage + by;
  const count = steps[state.step].stages.length;
  if (stage >= count && state.step + 1 < steps.length) go({ step: state.step + 1, stage: 0 });
  else if (stage < 0 && state.step > 0) go({ step: state.step - 1, stage: Infinity });
  else go({ stage });
}

function atEnd() {
  return state.step === steps.length - 1 && state.stage === steps[state.step].stages.length - 1;
}

function togglePlay() {
  if (state.playing) return stop();
  if (atEnd()) go({ step: 0, stage: 0 });
  state.playing = setInterval(() => {
    move(1);
    if (atEnd()) stop();
  }, PAUSE_MS);
  showPlaying();
}

function stop() {
  clearInterval(state.playing);
  state.playing = null;
  showPlaying();
}

function showPlaying() {
  const playing = Boolean(state.playing);
  byId("play").classList.toggle("playing", playing);
  byId("play").setAttribute("aria-label", playing ? words.pause : words.play);
  byId("play").title = playing ? words.pause : words.play;
}

function onClick({ target }) {
  const part = target.closest("[data-part]");
  const named = target.closest("[data-name]");
  if (part) choose(parts.get(part.dataset.part));
  else if (named) chooseNumber(named.dataset.name, named.dataset.index && JSON.parse(named.dataset.index));
}

function choose(part) {
  state.opener = part.group;
  go({ part: part === state.part && !state.focus ? null : part, focus: null });
  reveal(part.group);
}

// Scrolls a part out from under the panel where that lies over the page, on a phone.
function reveal(group) {
  const panel = byId("panel");
  if (!state.part || getComputedStyle(panel).position !== "fixed") return;
  const box = group.getBoundingClientRect();
  const [top, bottom] = [byId("controls").getBoundingClientRect().bottom, panel.getBoundingClientRect().top];
  if (box.top > top && box.bottom < bottom) return;
  scrollBy({ top: (box.top + box.bottom - top - bottom) / 2, behavior: moving() ? "smooth" : "auto" });
}

function chooseNumber(name, index) {
  const entry = steps[state.step].byName.get(name);
  if (!byId("panel").contains(document.activeElement)) state.opener = document.activeElement;
  const part = index ? (parts.get(partOf(entry, index)) ?? null) : null;
  const sample = index && perSample(entry) ? index[0] : state.sample;
  go({ part, sample, focus: { name, index } });
  byId("panel-body").scrollTop = 0;
  if (document.activeElement === document.body) byId("panel-title").focus({ preventScroll: true });
}

function close() {
  const opener = state.opener;
  go({ part: null, focus: null });
  if (opener?.isConnected) opener.focus({ preventScroll: true });
}

function onKey(event) {
  if (event.altKey || event.ctrlKey || event.metaKey || event.target.tagName === "SELECT") return;
  const slides = event.target.type === "range" && !event.key.startsWith("Page");
  const actions = {
    ArrowLeft: () => move(-1),
    ArrowRight: () => move(1),
    Home: () => go({ stage: 0 }),
    End: () => go({ stage: Infinity }),
    PageUp: () => go({ step: state.step - 1 }),
    PageDown: () => go({ step: state.step + 1 }),
  };
  if (event.key === "Escape") return close();
  const part = event.target.closest?.("[data-part]");
  if (part && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    return choose(parts.get(part.dataset.part));
  }
  if (slides || !Object.hasOwn(actions, event.key)) return;
  event.preventDefault();
  actions[event.key]();
}

function toggleTheme() {
  const dark = getComputedStyle(document.documentElement).colorScheme === "dark";
  const automatic = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = document.documentElement.dataset.theme ?? (automatic ? "dark" : "light");
  document.documentElement.dataset.theme = now === "dark" || dark ? "light" : "dark";
  show();
}

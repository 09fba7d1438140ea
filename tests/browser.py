"""A headless browser for tests of pages: runs a script in a page and hands back what it reports."""

import base64
import hashlib
import html
import json
import re
import shutil
import subprocess

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason=f"no browser found: none of {NAMES}")

VIEWS = {
    "light": ("--window-size=1280,900",),
    "dark": ("--window-size=1280,900", "--blink-settings=preferredColorScheme=0"),
    "phone": ("--window-size=375,800",),
}
"""Ways to look at a page: options of the browser."""

_LISTEN = """
const faults = [];
addEventListener("error", ({ message }) => faults.push(message));
addEventListener("unhandledrejection", ({ reason }) => faults.push(String(reason)));
document.addEventListener("securitypolicyviolation", ({ blockedURI, effectiveDirective }) =>
  faults.push(`blocked: ${effectiveDirective} ${blockedURI}`));
for (const kind of ["error", "warn"]) console[kind] = (...words) => faults.push(words.join(" "));
"""

_ACT = """
const all = (query) => [...document.querySelectorAll(query)];
const one = (query) => document.querySelector(query);
const text = (query) => one(query).textContent;
const click = (target) => target.dispatchEvent(new MouseEvent("click", { bubbles: true }));
const press = (key, target = document.activeElement) =>
  target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
const part = (id) => one(`g.part[data-part="${id}"]`);
const pause = (ms) => new Promise((then) => setTimeout(then, ms));
(async () => {
  const report = await (async () => { %s })().catch((fault) => void faults.push(String(fault)));
  const result = document.createElement("pre");
  result.id = "result";
  result.textContent = JSON.stringify({ report, faults });
  document.body.append(result);
})();
"""


def run(page, script, view="light", tmp_path=None):
    """Open a page, run the body of an async function in it, and return what that returns.

    The page keeps its own Content-Security-Policy, which allows this script beside its own.

    Raises:
        AssertionError: Anything was reported on the page's console, or was blocked.
    """
    acts = _ACT % script
    allowed = " ".join(f"'sha256-{_hash(code)}'" for code in (_LISTEN, acts))
    page = page.replace("script-src ", f"script-src {allowed} ", 1)
    page = page.replace("<title>", f"<script>{_LISTEN}</script><title>", 1)
    page = page.replace("</body>", f"<script>{acts}</script></body>", 1)
    text = _dom(page, tmp_path, *VIEWS[view])
    found = re.search(r'<pre id="result">(.*?)</pre>', text, re.DOTALL)
    assert found, "the page did not run"
    result = json.loads(html.unescape(found[1]))
    assert result["faults"] == []
    return result["report"]


def _dom(page, tmp_path, *options):
    """The page's document after it was opened."""
    file = tmp_path / "page.html"
    file.write_text(page, "utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=60000"]
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    done = subprocess.run(
        [CHROMIUM, *flags, profile, *options, "--dump-dom", file.as_uri()],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=True,
    )
    return done.stdout


def _hash(text):
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

// Single keys. None of them while one types, none with Ctrl, Alt or Meta; they can be turned off in the help.

const OFF = "automator-keys-off";

export function listen() {
  const help = document.getElementById("help");
  const button = document.getElementById("help-button");
  const on = document.getElementById("keys-on");
  button.hidden = false;
  button.addEventListener("click", () => help.showModal());
  on.checked = localStorage.getItem(OFF) === null;
  on.addEventListener("change", () =>
    on.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "1"),
  );
  const acts = {
    "/": () => document.querySelector("input[type=search]")?.focus(),
    j: () => move(1),
    k: () => move(-1),
    x: () => document.activeElement.closest("tr")?.querySelector("input[type=checkbox]")?.click(),
    "?": () => help.showModal(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.type === "search") event.target.blur();
    if (event.ctrlKey || event.altKey || event.metaKey || help.open || !on.checked) return;
    if (isTyping(event.target) || !acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  });
}

function isTyping(target) {
  if (target.matches("textarea, select") || target.isContentEditable) return true;
  return target.matches("input:not([type=checkbox])");
}

function move(step) {
  const rows = [...document.querySelectorAll("a.open")];
  const here = rows.indexOf(document.activeElement.closest("tr")?.querySelector("a.open"));
  const next = here < 0 ? (step > 0 ? 0 : rows.length - 1) : here + step;
  rows[Math.min(Math.max(next, 0), rows.length - 1)]?.focus();
}

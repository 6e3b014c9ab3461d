// Replaces the live part of a page by what the same address says now; focus, ticks, typed text and scrolling stay.

const BURST_MILLISECONDS = 300;

const said = document.getElementById("said");
const state = document.getElementById("live-state");
let version = Number(document.body.dataset.version);
let under = null;

export function keepUp() {
  const region = document.getElementById("live");
  if (!region) return;
  let waiting = 0;
  let opened = false;
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => refresh({ tell: false }), BURST_MILLISECONDS);
  };
  let events = null;
  const connect = () => {
    // A browser has few connections for all its tabs: only those that are looked at hold one.
    if (document.hidden || events) return;
    events = new EventSource("/events");
    events.addEventListener("board", (event) => {
      if (JSON.parse(event.data).version !== version) soon();
    });
    events.addEventListener("open", () => {
      // Another daemon may count from the beginning again.
      if (opened) soon();
      opened = true;
      show("live");
    });
    events.addEventListener("error", () => show("not live: waiting for the server"));
  };
  const disconnect = () => {
    events?.close();
    events = null;
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));
  addEventListener("pagehide", disconnect);
  addEventListener("pageshow", connect);
  connect();
  const seconds = Number(region.dataset.refreshSeconds || 0);
  if (seconds) setInterval(() => document.hidden || refresh({ tell: false }), seconds * 1000);
}

export async function refresh({ tell }) {
  under?.abort();
  const mine = (under = new AbortController());
  let page;
  try {
    const answer = await fetch(location.href, { signal: mine.signal, headers: { Accept: "text/html" } });
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch (error) {
    if (error.name !== "AbortError") show("not live: the server cannot be reached");
    return;
  }
  const [old, fresh] = [document.getElementById("live"), page.getElementById("live")];
  if (!fresh) {
    show("not live: reload the page");
    return;
  }
  version = Number(page.body.dataset.version);
  document.title = page.title;
  const changed = replace(old, fresh);
  if (tell || changed) say(fresh, tell);
}

function replace(old, fresh) {
  if (old.innerHTML === fresh.innerHTML) return false;
  const kept = remember(old);
  const shown = [...fresh.childNodes].map((node) => document.importNode(node, true));
  old.replaceChildren(...shown);
  restore(old, kept);
  return true;
}

const keyOf = (element) =>
  element.id || element.dataset.key || (element.name ? `${element.name}=${element.defaultValue ?? ""}` : "");

function remember(region) {
  const focused = region.contains(document.activeElement) ? keyOf(document.activeElement) : "";
  const fields = [...region.querySelectorAll("input")].filter(
    (field) => field.checked !== field.defaultChecked || field.value !== field.defaultValue,
  );
  return {
    focused,
    fields: new Map(fields.map((field) => [keyOf(field), [field.checked, field.value]])),
  };
}

function restore(region, { focused, fields }) {
  for (const field of region.querySelectorAll("input")) {
    const was = fields.get(keyOf(field));
    if (was) [field.checked, field.value] = was;
  }
  if (!focused) return;
  const all = [...region.querySelectorAll("a, button, input, [tabindex]")];
  all.find((element) => keyOf(element) === focused)?.focus({ preventScroll: true });
}

function say(region, tell) {
  const count = region.querySelector(".pager span, .empty")?.textContent.trim() ?? "";
  said.textContent = tell ? count : `Updated. ${count}`;
}

function show(text) {
  if (!state) return;
  state.hidden = false;
  state.textContent = text;
  state.classList.toggle("off", text !== "live");
}

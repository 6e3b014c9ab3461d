// What script adds: pages that follow the news, filters that answer while one types, single keys.
// Everything works without it, but for these.
import { keepUp, refresh } from "./live.js";
import { listen } from "./keys.js";

const TYPING_MILLISECONDS = 250;

const filter = document.getElementById("filter");
if (filter) {
  let waiting = 0;
  const apply = () => {
    clearTimeout(waiting);
    const asked = new URLSearchParams();
    for (const [name, value] of new FormData(filter)) if (value) asked.append(name, value);
    const query = asked.toString();
    history.replaceState(history.state, "", query ? `?${query}` : location.pathname);
    refresh({ tell: true });
  };
  filter.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, TYPING_MILLISECONDS);
  });
  filter.addEventListener("submit", (event) => {
    event.preventDefault();
    apply();
  });
}

keepUp();
listen();

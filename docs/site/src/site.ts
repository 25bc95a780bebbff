/** The script of every page: the menu on narrow screens, the theme, the search, and the copy of the site that works offline. */
import type MiniSearch from "minisearch";

const base = document.body.dataset.base ?? ".";
const find = <T extends Element>(selector: string): T => document.querySelector<T>(selector) as T;

const stored = localStorage.getItem("theme");
if (stored !== null) document.documentElement.dataset.theme = stored;
find(".theme").addEventListener("click", () => {
  const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = document.documentElement.dataset.theme ?? (isDark ? "dark" : "light");
  const next = now === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  localStorage.setItem("theme", next);
});

const button = find<HTMLButtonElement>("button.menu");
button.addEventListener("click", () => {
  const isOpen = find("#menu").classList.toggle("open");
  button.setAttribute("aria-expanded", String(isOpen));
});

interface Entry {
  readonly id: string;
  readonly title: string;
  readonly page: string;
}

const input = find<HTMLInputElement>("search input");
const found = find<HTMLDivElement>(".found");
let index: Promise<MiniSearch<Entry>> | undefined;
/** Fetches the search index at the first search. */
const load = (): Promise<MiniSearch<Entry>> => {
  index ??= Promise.all([import("minisearch"), fetch(`${base}/assets/search.json`).then((r) => r.json())]).then(
    ([{ default: Search }, entries]) => {
      const search = new Search<Entry>({ fields: ["title", "text"], storeFields: ["title", "page"] });
      search.addAll(entries);
      return search;
    },
  );
  return index;
};
input.addEventListener("focus", () => void load(), { once: true });
input.addEventListener("input", async () => {
  const words = input.value.trim();
  const results = words === "" ? [] : (await load()).search(words, { prefix: true, fuzzy: 0.15, boost: { title: 3 } });
  if (words !== input.value.trim()) return;
  found.replaceChildren(
    ...results.slice(0, 12).map(({ id, title, page }) => {
      const a = document.createElement("a");
      a.href = `${base}/${id}`;
      a.textContent = title === page ? title : `${page}: ${title}`;
      return a;
    }),
    ...(words !== "" && results.length === 0 ? ["Nothing found."] : []),
  );
  found.hidden = words === "";
});
/** The arrow keys move from the field through the results. Enter in the field opens the first result. */
find("search").addEventListener("keydown", (event) => {
  const { key } = event as KeyboardEvent;
  const stops = [input, ...found.querySelectorAll("a")];
  const at = stops.indexOf(document.activeElement as HTMLInputElement);
  if (key === "Enter" && at === 0) stops[1]?.click();
  if (key !== "ArrowDown" && key !== "ArrowUp") return;
  event.preventDefault();
  stops[at + (key === "ArrowDown" ? 1 : -1)]?.focus();
});
input.addEventListener("focus", () => {
  found.hidden = input.value.trim() === "";
});
document.addEventListener("pointerdown", ({ target }) => {
  if (!(target instanceof Element && target.closest("search"))) found.hidden = true;
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    if (!found.hidden) input.focus();
    found.hidden = true;
  }
  if (event.key === "/" && !(event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement)) {
    if ((event.target as Element).closest?.(".cm-editor")) return;
    event.preventDefault();
    input.focus();
  }
});

if ("serviceWorker" in navigator && location.protocol !== "file:") {
  navigator.serviceWorker.register(new URL(`${base}/sw.js`, location.href)).catch(() => {});
  let urls: string[] = [];
  const tell = async (): Promise<void> => {
    const { active } = await navigator.serviceWorker.ready;
    active?.postMessage(urls);
    urls = [];
  };
  new PerformanceObserver((list) => {
    if (urls.length === 0) setTimeout(() => void tell(), 500);
    urls.push(...list.getEntries().map(({ name }) => name));
  }).observe({ type: "resource", buffered: true });
}

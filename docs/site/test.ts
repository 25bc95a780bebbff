/**
 * The built site in headless Chromium: links, accessibility, weight, and everything that the playground promises. Under CI=true a
 * missing browser is a failure. `npm --prefix docs/site test`, after `npm run site:build`.
 */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { LinkChecker, LinkState } from "linkinator";
import { type Browser, chromium, type Page } from "playwright-core";
import { MODELS } from "./playground/models.js";
import { serve } from "./serve.js";

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const dist = fileURLToPath(new URL("dist", import.meta.url));
const hasApi = existsSync(`${dist}/api/index.html`);

let [passed, failed] = [0, 0];
const check = (what: string, ok: boolean, details: unknown = ""): void => {
  if (ok) passed++;
  else failed++;
  if (!ok || process.env.VERBOSE) console.log(`${ok ? "ok  " : "FAIL"} ${what} ${ok ? "" : JSON.stringify(details)}`);
};

const server = await serve(dist, 0, "/some/path/");
const base = `http://localhost:${(server.address() as AddressInfo).port}/some/path/`;
/** What reached a server that no page of the site should speak to. */
const strangers: string[] = [];

async function open(
  browser: Browser,
  path: string,
  { width = 1280, dark = false } = {},
): Promise<{ page: Page; said: string[]; bytes: () => number }> {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: dark ? "dark" : "light" });
  const said: string[] = [];
  let weight = 0;
  page.on("console", (message) => {
    if (message.type() === "error") said.push(message.text());
  });
  page.on("pageerror", (error) => said.push(error.message));
  page.on("request", (request) => {
    if (!/^(https?:\/\/localhost|blob:|data:|about:)/.test(request.url())) strangers.push(request.url());
  });
  page.on("response", async (response) => {
    const body = await response.body().catch(() => Buffer.alloc(0));
    weight += gzipSync(body).length;
  });
  await page.goto(base + path, { waitUntil: "networkidle" });
  return { page, said, bytes: () => weight };
}

const status = (page: Page) => page.textContent("#status");
async function finish(page: Page): Promise<void> {
  await page.waitForFunction(() => document.getElementById("status")?.textContent?.match(/^(Done|Refused)\.$/), null, {
    timeout: 180_000,
  });
}
async function type(page: Page, text: string): Promise<void> {
  if (await page.isVisible("#program")) {
    await page.click("#program");
    await page.waitForSelector(".cm-content");
  }
  await page.click(".cm-content");
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.insertText(text);
}
const bars = (page: Page): Promise<Record<string, number>> =>
  page.$$eval("#variances dl", ([list]) =>
    Object.fromEntries(
      [...(list as Element).querySelectorAll("dt")].map((dt) => [
        dt.textContent ?? "",
        Number((dt.nextElementSibling as HTMLElement).dataset.value),
      ]),
    ),
  );

async function pages(browser: Browser): Promise<void> {
  for (const dark of [false, true])
    for (const width of [1280, 390])
      for (const path of ["index.html", "docs/heart/index.html", "docs/guide.html", "playground/index.html"]) {
        const { page, said } = await open(browser, path, { width, dark });
        const name = `${path}, ${width} pixels, ${dark ? "dark" : "light"}`;
        await page.addScriptTag({ content: AXE }).catch(async () => page.evaluate(AXE));
        const found = await page.evaluate(async () => {
          // biome-ignore lint/suspicious/noExplicitAny: axe puts itself on the window
          const { violations } = await (globalThis as any).axe.run(document, { resultTypes: ["violations"] });
          return violations
            .filter(({ impact }: { impact: string }) => impact === "serious" || impact === "critical")
            .map(({ id, nodes }: { id: string; nodes: { html: string }[] }) => `${id}: ${nodes[0]?.html}`);
        });
        check(`${name}: accessible`, found.length === 0, found);
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        check(`${name}: nothing wider than the page`, overflow <= 0, overflow);
        check(
          `${name}: no error on the console`,
          said.filter((text) => !/Content Security Policy/.test(text)).length === 0,
          said,
        );
        await page.close();
      }
  const { page, said } = await open(browser, "docs/guide.html");
  await page.keyboard.press("/");
  await page.keyboard.type("enumerate");
  await page.waitForSelector(".found a");
  check("the search finds sections", (await page.locator(".found a").count()) > 0);
  await page.click(".found a >> nth=0");
  await page.waitForLoadState();
  check("and leads to one", new URL(page.url()).pathname.startsWith("/some/path/"));
  await page.click(".theme");
  check("the theme can be switched", (await page.evaluate(() => document.documentElement.dataset.theme)) === "dark");
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
  await page.reload({ waitUntil: "networkidle" });
  await page.context().setOffline(true);
  await page.goto(`${base}docs/engine.html`);
  check("a page opens offline", (await page.textContent("h1")) !== null);
  await page.context().setOffline(false);
  check("no error on the console", said.length === 0, said);
  await page.close();
}

async function links(): Promise<void> {
  const { links: found } = await new LinkChecker().check({
    path: base,
    recurse: true,
    linksToSkip: [`^(?!${base})`, ...(hasApi ? [] : ["/api/"])],
  });
  const broken = found
    .filter(({ state }) => state === LinkState.BROKEN)
    .map(({ url, parent }) => `${url} on ${parent}`);
  check(`no broken link among ${found.length}`, broken.length === 0, broken.slice(0, 20));
}

async function models(browser: Browser): Promise<void> {
  const first = await open(browser, "playground/index.html");
  check("the first load weighs less than 300 kB", first.bytes() < 300_000, first.bytes());
  await first.page.click("#program");
  await first.page.waitForSelector(".cm-content");
  await first.page.waitForLoadState("networkidle");
  await first.page.waitForTimeout(3000);
  check("with the editor and its types, less than 1.5 MB", first.bytes() < 1_500_000, first.bytes());
  await type(first.page, 'import { Normal } from "pedigrad";\nconst x: number = new Normal(0, 1);\n');
  await first.page.waitForSelector(".cm-lintRange-error", { timeout: 60_000 });
  check("a wrong type is marked while one types", true);
  await type(first.page, 'import { random } from "pedigrad";\nrandom.');
  await first.page.keyboard.press("Control+Space");
  await first.page.waitForSelector(".cm-tooltip-autocomplete >> text=normal", { timeout: 60_000 });
  check("completions know the library", true);
  await first.page.close();

  const nodes: Record<string, string[]> = {
    Coin: ["fairness", "obs"],
    "Mixture, as a plate": ["z", "x"],
    "Mixture, as one event": ["z", "x"],
    "A plate that was mixed": ["z", "x"],
    "A branch on a sample": ["z", "y", "x"],
    "Wake-sleep": ["z", "x"],
    "VAE of tiny digits": ["z", "pixels"],
  };
  const { page, said } = await open(browser, "playground/index.html");
  const variance: Record<string, Record<string, number>> = {};
  for (const { name } of MODELS) {
    await page.selectOption("#models", { label: name });
    await page.click("#run");
    await finish(page);
    check(`${name}: runs`, (await status(page)) === "Done.", await page.textContent("#error"));
    const labels = await page.$$eval("#graph g.node", (all) => all.map((g) => g.getAttribute("aria-label") ?? ""));
    const wanted = nodes[name] ?? ["rows", "locs", "state0", "x0", "state9", "x9"];
    check(
      `${name}: its graph has the sites`,
      wanted.every((site) => labels.includes(site)),
      labels,
    );
    variance[name] = await bars(page);
  }
  await page.selectOption("#models", { label: "Coin" });
  await page.click("#run");
  await finish(page);
  const rows = await page.$$eval("#posterior td", (cells) => cells.map((td) => td.textContent));
  check(
    "the coin's posterior stands beside the exact one",
    Math.abs(Number(rows[1]) - 16 / 30) < 0.05 && rows[3] === "0.533",
    rows,
  );
  // At logits of 0 the exact variance of the sixty independent elements, and that of one event which pays for all, are far apart.
  const [asPlate, asEvent] = ["Mixture, as a plate", "Mixture, as one event"].map(
    (name) => variance[name]?.TraceELBO ?? Number.NaN,
  ) as [number, number];
  const graph = variance["Mixture, as a plate"]?.TraceGraphELBO ?? Number.NaN;
  check("the variance of the mixture as a plate is finite", Number.isFinite(graph) && graph > 0, variance);
  check("a plate or the axes of an event charge each element with its own costs", asEvent >= 0.5 * asPlate, [
    asPlate,
    asEvent,
  ]);
  check("no error on the console", said.length === 0, said);
  await page.close();
}

async function foreignCode(browser: Browser): Promise<void> {
  const { page, said } = await open(browser, "playground/index.html");
  await page.click("#run");
  await finish(page);
  await type(page, "while (true) {}\n");
  await page.click("#run");
  await page.waitForTimeout(500);
  check("an endless loop leaves the page alone", (await page.evaluate(() => 1 + 1)) === 2);
  await page.click("#stop");
  check("and is stopped", (await status(page)) === "Stopped.");

  const evil = '<img src=x onerror="parent.hacked = document.hacked = window.hacked = 1">';
  const attack = `import { Normal, sample } from "pedigrad";
try { fetch("http://127.0.0.1:9/steal").catch((e) => console.log("fetch: " + e.name)); } catch (e) { console.log("fetch: " + e.name); }
try { importScripts("http://127.0.0.1:9/steal.js"); } catch (e) { console.log("importScripts: " + e.name); }
try { new WebSocket("ws://127.0.0.1:9/"); } catch (e) { console.log("socket: " + e.name); }
(globalThis as any).postMessage({ type: "graph", dot: "digraph {", nodes: ${JSON.stringify(evil)} });
(globalThis as any).postMessage({ type: "surprise" });
console.log(${JSON.stringify(evil)});
export const model = () => { sample(${JSON.stringify(evil)}, new Normal(0, 1)); };
`;
  await type(page, attack);
  await page.click("#run");
  await finish(page);
  const isHacked = () =>
    page.evaluate(() => "hacked" in window || "hacked" in document || document.querySelector("main img") !== null);
  check("names and texts of a program enter the page as text", !(await isHacked()), await page.textContent("#log"));
  check(
    "its sites are shown by their names",
    (await page.$$eval("#graph g.node", (all) => all.map((g) => g.getAttribute("aria-label"))))[0] === evil,
  );
  check("a program reaches no server", strangers.length === 0 && !said.some((text) => /ERR_CONNECTION/.test(text)), [
    strangers,
    said,
  ]);

  await type(
    page,
    'import { Normal, sample } from "pedigrad";\nexport const model = () => {\n  sample("x", new Normal(0, -1));\n};\n',
  );
  await page.click("#run");
  await page.waitForFunction(() => document.getElementById("error")?.textContent !== "");
  check(
    "a refusal stands at its line, in the library's words",
    /^Line 3: Normal/.test((await page.textContent("#error")) ?? ""),
    await page.textContent("#error"),
  );

  await type(page, `document; // shared\nconst shared = 1;\n`);
  await page.click("#share");
  const link = page.url();
  const other = await open(browser, `playground/index.html${new URL(link).hash}`);
  check("a link brings the program back", (await other.page.inputValue("#program")).includes("// shared"));
  await other.page.waitForTimeout(500);
  check("and runs nothing by itself", /press Run/.test((await status(other.page)) ?? ""), await status(other.page));
  await other.page.goto(`${base}playground/index.html#${"A".repeat(60_000)}`);
  await other.page.reload();
  check(
    "a link that is too long is not taken",
    /does not hold/.test((await status(other.page)) ?? ""),
    await status(other.page),
  );
  await other.page.close();
  await page.close();
}

if (executablePath === undefined) {
  console.log("no Chromium is installed");
  process.exitCode = process.env.CI === "true" ? 1 : 0;
} else {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  try {
    for (const part of [pages, links, models, foreignCode]) {
      if (process.argv.length > 2 && !process.argv.includes(part.name)) continue;
      await part(browser);
    }
  } finally {
    await browser.close();
  }
  console.log(`site: ${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}
server.close();

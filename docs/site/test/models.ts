/** Every starting model of the playground runs, its graph is legible, its sites are described, and the recommended gradient can be copied. */
import type { Browser, Page } from "playwright-core";
import { MODELS } from "../playground/models.js";
import { bars, check, finish, open, overflow, run, status, textOf, violations } from "./browser.js";
import { checkMixture } from "./variances.js";

interface Expected {
  readonly sites: readonly string[];
  readonly params?: readonly string[];
  /** The labels of the arrows. */
  readonly arrows?: readonly string[];
  /** By site: patterns in its description. */
  readonly told: Readonly<Record<string, readonly RegExp[]>>;
}
const EXPECTED: Readonly<Record<string, Expected>> = {
  Coin: { sites: ["fairness", "obs"], told: { fairness: [/smooth function of the parameters/] } },
  "Mixture, as a plate": {
    sites: ["z", "x"],
    arrows: ["element by element"],
    told: { z: [/In guide and model, its distribution is Categorical, batch \[60\], event \[\], in the plate data/] },
  },
  "Mixture, as one event": {
    sites: ["z", "x"],
    arrows: ["element by element"],
    told: { z: [/\+log p\(x\): each element pays for its own element\./] },
  },
  "A plate whose elements are mixed": {
    sites: ["z", "x"],
    arrows: ["mixed by sum"],
    told: { z: [/\+log p\(x\): every element pays for all of it, because sum mixes the elements\./] },
  },
  "A branch on a sample": {
    sites: ["z", "y", "x"],
    told: {
      y: [
        /\+log p\(y\): it pays for all of it\./,
        /Not charged, since they do not depend on it: -log q\(z\), \+log p\(z\), \+log p\(x\)\./,
      ],
      x: [/observed\. Its log density is a cost that depends on z\./],
    },
  },
  "Hidden Markov model": {
    sites: Array.from({ length: 10 }, (_, t) => [`state${t}`, `x${t}`]).flat(),
    params: ["rows", "locs"],
    told: { state3: [/summed out exactly, over 2 values/], rows: [/Used by state0, state1/] },
  },
  "Wake-sleep": { sites: ["z", "x"], arrows: ["element by element"], told: { z: [/weights whole runs/] } },
  "VAE of tiny digits": {
    sites: ["z", "pixels"],
    params: ["decoder"],
    arrows: ["axis -2: element by element", "axis -1: mixed by matmul"],
    told: {
      z: [
        /\+log p\(pixels\): along axis -2, each element affects its own element; along axis -1, every element affects all elements, because matmul mixes/,
      ],
    },
  },
};

/** Texts that are too small, overlap, or are cut off. */
const illegible = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const svg = document.querySelector("#graph svg") as SVGSVGElement;
    const frame = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll("text")];
    const found: string[] = [];
    const scale = frame.width / svg.viewBox.baseVal.width;
    for (const text of texts) {
      const pixels = scale * Number.parseFloat(text.getAttribute("font-size") ?? "14");
      if (pixels < 9) found.push(`${text.textContent} has ${pixels} pixels`);
      const box = text.getBoundingClientRect();
      if (box.left < frame.left - 1 || box.right > frame.right + 1) found.push(`${text.textContent} is cut`);
    }
    const boxes = texts.map((text) => text.getBoundingClientRect());
    boxes.forEach((a, i) => {
      for (const [j, b] of boxes.entries())
        if (j > i && a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3)
          found.push(`${texts[i]?.textContent} lies over ${texts[j]?.textContent}`);
    });
    return found;
  });

export async function models(browser: Browser): Promise<void> {
  const { page, said } = await open(browser, "playground/index.html");
  for (const { name } of MODELS) {
    await page.selectOption("#models", { label: name });
    await run(page);
    check(`${name}: runs`, (await status(page)) === "Done.", await page.textContent("#error"));
    const { sites, params = [], arrows = [], told } = EXPECTED[name] as Expected;
    const drawn = await page.$$eval("#graph g.node[data-name]", (all) => all.map((g) => g.getAttribute("data-name")));
    check(`${name}: its graph has the sites`, [...drawn].sort().join() === [...sites].sort().join(), drawn);
    const buttons = await page.$$eval("#graph .buttons button", (all) => all.map((b) => b.textContent));
    check(`${name}: its parameters are buttons`, buttons.join() === params.join(), buttons);
    const labels = await page.$$eval("#graph g.words text", (all) => all.map((t) => t.textContent));
    check(`${name}: its arrows say which elements meet`, labels.join() === arrows.join(), labels);
    for (const [site, parts] of Object.entries(told)) {
      await page.click(`#graph [data-name="${site}"]`);
      const text = await textOf(page, "#site");
      for (const part of parts) check(`${name}: the description of ${site} matches ${part}`, part.test(text), text);
    }
    if (name.startsWith("Mixture")) await checkMixture(name, await bars(page));
    for (const [width, colorScheme] of [
      [1280, "light"],
      [390, "dark"],
    ] as const) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme });
      const where = `${name}, ${width} pixels`;
      const bad = await illegible(page);
      check(`${where}: its graph is legible`, bad.length === 0, bad);
      const wide = await overflow(page);
      check(`${where}: everything fits`, wide.length === 0, wide);
      const found = await violations(page);
      check(`${where}: accessible`, found.length === 0, found);
    }
    await page.setViewportSize({ width: 1280, height: 900 });
    if (name === "Coin") await checkPosterior(page);
  }
  check("no error on the console", said.length === 0, said);
  await page.close();
}

async function checkPosterior(page: Page): Promise<void> {
  const rows = await page.$$eval("#posterior td", (cells) => cells.map((td) => td.textContent));
  const [, mean, sd, exactMean] = rows;
  // Beta(16, 14) has a standard deviation of 0.090; the guide starts with Beta(3, 3), which has 0.189.
  check(
    "the coin's posterior is found",
    Math.abs(Number(mean) - 16 / 30) < 0.05 && Math.abs(Number(sd) - 0.09) < 0.03,
    rows,
  );
  check("the exact posterior is beside it", exactMean === "0.533", rows);
}

/** The recommended gradient is the unbiased one with the least variance · seconds, as shown by the bars. */
export async function recommendation(browser: Browser): Promise<void> {
  const { page } = await open(browser, "playground/index.html");
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.selectOption("#models", { label: "A plate whose elements are mixed" });
  await run(page);
  const marked = await page.$$eval("#variances dt:has(.best)", (all) =>
    all.map((dt) => (dt as HTMLElement).dataset.label),
  );
  const values = await page.$$eval("#variances dl:nth-of-type(2) dt", (all) =>
    all.map((dt) => ({
      label: (dt as HTMLElement).dataset.label ?? "",
      variance: Number((dt.nextElementSibling as HTMLElement).dataset.value),
      isBiased: dt.textContent?.includes("biased") ?? false,
    })),
  );
  check("one choice of the site is recommended", marked.length === 1, marked);
  check("straightThrough is called biased", values.find(({ label }) => label === "straightThrough")?.isBiased === true);
  const best = values.find(({ label }) => label === marked[0]);
  // DisARM has a thirtieth of the variance, and no choice here takes ten times the time of another one.
  check("the recommended choice has far less noise", best?.label === "disarm", [best, values]);
  await page.click("#variances .buttons button");
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  check("its options can be copied", copied === '{ infer: { gradient: "disarm" } }', copied);
  await page.selectOption("#models", { label: "Coin" });
  await run(page);
  check(
    "the program's own estimator is marked",
    /TraceGraphELBO \(used by this program\)/.test(await textOf(page, "#variances")),
  );
  await page.close();
}

/** Without a mouse, on both layouts. */
export async function keyboard(browser: Browser): Promise<void> {
  for (const width of [1280, 390]) {
    const { page } = await open(browser, "playground/index.html", { width });
    const focused = (selector: string) => page.evaluate((s) => document.activeElement?.matches(s) ?? false, selector);
    const tabTo = async (selector: string): Promise<boolean> => {
      for (let i = 0; i < 40; i++) {
        await page.keyboard.press("Tab");
        if (await focused(selector)) return true;
      }
      return false;
    };
    check(`${width} pixels: Tab reaches the list of models`, await tabTo("#models"));
    await page.keyboard.press("End");
    check("keys choose another one", (await page.inputValue("#program")).includes("Digits of 3 x 5"));
    await page.keyboard.press("Home");
    check("Tab reaches Run", await tabTo("#run"));
    await page.keyboard.press("Enter");
    await finish(page);
    check("Enter runs", (await status(page)) === "Done.");
    check("Tab reaches the program", await tabTo("#program, .cm-content"));
    await page.waitForSelector(".cm-content");
    await page.waitForFunction(() => document.activeElement?.matches(".cm-content"));
    await page.keyboard.press("ControlOrMeta+Enter");
    check("Ctrl+Enter runs too", (await status(page)) !== "Done.");
    await finish(page);
    check("Tab leaves the program, and reaches the sites", await tabTo("#graph g.node[data-name]"));
    const name = await page.evaluate(() => document.activeElement?.getAttribute("data-name"));
    await page.keyboard.press("Enter");
    check("Enter chooses a site", (await textOf(page, "#chosen")) === name, name);
    await page.close();
  }
}

export async function weight(browser: Browser): Promise<void> {
  const { page, bytes } = await open(browser, "playground/index.html");
  check("the first load weighs less than 300 kB", bytes() < 300_000, bytes());
  await page.click("#program");
  await page.waitForSelector(".cm-content");
  await page.waitForLoadState("networkidle");
  await page.waitForTimeout(3000);
  check("with the editor and its types, less than 1.5 MB", bytes() < 1_500_000, bytes());
  console.log(`playground with editor: ${Math.round(bytes() / 1000)} kB`);
  await page.close();
}

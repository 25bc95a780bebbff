/** The pages at two widths, light and dark; the search, the theme, the offline copy, and links. */
import { LinkChecker, LinkState } from "linkinator";
import type { Browser } from "playwright-core";
import { base, check, hasApi, open, overflow, textOf, violations } from "./browser.js";

const PAGES = [
  "index.html",
  "docs/heart/index.html",
  "docs/guide.html",
  "docs/tutorials/svi/svi-3.html",
  "source/infer/elbo/scoreElbo.ts.html",
  "playground/index.html",
];

export async function pages(browser: Browser): Promise<void> {
  for (const dark of [false, true])
    for (const width of [1280, 390])
      for (const path of PAGES) {
        const { page, said } = await open(browser, path, { width, dark });
        const name = `${path}, ${width} pixels, ${dark ? "dark" : "light"}`;
        const found = await violations(page);
        check(`${name}: accessible`, found.length === 0, found);
        const wide = await overflow(page);
        check(`${name}: everything fits`, wide.length === 0, wide);
        check(`${name}: no error on the console`, said.length === 0, said);
        await page.close();
      }
}

/** Every page of the menu on a phone. */
export async function phone(browser: Browser): Promise<void> {
  const { page } = await open(browser, "index.html", { width: 390 });
  const all = await page.$$eval("#menu a", (links) => links.map((a) => (a as HTMLAnchorElement).href));
  for (const url of all) {
    await page.goto(url);
    const wide = await overflow(page);
    check(`${new URL(url).pathname}: everything fits on a phone`, wide.length === 0, wide);
  }
  check("the menu has all pages", all.length > 25, all.length);
  await page.close();
}

export async function search(browser: Browser): Promise<void> {
  for (const width of [1280, 390]) {
    const { page, said } = await open(browser, "docs/guide.html", { width });
    await page.keyboard.press("/");
    await page.keyboard.type("enumerate");
    await page.waitForSelector(".found a");
    const box = await page.locator(".found").boundingBox();
    check(
      `the search finds sections, and shows them within ${width} pixels`,
      box !== null && box.x >= 0 && box.x + box.width <= width,
      box,
    );
    const found = await violations(page);
    check("the search results are accessible", found.length === 0, found);
    await page.keyboard.press("Escape");
    check("Escape closes the search", !(await page.isVisible(".found")));
    await page.keyboard.type("d");
    await page.waitForSelector(".found a");
    await page.keyboard.press("ArrowDown");
    check(
      "arrow keys move through the results",
      await page.evaluate(() => document.activeElement?.matches(".found a:first-child") === true),
    );
    await page.keyboard.press("Enter");
    await page.waitForURL((url) => !url.pathname.endsWith("/docs/guide.html") || url.hash !== "");
    check("Enter opens a result", new URL(page.url()).pathname.startsWith("/some/path/"));
    check("no error on the console", said.length === 0, said);
    await page.close();
  }
}

export async function offline(browser: Browser): Promise<void> {
  const { page, said } = await open(browser, "docs/guide.html");
  await page.click(".theme");
  check("the theme can be switched", (await page.evaluate(() => document.documentElement.dataset.theme)) === "dark");
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
  await page.reload({ waitUntil: "networkidle" });
  await page.context().setOffline(true);
  await page.goto(`${base}docs/engine.html`);
  check("a page opens offline", (await page.textContent("h1")) !== null);
  await page.context().setOffline(false);
  await page.goto(`${base}playground/index.html`, { waitUntil: "networkidle" });
  await page.click("#run");
  await page.waitForFunction(() => document.getElementById("status")?.textContent === "Done.", null, {
    timeout: 180_000,
  });
  await page.waitForTimeout(2000);
  await page.context().setOffline(true);
  await page.reload();
  await page.click("#run");
  await page.waitForSelector("#graph g.node[data-name]");
  check("the playground works offline after its first use", (await textOf(page, "#graph")).includes("fairness"));
  check("no error on the console", said.length === 0, said);
  await page.context().close();
}

export async function links(): Promise<void> {
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

/** The API reference, whose pages TypeDoc makes, and its links back to the site. */
export async function reference(browser: Browser): Promise<void> {
  if (!hasApi) return;
  for (const width of [1280, 390]) {
    const { page } = await open(browser, "api/classes/infer.TraceGraphELBO.html", { width });
    check(`reference, ${width} pixels: a class has a page`, (await textOf(page, "h1")).includes("TraceGraphELBO"));
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    check(`reference, ${width} pixels: nothing wider than the page`, wide <= 0, wide);
    const back = await page.getAttribute('a:text-is("Playground")', "href");
    check(
      "the reference links back to the playground",
      new URL(back ?? "", page.url()).href === `${base}playground/index.html`,
      back,
    );
    await page.close();
  }
}

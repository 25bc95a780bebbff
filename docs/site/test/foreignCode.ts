/** Hostile programs, programs with errors, and programs from links. */
import type { Browser } from "playwright-core";
import { base, check, finish, open, run, status, strangers, textOf, type } from "./browser.js";

const EVIL = '<img src=x onerror="parent.hacked = document.hacked = window.hacked = 1">';
const ATTACK = `import { Normal, param, plate, sample } from "pedigrad";
try { fetch("http://127.0.0.1:9/steal").catch((e) => console.log("fetch: " + e.name)); } catch (e) { console.log("fetch: " + e.name); }
try { importScripts("http://127.0.0.1:9/steal.js"); } catch (e) { console.log("importScripts: " + e.name); }
try { new WebSocket("ws://127.0.0.1:9/"); } catch (e) { console.log("socket: " + e.name); }
const post = (globalThis as any).postMessage;
post({ type: "graph", nodes: ${JSON.stringify(EVIL)}, edges: [], plates: [] });
post({ type: "surprise" });
console.log(${JSON.stringify(EVIL)});
export const model = () => {
  plate(${JSON.stringify(EVIL)} + "]", 2, () => sample(${JSON.stringify(EVIL)}, new Normal(param(${JSON.stringify(`${EVIL}p`)}, 0), 1)));
};
`;

export async function foreignCode(browser: Browser): Promise<void> {
  const { page, said } = await open(browser, "playground/index.html");
  await type(page, ATTACK);
  await run(page);
  const isHacked = () =>
    page.evaluate(() => "hacked" in window || "hacked" in document || document.querySelector("main img") !== null);
  check("names and texts of a program enter the page as text", !(await isHacked()), await textOf(page, "#log"));
  const names = await page.$$eval("#graph g.node[data-name]", (all) => all.map((g) => g.getAttribute("data-name")));
  check("its sites are shown by their names", names.join() === EVIL, names);
  for (const button of await page.$$("#graph .buttons button")) await button.click();
  check(
    "its parameters are shown by their names",
    !(await isHacked()) && (await textOf(page, "#chosen")).startsWith("<img src=x"),
  );
  check("a program reaches no server", strangers.length === 0 && !said.some((text) => /ERR_CONNECTION/.test(text)), [
    strangers,
    said,
  ]);
  await page.close();
}

export async function links(browser: Browser): Promise<void> {
  const { page } = await open(browser, "playground/index.html");
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await type(page, `document; // shared: ü, 漢\nconst shared = 1;\n`);
  await page.click("#share");
  await page.waitForFunction(() => /now contains/.test(document.getElementById("status")?.textContent ?? ""));
  check("the page says that it copied the link", /was copied/.test(await status(page)), await status(page));
  const link = page.url();
  check("the link is copied", (await page.evaluate(() => navigator.clipboard.readText())) === link, link);
  const other = await open(browser, `playground/index.html${new URL(link).hash}`);
  check("a link brings the program back", (await other.page.inputValue("#program")).includes("// shared: ü, 漢"));
  await other.page.waitForTimeout(1000);
  check(
    "a program from a link does not run by itself",
    /press Run/.test(await status(other.page)),
    await status(other.page),
  );
  await type(other.page, "// changed\n");
  await other.page.waitForTimeout(1000);
  check(
    "a program from a link does not run when it is changed",
    !/^(Starting|Step|Done)/.test(await status(other.page)),
    await status(other.page),
  );
  check("the address no longer contains a changed program", new URL(other.page.url()).hash === "");
  await other.page.goto(link);
  await other.page.waitForFunction(() => document.querySelector(".cm-content")?.textContent?.includes("// shared"));
  check("a link opened in the same window is read", /press Run/.test(await status(other.page)));
  check("the address still contains the program", other.page.url() === link, other.page.url());
  const isRefused = () => /does not contain/.test(document.querySelector("#status")?.textContent ?? "");
  await other.page.goto(`${base}playground/index.html#${"A".repeat(60_000)}`);
  await other.page.waitForFunction(isRefused);
  check("a link that is too long is refused", true);
  await other.page.reload();
  await other.page.waitForFunction(isRefused);
  check("a link that is too long is refused in a new window, too", true);
  await other.page.close();
  await page.close();
}

/** The first minutes of a new user, who breaks the coin in every way. */
export async function firstMinutes(browser: Browser): Promise<void> {
  const { page, said } = await open(browser, "index.html");
  await page.click("text=Change a model in the browser");
  await page.waitForSelector("#models option", { state: "attached" });
  check("before the first run the page says what to do", /Press Run/.test(await textOf(page, "#told")));
  check(
    "before the first run the page shows no empty headings",
    (await page.locator("#told h2:visible").count()) === 0,
  );
  await run(page);
  const coin = await page.inputValue("#program");
  check("the coin's results are there", (await page.locator("#told h2:visible").count()) === 5);

  await type(page, coin.replace("new Beta(10, 10)", 'new Beta(10, "ten")'));
  await page.waitForSelector("#problems li", { timeout: 60_000 });
  check(
    "a type error is shown with its line",
    /^Line 6: /.test(await textOf(page, "#problems")),
    await textOf(page, "#problems"),
  );
  await page.waitForSelector(".cm-lintRange-error");
  check("a type error is marked in the program", true);

  await type(page, coin.replace("new Beta(10, 10)", "new Beta(10, -10)"));
  await page.waitForFunction(() => document.getElementById("error")?.textContent !== "");
  check(
    "a changed program is refused with its line and the library's message, without a press of Run",
    /^Line 6: Beta/.test(await textOf(page, "#error")),
    await textOf(page, "#error"),
  );
  check(
    "a refused program hides the results of the previous program",
    (await page.locator("#told h2:visible").count()) === 0,
  );

  await type(page, coin.replace("const fairness =", "const const fairness ="));
  await page.waitForFunction(() => /^Line 6/.test(document.getElementById("error")?.textContent ?? ""));
  check(
    "a syntax error is shown with its line",
    /^Line 6/.test(await textOf(page, "#error")),
    await textOf(page, "#error"),
  );
  await type(page, 'import { x } from "lodash";\n');
  await page.waitForFunction(() => /only "pedigrad"/.test(document.getElementById("error")?.textContent ?? ""));
  check("another package cannot be imported, and the page says so", true);

  await type(page, "while (true) {}\n");
  await page.click("#run");
  await page.waitForTimeout(500);
  check("an endless loop does not block the page", (await page.evaluate(() => 1 + 1)) === 2);
  await page.waitForFunction(() => /Stop ends it/.test(document.getElementById("status")?.textContent ?? ""), null, {
    timeout: 15_000,
  });
  check("after a while the page says that Stop ends it", true);
  await page.click("#stop");
  check("Stop ends an endless loop", (await status(page)) === "Stopped.");

  await type(page, coin);
  await run(page);
  check("the corrected coin runs", (await status(page)) === "Done." && (await textOf(page, "#error")) === "");
  await type(page, "console.log(1 + 1);\n");
  await page.waitForSelector("#log:visible");
  await finish(page);
  check(
    "a program without a model prints its output, and the page says what is missing",
    /export a model/.test(await status(page)),
    await status(page),
  );

  await type(page, 'import { random } from "pedigrad";\nrandom.');
  await page.keyboard.press("Control+Space");
  await page.waitForSelector(".cm-tooltip-autocomplete >> text=normal", { timeout: 60_000 });
  check("completions know the library", true);
  check("no error on the console", said.length === 0, said);
  await page.close();
}

/** Code that the checks share: a server of the built site, pages in Chromium, and a count of the checks that passed. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Browser, Page } from "playwright-core";
import { serve } from "../serve.js";

const dist = fileURLToPath(new URL("../dist", import.meta.url));
export const hasApi = existsSync(`${dist}/api/index.html`);
export const server = await serve(dist, 0, "/some/path/");
export const base = `http://localhost:${(server.address() as AddressInfo).port}/some/path/`;

export const count = { passed: 0, failed: 0 };
export const check = (what: string, ok: boolean, details: unknown = ""): void => {
  if (ok) count.passed++;
  else count.failed++;
  if (!ok || process.env.VERBOSE) console.log(`${ok ? "ok  " : "FAIL"} ${what} ${ok ? "" : JSON.stringify(details)}`);
};

/** Requests to a server that no page of the site should contact. */
export const strangers: string[] = [];

export interface Opened {
  readonly page: Page;
  /** Errors on the console. */
  readonly said: string[];
  /** The number of gzipped bytes that the page has loaded so far. */
  readonly bytes: () => number;
}

export async function open(browser: Browser, path: string, { width = 1280, dark = false } = {}): Promise<Opened> {
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

export const textOf = async (page: Page, selector: string): Promise<string> => (await page.textContent(selector)) ?? "";
export const status = (page: Page): Promise<string> => textOf(page, "#status");

/** Wait for the end of a run. */
export async function finish(page: Page): Promise<void> {
  await page.waitForFunction(
    () => document.getElementById("status")?.textContent?.match(/^(Done\..*|Refused\.)$/),
    null,
    {
      timeout: 180_000,
    },
  );
}
export async function run(page: Page): Promise<void> {
  await page.click("#run");
  await finish(page);
}

/** Put a program into the editor. */
export async function type(page: Page, text: string): Promise<void> {
  if (await page.isVisible("#program")) {
    await page.click("#program");
    await page.waitForSelector(".cm-content");
  }
  await page.click(".cm-content");
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.insertText(text);
}

/** The bars of the estimators by their labels. */
export const bars = (page: Page): Promise<Record<string, number>> =>
  page.$$eval("#variances dl", ([list]) =>
    Object.fromEntries(
      [...(list as Element).querySelectorAll("dt")].map((dt) => [
        dt.dataset.label ?? "",
        Number((dt.nextElementSibling as HTMLElement).dataset.value),
      ]),
    ),
  );

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** Serious violations of accessibility, including contrast. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    // biome-ignore lint/suspicious/noExplicitAny: axe puts itself on the window
    const { violations: found } = await (globalThis as any).axe.run(document, { resultTypes: ["violations"] });
    return found
      .filter(({ impact }: { impact: string }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }: { id: string; nodes: { html: string }[] }) => `${id}: ${nodes[0]?.html}`);
  });
}

/** Content that does not fit: a page wider than its window, or a box that cuts its text off without scrolling. */
export const overflow = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const found: string[] = [];
    const wide = document.documentElement.scrollWidth - innerWidth;
    if (wide > 0) found.push(`the page, by ${wide} pixels`);
    for (const element of document.querySelectorAll<HTMLElement>("body *")) {
      const { overflowX, display, position } = getComputedStyle(element);
      if (overflowX === "auto" || overflowX === "scroll" || display === "inline" || element.closest("svg")) continue;
      const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim());
      if (!hasText || element.clientWidth < 2) continue;
      const isHiddenAside = position === "absolute" && element.getBoundingClientRect().right < 0;
      if (!isHiddenAside && element.scrollWidth > element.clientWidth + 1)
        found.push(`${element.tagName} ${element.className}: ${element.textContent?.slice(0, 60)}`);
    }
    return found;
  });

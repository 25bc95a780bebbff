/**
 * Tests of the built site in headless Chromium: links, accessibility, size, and the playground. Under CI=true a
 * missing browser is a failure. After `npm run site:build`:
 *
 *     npm --prefix docs/site test                     everything
 *     npm --prefix docs/site test -- pages keyboard   some parts
 */
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";
import { count, server } from "./browser.js";
import { firstMinutes, foreignCode, links as sharedLinks } from "./foreignCode.js";
import { keyboard, models, recommendation, weight } from "./models.js";
import { links, offline, pages, phone, reference, search } from "./pages.js";
import { variances } from "./variances.js";

const PARTS: Readonly<Record<string, (browser: Browser) => Promise<void>>> = {
  pages,
  phone,
  search,
  offline,
  reference,
  links,
  weight,
  models,
  recommendation,
  variances,
  keyboard,
  foreignCode,
  sharedLinks,
  firstMinutes,
};

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
if (executablePath === undefined) {
  console.log("no Chromium is installed");
  process.exitCode = process.env.CI === "true" ? 1 : 0;
} else {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  try {
    const asked = process.argv.slice(2);
    for (const [name, part] of Object.entries(PARTS)) {
      if (asked.length > 0 && !asked.includes(name)) continue;
      const start = performance.now();
      await part(browser);
      console.log(`${name}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
    }
  } finally {
    await browser.close();
  }
  console.log(`site: ${count.passed} passed, ${count.failed} failed`);
  process.exitCode = count.failed > 0 ? 1 : 0;
}
server.close();

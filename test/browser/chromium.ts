/** A real Chromium, where there is one: `CHROMIUM` names its file, else the usual places are tried. */
import { existsSync } from "node:fs";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { chromium } from "playwright-core";

const usual = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const file = process.env["CHROMIUM"] ?? usual.find((path) => existsSync(path));

export const isAbsent = file === undefined;
/** For the name of a suite, which says why it was skipped. */
export const engineName = isAbsent ? "a real Chromium (CHROMIUM names none)" : "a real Chromium";

export const launch = (): Promise<Browser> => chromium.launch({ executablePath: file ?? "" });

export interface Opened extends AsyncDisposable {
  readonly page: Page;
  /** What the page asked the network for, beside itself. */
  readonly requests: string[];
  /** What the browser had to complain of. */
  readonly complaints: string[];
}

const address = "http://report.test/report.html";

/** Opens a page as if it came from a server, and lets it reach nothing. */
export async function open(browser: Browser, html: string, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  await context.route("**/*", (route) => {
    const url = route.request().url();
    if (url === address) return route.fulfill({ contentType: "text/html; charset=utf-8", body: html });
    requests.push(url);
    return route.abort();
  });
  await page.goto(address);
  return { page, requests, complaints, [Symbol.asyncDispose]: () => context.close() };
}

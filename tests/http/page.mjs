// The search page in a headless Chromium: node page.mjs FOLDER-OF-MODULES ADDRESS

import assert from "node:assert";
import { createRequire } from "node:module";

const [modules, address] = process.argv.slice(2);
const { chromium } = createRequire(`${modules}/`)("playwright-core");

const browser = await chromium.launch({ executablePath: process.env.COGO_TEST_CHROMIUM, args: ["--no-sandbox"] });
try {
  const page = await browser.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  page.on("request", (request) => assert(request.url().startsWith(address) || request.url().startsWith("data:"), request.url()));

  await page.goto(address);
  await page.fill("#query", "where are requests retried");
  await page.waitForFunction(() => document.getElementById("status").textContent.includes(" ms"));
  const first = page.locator("article").first();
  assert.match(await first.locator("h2").textContent(), /^src\/retry\.rs:\d+-\d+$/);
  assert((await first.locator("mark").count()) > 0, "nothing is marked");
  assert.match(await page.locator("#status").textContent(), /^\d hits? in [\d.]+ ms$/);

  await first.getByRole("button", { name: "why" }).click();
  await first.locator("table tr").first().waitFor();
  await first.getByRole("button", { name: "neighbours" }).click();
  await first.locator("svg circle.centre").waitFor();
  assert.match(await first.locator("svg").textContent(), /step/, "what it calls is in the picture");

  await page.fill("#language", "python");
  await page.waitForFunction(() => [...document.querySelectorAll("h2")].every((title) => title.textContent.includes(".py:")));
  await page.fill("#language", "klingon");
  await page.waitForFunction(() => document.getElementById("status").className === "error");
  assert.match(await page.locator("#status").textContent(), /unknown language/);

  await page.goto(`${address}/?q=rate+of+requests`);
  await page.locator("article").first().waitFor();
  await page.goto(`${address}/docs`);
  await page.getByText("/v1/search/stream").waitFor();
  // A refused request is written to the console by the browser itself.
  assert.deepEqual(problems.filter((problem) => !problem.includes("400 (Bad Request)")), []);
} finally {
  await browser.close();
}

// SPDX-License-Identifier: Apache-2.0

// Uses the page of examples/service as people do: two tabs, keyboard and mouse, errors, a conflict, an upload, a restart meanwhile. Once
// over HTTP/1.1, and once over TLS, by HTTP/2.
//   node page_test.js SERVICE CHROMIUM FOLDER      screenshots go to FOLDER
"use strict";
const assert = require("node:assert");
const crypto = require("node:crypto");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const {Browser} = require("./browser.js");
const {Service} = require("./service_process.js");

const [program, chromium, folder] = process.argv.slice(2);
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "weft-page-"));
const isLive = 'document.getElementById("connection").dataset.state === "live"';
const shown = (id) => `!document.getElementById("${id}").hidden`;
const listed = (text) => `[...document.querySelectorAll("#notes button")].some((b) => b.innerText.includes(${JSON.stringify(text)}))`;
const valueOf = (id) => `document.getElementById("${id}").value`;
const titleIs = (text) => `${valueOf("title")} === ${JSON.stringify(text)} && document.body.getAttribute("aria-busy") !== "true"`;

async function createByKeyboard(a, b) {
  await a.press("Tab");
  assert.equal(await a.evaluate("document.activeElement.id"), "title", "the first stop of Tab");
  await a.type("tea");
  await a.press("Tab");
  await a.type("green");
  await a.press("Tab");
  await a.press("Enter");
  await a.until(listed("tea"));
  await b.until(listed("tea"), "the other tab shows the new note");
  await a.press("KeyN", 1);
  await a.until(titleIs(""), "Alt+N begins a new note");
}

async function errorsInWords(a) {
  await a.click("#save");
  await a.until(shown("title-error"));
  assert.equal(await a.evaluate('document.getElementById("title-error").innerText'), "The title must not be empty.");
  assert.equal(await a.evaluate("document.activeElement.id"), "title", "the field that is wrong has the focus");
  assert.equal(await a.evaluate('document.getElementById("title").getAttribute("aria-invalid")'), "true");
}

async function conflict(a, b) {
  for (const tab of [a, b]) {
    await tab.click("#notes button");
    await tab.until(titleIs("tea"));
  }
  await b.replace("#title", "tea of b");
  await a.replace("#title", "tea of a");
  await a.click("#save");
  await a.until(listed("tea of a"));
  await b.until(listed("tea of a"), "a change is shown live");
  assert.equal(await b.evaluate(valueOf("title")), "tea of b", "what is being written stays");
  await b.click("#save");
  await b.until(shown("conflict"));
  assert.match(await b.evaluate('document.getElementById("theirs").innerText'), /tea of a/);
  assert.equal(await b.evaluate("document.activeElement.id"), "conflict-title");
  await b.screenshot(path.join(folder, "conflict.png"));
  await b.click("#keep-mine");
  await b.until(`!${shown("conflict")}`);
  await a.until(listed("tea of b"));
  await a.until(titleIs("tea of b"), "a form that was not touched follows");

  await a.replace("#text", "black");
  await b.replace("#text", "white");
  await a.click("#save");
  await b.until(listed("black"));
  await b.click("#save");
  await b.until(shown("conflict"));
  await b.click("#take-theirs");
  await b.until(`${valueOf("text")} === "black"`);
}

async function upload(a) {
  const file = path.join(scratch, "picture.png");
  fs.writeFileSync(file, crypto.randomBytes(3_000_000));
  await a.chooseFile("#file", file);
  await a.click("#upload button");
  await a.until('document.querySelector("#files a")');
  const url = await a.evaluate('document.querySelector("#files a").href');
  const came = Buffer.from(await (await fetch(url)).arrayBuffer());
  assert.ok(came.equals(fs.readFileSync(file)), "the file comes back as it was");
}

async function chat(a, b, word) {
  const said = (text) => `[...document.querySelectorAll("#chat-lines li")].some((line) => line.innerText === ${JSON.stringify(text)})`;
  for (const [from, to, text] of [[a, b, `${word} b`], [b, a, `${word} a`]]) {
    await from.until('!document.getElementById("chat-send").disabled');
    await from.click("#chat-text");
    await from.type(text);
    await from.press("Enter");
    for (const tab of [from, to]) await tab.until(said(text));
  }
}

async function restartMeanwhile(a, b, service) {
  await a.replace("#text", "written while the service restarts");
  assert.equal(await service.stop(), 0, "it drains although two tabs listen");
  await a.until('document.getElementById("connection").dataset.state === "lost"');
  await a.click("#save");
  await a.until(`${shown("message")} && document.getElementById("message").innerText.includes("cannot be reached")`);
  await service.start();
  for (const tab of [a, b]) await tab.until(isLive, "the page connects again by itself");
  assert.equal(await a.evaluate(valueOf("text")), "written while the service restarts");
  await a.click("#save");
  await b.until(listed("written while the service restarts"));
}

async function pagesAndDelete(a, b, service) {
  const post = (i) => fetch(`${service.url}/api/notes`,
      {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({title: `note ${i}`, text: "x".repeat(i)})});
  for (let i = 0; i < 30; ++i) assert.equal((await post(i)).status, 201);
  await b.until(listed("note 29"));
  await b.evaluate("location.reload()");
  await b.until(`${isLive} && document.querySelectorAll("#notes li").length === 20`);
  await b.click("#more");
  await b.until('document.querySelectorAll("#notes li").length === 31');
  await a.click("#delete");
  await b.until(`!${listed("written while")}`, "a note that was deleted goes");
  assert.deepEqual(a.dialogs, ["Delete this note?"]);
}

async function looks(page) {
  for (const [name, width, height] of [["wide", 1280, 900], ["narrow", 360, 740]]) {
    await page.size(width, height);
    assert.ok(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), `${name}: nothing is wider than the window`);
    await page.screenshot(path.join(folder, `${name}.png`));
  }
  await page.call("Accessibility.enable");
  const {nodes} = await page.call("Accessibility.getFullAXTree");
  const unnamed = nodes.filter((n) => ["button", "link", "textbox", "progressbar"].includes(n.role?.value) && !n.ignored && !n.name?.value);
  assert.deepEqual(unnamed.map((n) => n.role.value), [], "everything that can be used has a name");
}

async function use(protocol, flags) {
  const data = path.join(scratch, protocol.replace("/", "-"));
  fs.mkdirSync(data);
  const service = new Service(program, ["--database", path.join(data, "notes.db"), "--files", path.join(data, "files"), ...flags]);
  await service.start();
  const browser = new Browser(chromium, path.join(data, "profile"));
  try {
    const [a, b] = [await browser.open(`${service.url}/`), await browser.open(`${service.url}/`)];
    for (const tab of [a, b]) await tab.until(isLive);
    assert.equal(await a.evaluate('performance.getEntriesByType("navigation")[0].nextHopProtocol'), protocol);
    await createByKeyboard(a, b);
    await errorsInWords(a);
    await conflict(a, b);
    await upload(a);
    await chat(a, b, "hello");
    await restartMeanwhile(a, b, service);
    await chat(b, a, "again");
    await pagesAndDelete(a, b, service);
    await looks(b);
    assert.deepEqual([...a.faults, ...b.faults], []);
  } finally {
    await browser.close();
    assert.equal(await service.stop(), 0);
  }
}

async function main() {
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";  // the service has signed its certificate itself
  process.removeAllListeners("warning");
  try {
    await use("http/1.1", []);
    await use("h2", ["--tls-self-signed"]);
  } finally {
    fs.rmSync(scratch, {recursive: true, force: true});
  }
}

main().then(() => console.log("the page does what it should"), (error) => { console.error(error); process.exit(1); });

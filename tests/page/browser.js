// SPDX-License-Identifier: Apache-2.0

// Chromium without a window, driven by the DevTools protocol over two pipes: nothing to install but the browser.
"use strict";
const {spawn} = require("node:child_process");
const fs = require("node:fs");

class Browser {
  constructor(program, profile) {
    this.process = spawn(program,
        ["--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
         "--force-prefers-reduced-motion", "--ignore-certificate-errors", `--user-data-dir=${profile}`, "about:blank"],
        {stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"]});
    this.last = 0;
    this.calls = new Map();  // number -> who waits for its result
    this.pages = new Map();  // session -> Page
    let rest = Buffer.alloc(0);
    this.process.stdio[4].on("data", (piece) => {
      rest = Buffer.concat([rest, piece]);
      for (let end; (end = rest.indexOf(0)) >= 0; rest = rest.subarray(end + 1)) this.take(JSON.parse(rest.subarray(0, end)));
    });
  }
  take(message) {
    if (message.id === undefined) return this.pages.get(message.sessionId)?.take(message);
    const {resolve, reject} = this.calls.get(message.id);
    this.calls.delete(message.id);
    if (message.error) reject(new Error(message.error.message)); else resolve(message.result);
  }
  call(method, params = {}, sessionId = undefined) {
    return new Promise((resolve, reject) => {
      this.calls.set(++this.last, {resolve, reject});
      this.process.stdio[3].write(JSON.stringify({id: this.last, method, params, sessionId}) + "\0");
    });
  }
  async open(url) {
    const {targetId} = await this.call("Target.createTarget", {url: "about:blank"});
    const {sessionId} = await this.call("Target.attachToTarget", {targetId, flatten: true});
    const page = new Page(this, sessionId, targetId);
    this.pages.set(sessionId, page);
    for (const domain of ["Page", "Runtime", "DOM", "Log"]) await page.call(`${domain}.enable`);
    await page.call("Page.navigate", {url});
    return page;
  }
  async close() {
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    await this.call("Browser.close").catch(() => this.process.kill());
    await ended;
  }
}

class Page {
  constructor(browser, session, target) {
    Object.assign(this, {browser, session, target});
    this.dialogs = [];  // what was asked by confirm(), which is always accepted
    this.faults = [];   // what a developer would see in red in the console
  }
  call(method, params) { return this.browser.call(method, params, this.session); }
  take({method, params}) {
    if (method === "Page.javascriptDialogOpening") {
      this.dialogs.push(params.message);
      this.call("Page.handleJavaScriptDialog", {accept: true}).catch(() => {});
    } else if (method === "Runtime.exceptionThrown") {
      this.faults.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
    } else if (method === "Log.entryAdded" && params.entry.level === "error" && params.entry.source !== "network") {
      this.faults.push(params.entry.text);
    }
  }
  front() { return this.browser.call("Target.activateTarget", {targetId: this.target}); }

  async evaluate(expression) {
    const {result, exceptionDetails} = await this.call("Runtime.evaluate", {expression, awaitPromise: true, returnByValue: true});
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
    return result.value;
  }
  // Until the expression is true; what it is about is said where that takes too long.
  async until(expression, what = expression) {
    for (const end = Date.now() + 15000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 20))) {
      if (await this.evaluate(expression).catch(() => false)) return;
    }
    throw new Error(`not within 15 s: ${what}; the page says: ${await this.evaluate("document.body.innerText").catch(String)}`);
  }
  // In the middle of the element, as a user does it.
  async click(selector) {
    await this.front();
    const at = await this.evaluate(`(() => {
      const element = document.querySelector(${JSON.stringify(selector)});
      element.scrollIntoView({block: "center"});
      const box = element.getBoundingClientRect();
      return {x: box.x + box.width / 2, y: box.y + box.height / 2};
    })()`);
    for (const type of ["mousePressed", "mouseReleased"]) await this.call("Input.dispatchMouseEvent", {type, ...at, button: "left", clickCount: 1});
  }
  async type(text) {
    await this.front();
    await this.call("Input.insertText", {text});
  }
  async press(key, modifiers = 0) {
    await this.front();
    const codes = {Tab: 9, Enter: 13, KeyA: 65, KeyN: 78};
    const letter = key.startsWith("Key") ? key[3].toLowerCase() : key;
    const params = {key: letter, code: key, windowsVirtualKeyCode: codes[key], modifiers, ...(key === "Enter" ? {text: "\r"} : {})};
    await this.call("Input.dispatchKeyEvent", {type: "keyDown", ...params, ...(modifiers === 2 && key === "KeyA" ? {commands: ["selectAll"]} : {})});
    await this.call("Input.dispatchKeyEvent", {type: "keyUp", ...params});
  }
  async replace(selector, text) {
    await this.click(selector);
    await this.press("KeyA", 2);
    await this.type(text);
  }
  async chooseFile(selector, file) {
    const {root} = await this.call("DOM.getDocument");
    const {nodeId} = await this.call("DOM.querySelector", {nodeId: root.nodeId, selector});
    await this.call("DOM.setFileInputFiles", {nodeId, files: [file]});
  }
  async size(width, height) {
    await this.call("Emulation.setDeviceMetricsOverride", {width, height, deviceScaleFactor: 1, mobile: width < 600});
  }
  async screenshot(file) {
    await this.front();
    const {data} = await this.call("Page.captureScreenshot", {format: "png", captureBeyondViewport: true});
    fs.writeFileSync(file, Buffer.from(data, "base64"));
  }
}

module.exports = {Browser};

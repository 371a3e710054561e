// SPDX-License-Identifier: Apache-2.0
//
// A headless Chromium with two tabs in the chat and two with the events, over HTTP/1.1 and over HTTP/2, over restarts of each server:
// scripts/suites browser.
//
//   node tests/e2e/clients/browser_live.mjs FOLDER-OF-THE-EXAMPLES CHROMIUM
//
// It speaks the DevTools protocol over a pipe. Prints what went wrong and ends with 1, or "ok".
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [examples, chromium] = process.argv.slice(2);
const kPatience = 20_000;

// A server on this address; resolves once it listens.
function serve(name, address, flags = []) {
  const child = spawn(join(examples, name), ["--address", address, ...flags], { stdio: ["ignore", "pipe", "inherit"] });
  child.ended = new Promise(resolve => child.once("exit", (code, signal) => resolve(signal ?? code)));
  child.listening = new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", data => {
      text += data;
      const match = text.match(/listening on https?:\/\/(\S+)/);
      if (match) resolve(match[1]);
    });
    child.once("exit", code => reject(new Error(`${name} has ended with ${code}`)));
  });
  child.listening.catch(() => {});
  return child;
}

// SIGTERM, and how long it took until the end.
async function stop(child) {
  const begin = Date.now();
  child.kill("SIGTERM");
  const outcome = await child.ended;
  if (outcome !== 0) throw new Error(`a server has ended with ${outcome}`);
  return Date.now() - begin;
}

class Browser {
  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "weft-browser."));
    this.child = spawn(chromium, ["--headless", "--no-sandbox", "--disable-gpu", "--ignore-certificate-errors", "--remote-debugging-pipe", `--user-data-dir=${this.folder}`],
                       { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    this.calls = new Map();
    this.tabs = new Map();
    this.next = 0;
    let rest = "";
    this.child.stdio[4].on("data", data => {
      const parts = (rest + data).split("\0");
      rest = parts.pop();
      for (const part of parts) {
        const message = JSON.parse(part);
        if (message.method) this.tabs.get(message.sessionId)?.note(message.method, message.params);
        const call = this.calls.get(message.id);
        if (!call) continue;
        this.calls.delete(message.id);
        if (message.error) call.reject(new Error(message.error.message));
        else call.resolve(message.result);
      }
    });
  }
  send(method, params = {}, sessionId = undefined) {
    const id = ++this.next;
    this.child.stdio[3].write(JSON.stringify({ id, method, params, sessionId }) + "\0");
    return new Promise((resolve, reject) => this.calls.set(id, { resolve, reject }));
  }
  async open(url) {
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const tab = new Tab(this, sessionId);
    tab.target = targetId;
    this.tabs.set(sessionId, tab);
    await this.send("Network.enable", {}, sessionId);
    await this.send("Page.navigate", { url }, sessionId);
    return tab;
  }
  async close() {
    await this.send("Browser.close").catch(() => {});
    await new Promise(resolve => this.child.exitCode === null ? this.child.once("exit", resolve) : resolve());
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

class Tab {
  constructor(browser, session) {
    this.browser = browser;
    this.session = session;
    this.handshakes = [];  // statuses by which WebSockets were opened: 101, or 200 over HTTP/2
  }
  note(method, params) {
    if (method === "Network.webSocketHandshakeResponseReceived") this.handshakes.push(params.response.status);
  }
  async value(expression) {
    const { result, exceptionDetails } = await this.browser.send("Runtime.evaluate", { expression, returnByValue: true }, this.session);
    return exceptionDetails ? undefined : result.value;
  }
  // Waits until it is true in the page.
  async until(expression) {
    for (const end = Date.now() + kPatience; Date.now() < end;) {
      if (await this.value(expression)) return;
      await new Promise(resolve => setTimeout(resolve, 20));
    }
    throw new Error(`not true in the page: ${expression}; it shows ${await this.value("document.body.innerText")}`);
  }
  close() { return this.browser.send("Target.closeTarget", { targetId: this.target }); }
  state(text) { return this.until(`document.getElementById("state").textContent === ${JSON.stringify(text)}`); }
  shows(text) { return this.until(`document.getElementById("log").innerText.includes(${JSON.stringify(text)})`); }
  say(text) {
    return this.value(`document.getElementById("text").value = ${JSON.stringify(text)}; document.getElementById("form").requestSubmit()`);
  }
}

function expect(condition, what) {
  if (!condition) throw new Error(what);
}

async function chat(browser, scheme, flags, status) {
  let server = serve("chat", "127.0.0.1:0", flags);
  try {
    const address = await server.listening;
    const tabs = [await browser.open(`${scheme}://${address}/`), await browser.open(`${scheme}://${address}/`)];
    for (const tab of tabs) await tab.state("connected");
    for (const [i, tab] of tabs.entries()) {
      await tab.say(`hello from ${i}`);
      for (const other of tabs) await other.shows(`hello from ${i}`);
    }
    const large = "x".repeat(4000);
    await tabs[0].say(large);
    await tabs[1].shows(large);
    const took = await stop(server);
    expect(took < 3000, `the drain with two WebSockets took ${took} ms`);
    for (const tab of tabs) await tab.state("closed 1001");
    server = serve("chat", address, flags);
    await server.listening;
    for (const tab of tabs) await tab.state("connected");
    await tabs[0].say("after the restart");
    for (const tab of tabs) await tab.shows("after the restart");
    for (const tab of tabs) {
      expect(tab.handshakes[0] === status, `a WebSocket of ${scheme} was opened by ${tab.handshakes}`);
      await tab.value("socket.onclose = null; socket.close(1000)");
      await tab.until("socket.readyState === WebSocket.CLOSED");
    }
    const alone = await stop(server);
    expect(alone < 3000, `the drain after the WebSockets took ${alone} ms`);
  } finally {
    server.kill("SIGKILL");
  }
}

// Two tabs, each with a stream of its own, over a restart; then one of them alone, over another one.
async function events(browser, scheme, flags) {
  let server = serve("events", "127.0.0.1:0", flags);
  const count = `document.querySelectorAll("#log li").length`;
  const numbers = tab => tab.value(`[...document.querySelectorAll("#log li")].map(item => item.value)`);
  const restart = async (address, tabs) => {
    const took = await stop(server);
    expect(took < 3000, `the drain with ${tabs.length} streams of events took ${took} ms`);
    for (const tab of tabs) await tab.state("reconnecting");
    const before = await Promise.all(tabs.map(tab => tab.value(count)));
    server = serve("events", address, flags);
    await server.listening;
    for (const [i, tab] of tabs.entries()) {
      await tab.state("connected");
      await tab.until(`${count} >= ${before[i] + 3}`);
    }
  };
  try {
    const address = await server.listening;
    const tabs = [await browser.open(`${scheme}://${address}/`), await browser.open(`${scheme}://${address}/`)];
    for (const tab of tabs) await tab.state("connected");
    for (const tab of tabs) await tab.until(`${count} >= 3`);
    await restart(address, tabs);
    const [first, second] = await Promise.all(tabs.map(numbers));
    for (const seen of [first, second]) {
      expect(seen.every((n, i) => i === 0 || n > seen[i - 1]), `events came twice or out of order: ${seen}`);
    }
    // What both have seen, they have seen alike: from where the later one began, up to where the earlier one was asked.
    const from = Math.max(first[0], second[0]), to = Math.min(first.at(-1), second.at(-1));
    const common = seen => seen.filter(n => n >= from && n <= to).join();
    expect(common(first) === common(second), `the tabs differ: ${first} and ${second}`);
    await tabs[1].close();
    await restart(address, [tabs[0]]);
    await tabs[0].close();
    const alone = await stop(server);
    expect(alone < 3000, `the drain after the streams took ${alone} ms`);
  } finally {
    server.kill("SIGKILL");
  }
}

const browser = new Browser();
try {
  await chat(browser, "http", [], 101);
  await chat(browser, "https", ["--tls-self-signed"], 200);
  await events(browser, "http", []);
  await events(browser, "https", ["--tls-self-signed"]);
  console.log("ok");
} catch (error) {
  console.log(error.message);
  process.exitCode = 1;
} finally {
  await browser.close();
}

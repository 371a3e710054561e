// SPDX-License-Identifier: Apache-2.0

// The example service as a process that can be ended and started again at the same address.
"use strict";
const {spawn} = require("node:child_process");
const readline = require("node:readline");

class Service {
  constructor(program, flags) {
    Object.assign(this, {program, flags});
    this.address = "127.0.0.1:0";
  }
  async start() {
    this.process = spawn(this.program, ["--address", this.address, "--debug-address", "127.0.0.1:0", ...this.flags],
        {stdio: ["ignore", "pipe", "inherit"]});
    this.ended = new Promise((resolve) => this.process.once("exit", (code, signal) => resolve(signal ?? code)));
    const listening = new Promise((resolve, reject) => {
      readline.createInterface({input: this.process.stdout}).on("line", (line) => {
        if (line.startsWith("listening on ")) resolve(line.slice("listening on ".length));
      });
      this.ended.then((how) => reject(new Error(`the service ended with ${how}`)));
    });
    this.url = await listening;
    this.address = new URL(this.url).host;
  }
  // Its exit code.
  stop() {
    this.process.kill("SIGTERM");
    return this.ended;
  }
}

module.exports = {Service};

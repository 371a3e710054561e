// SPDX-License-Identifier: Apache-2.0
//
// Node's http client with a keep-alive agent: node_client.js http://HOST:PORT. Prints "ok N requests on M sockets".
'use strict';
const http = require('http');
const assert = require('assert');
const crypto = require('crypto');

const base = process.argv[2];
const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
const sockets = new Set();
let requests = 0;

function ask(method, path, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request(base + path, { method, agent, headers }, (response) => {
      const pieces = [];
      response.on('data', (piece) => pieces.push(piece));
      response.on('end', () => {
        assert(response.complete);
        resolve({ status: response.statusCode, headers: response.headers, trailers: response.trailers, body: Buffer.concat(pieces) });
      });
      response.on('error', reject);
    });
    request.on('socket', (socket) => sockets.add(socket));
    request.on('error', reject);
    if (headers.Expect) {
      request.on('continue', () => request.end(body));
      request.flushHeaders();
    } else if (Array.isArray(body)) {  // without a length: in chunks
      for (const piece of body) request.write(piece);
      request.end();
    } else {
      request.end(body);
    }
    ++requests;
  });
}

async function main() {
  const gets = [];
  for (let i = 0; i < 400; ++i) gets.push(ask('GET', '/hello'));
  for (const answer of await Promise.all(gets)) {
    assert.strictEqual(answer.status, 200);
    assert.strictEqual(answer.body.toString(), 'hello');
  }

  const head = await ask('HEAD', '/hello');
  assert.strictEqual(head.body.length, 0);
  assert.strictEqual(head.headers['content-length'], '5');

  const posts = [];
  for (let i = 0; i < 40; ++i) {
    const bytes = crypto.randomBytes(1 + i * 1000);
    const how = [bytes, [bytes.subarray(0, i), bytes.subarray(i)], bytes][i % 3];
    const headers = i % 3 === 2 ? { 'Expect': '100-continue', 'Content-Length': bytes.length } : {};
    posts.push(ask('POST', '/echo', how, headers).then((answer) => {
      assert.strictEqual(answer.status, 200);
      assert(answer.body.equals(bytes));
    }));
  }
  await Promise.all(posts);

  const large = await ask('GET', '/big?n=5000000');
  assert.strictEqual(large.body.length, 5000000);
  assert.strictEqual(large.trailers['x-sum'], '5000000');
  agent.destroy();
  console.log(`ok ${requests} requests on ${sockets.size} sockets`);
}

main().catch((error) => {
  console.log(`failed: ${error.stack}`);
  process.exit(1);
});

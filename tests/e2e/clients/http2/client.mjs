// SPDX-License-Identifier: Apache-2.0
// Node's http2 module: one session, and another one after a GOAWAY.
import fs from 'node:fs';
import http2 from 'node:http2';

const [base, caFile, askers] = process.argv.slice(2);
const ca = fs.readFileSync(caFile);
let session = null;

// A session that takes new streams; rejects where nothing listens.
function connect() {
  if (session) return session;
  session = new Promise((resolve, reject) => {
    const made = http2.connect(base, { ca });
    const forget = () => { session = null; };
    made.on('connect', () => resolve(made));
    made.on('goaway', forget);
    made.on('close', forget);
    made.on('error', (error) => { forget(); reject(error); });
  });
  return session;
}

async function ask(method, path, body) {
  const on = await connect();
  return new Promise((resolve, reject) => {
    const stream = on.request({ ':method': method, ':path': path });
    const chunks = [];
    let status = 0;
    stream.on('response', (headers) => { status = headers[':status']; });
    stream.on('data', (chunk) => chunks.push(chunk));
    stream.on('end', () => (status ? resolve({ status, body: Buffer.concat(chunks) }) : reject(new Error('no response'))));
    stream.on('error', reject);
    stream.end(body);
  });
}

function check(what, holds) {
  if (!holds) throw new Error(what);
}

const many = await Promise.all(Array.from({ length: 60 }, () => ask('GET', '/nap')));
check('60 at once', many.every((r) => r.status === 200 && r.body.toString() === 'rested'));
const million = Buffer.alloc(1 << 20, 'weft ');
check('echo', (await ask('POST', '/echo', million)).body.equals(million));
check('large', (await ask('GET', '/big?n=5000000')).body.length === 5000000);
check('early', (await ask('POST', '/ignore', million)).body.toString() === 'no need');

console.log('load');
let answered = 0;
async function askOn() {
  for (;;) {
    try {
      const response = await ask('GET', '/nap');
      check('status', response.status === 200);
      ++answered;
    } catch (error) {
      if (error.code === 'ECONNREFUSED') return;
      // Node does not send a stream that its session refuses for the GOAWAY that has just come.
      if (error.code === 'ERR_HTTP2_GOAWAY_SESSION' || error.code === 'ERR_HTTP2_INVALID_SESSION') continue;
      throw error;
    }
  }
}
await Promise.all(Array.from({ length: Number(askers) }, askOn));
console.log(`Node.js ${process.version}: ${answered} answered`);
process.exit(0);

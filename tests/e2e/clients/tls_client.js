// SPDX-License-Identifier: Apache-2.0
//
// usage: tls_client.js https://127.0.0.1:PORT CA.pem
// Verifies the server, keeps a connection, sends a large body, and meets a response that is broken off.
const fs = require('fs');
const https = require('https');

const base = process.argv[2];
const agent = new https.Agent({ca: fs.readFileSync(process.argv[3]), keepAlive: true, maxSockets: 1});

function ask(path, options = {}, body = null) {
  return new Promise((resolve, reject) => {
    const request = https.request(base + path, {agent, ...options}, (response) => {
      const pieces = [];
      response.on('data', (piece) => pieces.push(piece));
      response.on('end', () => resolve(Buffer.concat(pieces)));
      response.on('error', reject);
      response.on('aborted', () => reject(new Error('aborted')));
    });
    request.on('error', reject);
    request.end(body);
  });
}

function check(what, good) {
  if (!good) throw new Error(what);
}

async function main() {
  for (let i = 0; i < 3; ++i) check('hello', (await ask('/hello')).toString() === 'hello');
  const body = Buffer.alloc(5000000, 'weft');
  check('echo', (await ask('/echo', {method: 'POST'}, body)).equals(body));
  check('until close', (await ask('/until-close')).length === 200000);
  let broke = false;
  await ask('/broken').catch(() => { broke = true; });
  check('a response that was broken off looked complete', broke);
  let refused = false;
  await ask('/hello', {agent: new https.Agent()}).catch((error) => { refused = /self-signed|SELF_SIGNED|self signed/.test(error.code + error.message); });
  check('it trusts anybody', refused);
  agent.destroy();
  console.log('ok');
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});

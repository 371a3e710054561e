// SPDX-License-Identifier: Apache-2.0
// Node.js.
import fs from 'node:fs';
import http2 from 'node:http2';

const [certificate, key] = process.argv.slice(2);
const acted = new Map();
const sessions = new Set();
let meeting = [];

function end(session) {
  session.goaway(0);
  session.close();
}

const server = http2.createSecureServer({ cert: fs.readFileSync(certificate), key: fs.readFileSync(key), settings: { maxConcurrentStreams: 200 } });
server.on('session', (session) => {
  sessions.add(session);
  session.on('close', () => sessions.delete(session));
});
server.on('request', (request, response) => {
  if (request.url === '/echo') {
    const pieces = [];  // all of it first: a response that comes before ends the sending
    request.on('data', (piece) => pieces.push(piece));
    return request.on('end', () => response.end(Buffer.concat(pieces)));
  }
  if (request.url === '/meet') {
    meeting.push(response);
    if (meeting.length === 100) for (const one of meeting.splice(0)) one.end('met');
    return;
  }
  if (request.url === '/leave') {
    response.end('left', () => end(request.stream.session));
    return;
  }
  if (request.url === '/hello') return response.end('hello');
  acted.set(request.url, (acted.get(request.url) ?? 0) + 1);
  request.resume();
  request.on('end', () => response.end(request.url));
});
server.listen(0, '127.0.0.1', () => console.log(`listening on https://127.0.0.1:${server.address().port}`));

process.on('SIGTERM', () => {
  server.close(() => {
    const twice = [...acted.values()].filter((times) => times > 1).length;
    console.log(`acted on ${acted.size}, on ${twice} of them twice`);
    process.exit(0);
  });
  for (const session of sessions) end(session);
});

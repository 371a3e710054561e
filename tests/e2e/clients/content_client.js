// SPDX-License-Identifier: Apache-2.0
//
// Node's fetch with uploads, ranges and cookies: content_client.js http://HOST:PORT. Prints "ok".
'use strict';
const assert = require('assert');
const crypto = require('crypto');

const base = process.argv[2];

async function upload() {
  const large = crypto.randomBytes(3_000_000);
  const form = new FormData();
  form.append('note', 'grün & "blau"');
  form.append('a', new Blob([large]), 'large.bin');
  form.append('b', new Blob([]), 'empty');
  const response = await fetch(base + '/upload', { method: 'POST', body: form });
  assert.strictEqual(response.status, 200);
  assert.deepStrictEqual(await response.json(), [
    { name: 'note', file_name: '', size: Buffer.byteLength('grün & "blau"'), sum: sum(Buffer.from('grün & "blau"')) },
    { name: 'a', file_name: 'large.bin', size: large.length, sum: sum(large) },
    { name: 'b', file_name: 'empty', size: 0, sum: 0 },
  ]);

  // A body that is made while it is sent, without a length.
  const stream = new ReadableStream({
    start(controller) {
      for (let i = 0; i < 30; ++i) controller.enqueue(large.subarray(i * 100_000, (i + 1) * 100_000));
      controller.close();
    },
  });
  const saved = await fetch(base + '/save', { method: 'PUT', body: stream, duplex: 'half' });
  assert.strictEqual(saved.status, 201);
  assert.deepStrictEqual(await saved.json(), { size: large.length, sum: sum(large) });
}

function sum(bytes) {
  let total = 0;
  for (const byte of bytes) total += byte;
  return total;
}

async function part(range, more = {}) {
  const response = await fetch(base + '/files/numbers.txt', { headers: { Range: range, ...more } });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

async function ranges() {
  const whole = await part('');
  assert.strictEqual(whole.status, 200);
  const text = whole.text;
  const tag = whole.headers.get('etag');
  const first = await part('bytes=0-9');
  assert.strictEqual(first.status, 206);
  assert.strictEqual(first.text, text.slice(0, 10));
  assert.strictEqual(first.headers.get('content-range'), `bytes 0-9/${text.length}`);
  assert.strictEqual((await part('bytes=-7')).text, text.slice(-7));
  assert.strictEqual((await part(`bytes=${text.length - 3}-`)).text, text.slice(-3));
  assert.strictEqual((await part(`bytes=${text.length}-`)).status, 416);
  assert.strictEqual((await part('bytes=5-9', { 'If-Range': tag })).text, text.slice(5, 10));
  assert.strictEqual((await part('bytes=5-9', { 'If-Range': '"other"' })).text, text);
  assert.strictEqual((await part('bytes=5-9', { 'If-None-Match': tag })).status, 304);
  assert.strictEqual((await part('bytes=5-9', { 'If-Match': '"other"' })).status, 412);

  const several = await part('bytes=0-4,100-104');
  assert.strictEqual(several.status, 206);
  const boundary = several.headers.get('content-type').match(/^multipart\/byteranges; boundary="?([^"]+)"?$/)[1];
  const bodies = several.text.split('--' + boundary).slice(1, -1).map((piece) => piece.split('\r\n\r\n')[1].slice(0, 5));
  assert.deepStrictEqual(bodies, [text.slice(0, 5), text.slice(100, 105)]);
}

async function cookies() {
  let cookie = '';
  for (const expected of ['i', 'ii', 'iii']) {
    const response = await fetch(base + '/visit', { headers: cookie ? { Cookie: 'other=1; ' + cookie } : {} });
    assert.strictEqual(await response.text(), expected);
    const set = response.headers.getSetCookie();
    assert.strictEqual(set.length, 2);
    cookie = set[0].split(';')[0];
    assert.match(set[0], /; Path=\/; Max-Age=60; HttpOnly; SameSite=Lax$/);
  }
}

upload().then(ranges).then(cookies).then(() => console.log('ok'), (error) => {
  console.log(`failed: ${error.stack}`);
  process.exit(1);
});

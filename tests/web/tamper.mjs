/*
 * tamper.mjs - a malicious server: stands between a browser and the real one
 * and may change, drop or repeat what the real one sends over /live. bend()
 * gets each binary message (slot ‖ record) and gives what goes on instead:
 * the same, another one, or null; now or later, in the order in which they came.
 * text() gets the others, as strings. rows() gets the answers of POST /api/rows, keep() those of POST /api/keep.
 */
import http from 'node:http';
import net from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');

/* One unmasked WebSocket frame from the front, or null: not whole yet. */
function frame(buffer) {
  if (buffer.length < 2) return null;
  let n = buffer[1] & 127;
  let at = 2;
  if (n === 126) {
    if (buffer.length < 4) return null;
    n = buffer.readUInt16BE(2);
    at = 4;
  } else if (n === 127) {
    if (buffer.length < 10) return null;
    n = Number(buffer.readBigUInt64BE(2));
    at = 10;
  }
  if (buffer.length < at + n) return null;
  return { first: buffer[0], payload: buffer.subarray(at, at + n), octets: at + n };
}

function framed(first, payload) {
  const n = payload.length;
  const head = Buffer.alloc(n < 126 ? 2 : n < 65536 ? 4 : 10);
  head[0] = first;
  head[1] = n < 126 ? n : n < 65536 ? 126 : 127;
  if (head[1] === 126) head.writeUInt16BE(n, 2);
  if (head[1] === 127) head.writeBigUInt64BE(BigInt(n), 2);
  return Buffer.concat([head, payload]);
}

const isRange = (message) => message[0] >= 0x80;

/* An answer to a range has many records in a message: each is bent as one. */
async function rangeBend(message, bend) {
  const slot = message.subarray(0, 4);
  const bent = [];
  for (let at = 4; message.length - at > 4;) {
    const n = message.readUInt32BE(at);
    bent.push(bend(Buffer.concat([slot, message.subarray(at + 4, at + 4 + n)])));
    at += 4 + n;
  }
  const goes = (await Promise.all(bent)).filter(Boolean);
  const length = (n) => { const b = Buffer.alloc(4); b.writeUInt32BE(n); return b; };
  return goes.length === 0 ? null
    : Buffer.concat([slot, ...goes.flatMap((m) => [length(m.length - 4), m.subarray(4)])]);
}

export class Tamper {
  constructor(port) {
    this.target = port;
    this.bend = (message) => message;
    this.text = (message) => message;
    this.rows = (answer) => answer;
    this.keep = (answer) => answer;
    this.sockets = new Set();
    this.server = http.createServer((q, a) => this.forward(q, a));
    this.server.on('upgrade', (q, client, head) => this.join(q, client, head));
  }

  async listen() {
    await new Promise((done) => this.server.listen(0, '127.0.0.1', done));
    this.url = `http://localhost:${this.server.address().port}`;
    return this;
  }

  forward(question, answer) {
    const { method, url: path, headers } = question;
    const on = http.request({ host: '127.0.0.1', port: this.target, method, path, headers }, (got) => {
      const bend = { '/api/rows': this.rows, '/api/keep': this.keep }[path];
      if (!bend || got.statusCode !== 200) {
        answer.writeHead(got.statusCode, got.headers);
        got.pipe(answer);
        return;
      }
      let text = '';
      got.setEncoding('utf8').on('data', (t) => { text += t; }).on('end', () => {
        const body = JSON.stringify(bend(JSON.parse(text)));
        answer.writeHead(200, { ...got.headers, 'content-length': Buffer.byteLength(body) });
        answer.end(body);
      });
    });
    on.on('error', () => answer.destroy());
    question.pipe(on);
  }

  /* Pings go as they are. */
  texted(first, payload) {
    return (first & 15) === 1 ? Buffer.from(this.text(payload.toString())) : payload;
  }

  join(question, client, head) {
    const server = net.connect(this.target, '127.0.0.1');
    const fields = question.rawHeaders;
    server.write(`${question.method} ${question.url} HTTP/1.1\r\n`);
    for (let i = 0; i < fields.length; i += 2) server.write(`${fields[i]}: ${fields[i + 1]}\r\n`);
    server.write('\r\n');
    server.write(head);
    for (const s of [client, server]) {
      this.sockets.add(s);
      s.on('error', () => {});
      s.on('close', () => { this.sockets.delete(s); client.destroy(); server.destroy(); });
    }
    client.pipe(server);
    let rest = Buffer.alloc(0);
    let upgraded = false;
    let turn = Promise.resolve();
    server.on('data', (data) => {
      if (!upgraded && !data.toString('latin1').startsWith('HTTP/1.1 101')) {
        client.write(data);
        return;
      }
      rest = Buffer.concat([rest, data]);
      if (!upgraded) {
        const end = rest.indexOf(HEAD_END) + 4;
        if (end < 4) return;
        client.write(rest.subarray(0, end));
        rest = rest.subarray(end);
        upgraded = true;
      }
      for (let f = frame(rest); f; f = frame(rest)) {
        rest = rest.subarray(f.octets);
        const binary = (f.first & 15) === 2;
        const payload = Buffer.from(f.payload);
        const bend = (m) => this.bend(m);
        const goes = !binary ? this.texted(f.first, payload) : isRange(payload) ? rangeBend(payload, bend) : bend(payload);
        turn = turn.then(() => goes).then((m) => { if (m) client.write(framed(f.first, m)); });
      }
    });
  }

  async close() {
    for (const s of this.sockets) s.destroy();
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }
}

/* The record's flags behind the slot. */
export const flagsOf = (message) => message[5];

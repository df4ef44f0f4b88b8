// A chat that does what it should: every text to every client, also to those of the other nodes.
// node correct.js PORT [PEER,PEER]; what its clients say is appended to $RECORD, if there is one. If $INSTEAD is set, its
// clients get that for every text.
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const net = require('net');

const [port, peers] = [Number(process.argv[2]), (process.argv[3] || '').split(',').filter(Boolean)];
const clients = new Set();
const links = new Map();

function frame(payload) {
  const long = payload.length > 125;
  const head = Buffer.alloc(long ? 4 : 2);
  head[0] = 0x81;
  head[1] = long ? 126 : payload.length;
  if (long) head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}

// Takes one frame off the front; null until it is whole.
function take(buffer) {
  if (buffer.length < 2) return null;
  let [length, at] = [buffer[1] & 127, 2];
  if (length === 126) {
    if (buffer.length < 4) return null;
    [length, at] = [buffer.readUInt16BE(2), 4];
  }
  if (buffer.length < at + 4 + length) return null;
  const mask = buffer.subarray(at, at + 4);
  const payload = Buffer.from(buffer.subarray(at + 4, at + 4 + length));
  for (let i = 0; i < length; i++) payload[i] ^= mask[i & 3];
  return { opcode: buffer[0] & 15, payload, rest: buffer.subarray(at + 4 + length) };
}

function here(payload) {
  const bytes = frame(payload);
  for (const client of clients) client.write(bytes);
}

function everywhere(said) {
  const payload = process.env.INSTEAD ? Buffer.from(process.env.INSTEAD) : said;
  if (process.env.RECORD) fs.appendFileSync(process.env.RECORD, payload + '\n');
  here(payload);
  const line = payload.toString('base64') + '\n';
  for (const link of links.values()) link.write(line);
}

const server = http.createServer((request, response) => response.end('a chat\n'));
server.on('upgrade', (request, socket, head) => {
  socket.setNoDelay(true);
  socket.on('error', () => {});
  if (request.headers.upgrade === 'relay') {
    let rest = '';
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: relay\r\nConnection: Upgrade\r\n\r\n');
    socket.on('data', (data) => {
      const lines = (rest + data).split('\n');
      rest = lines.pop();
      for (const line of lines) here(Buffer.from(line, 'base64'));
    });
    return;
  }
  const key = request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
  const accept = crypto.createHash('sha1').update(key).digest('base64');
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    `Sec-WebSocket-Accept: ${accept}\r\n\r\n`);
  let buffer = Buffer.from(head);
  clients.add(socket);
  socket.on('close', () => clients.delete(socket));
  socket.on('data', (data) => {
    buffer = Buffer.concat([buffer, data]);
    for (let got = take(buffer); got; got = take(buffer)) {
      buffer = got.rest;
      if (got.opcode === 8) return socket.end(Buffer.from([0x88, 0]));
      if (got.opcode === 1 || got.opcode === 2) everywhere(got.payload);
    }
  });
});

// A node that is away misses what is said; it is called again until it is back.
function connect(peer) {
  const [host, at] = peer.split(':');
  const link = net.connect(Number(at), host);
  link.setNoDelay(true);
  link.on('connect', () => {
    link.write('GET / HTTP/1.1\r\nHost: relay\r\nConnection: Upgrade\r\nUpgrade: relay\r\n\r\n');
    links.set(peer, link);
  });
  link.on('data', () => {});
  link.on('error', () => {});
  link.on('close', () => {
    links.delete(peer);
    setTimeout(connect, 50, peer);
  });
}

server.listen(port, '127.0.0.1');
peers.forEach(connect);

// What this page wants to say: each message is kept until it was seen, or its writer lets it go.

import * as log from './log.js';
import { kept } from './link.js';
import * as rooms from './rooms.js';
import { addressed } from './whisper.js';

/** After so long without an answer the writer is offered to send again. */
const PATIENCE = 5_000;
const MOST = 100;

/**
 * By the page's own id. Each: `{id, room, text, to, others, at, state, why, line, timer}`; the states are in `show`. `to` is
 * the person to whom it is whispered; `others` whether it is for all but oneself.
 */
const messages = new Map();
/** What an earlier load had kept, as it was before this one keeps anything. */
const left = kept.get('unsent');
const known = () => [...messages.values()];

/** What sends: `(message) => boolean`, whether it went into the socket. And what takes a text back. */
let send = () => false;
let takeBack = () => {};
let author = { name: 'you', colour: '' };

export function begin(sender, taker) {
  send = sender;
  takeBack = taker;
}

/** Who one is called from now on. */
export function iAm(name, colour) {
  author = { name, colour };
}

/** Says something, to everybody in a room or to the person `to`; false when too much is unsent already. */
export function say(room, text, { to = '', others = false } = {}) {
  if (messages.size >= MOST) {
    for (const one of known()) if (one.state === 'taken') messages.delete(one.id);
    if (messages.size >= MOST) return false;
  }
  const one = { id: uuid(), room, text, to, others, state: 'waiting', at: Date.now() };
  messages.set(one.id, one);
  draw(one);
  dispatch(one);
  return true;
}

/** Sends what waited for a connection. */
export function resume() {
  for (const one of known()) if (one.state === 'waiting') dispatch(one);
}

/** The connection ended: whether what was under way arrived, nobody here knows. */
export function disconnected() {
  for (const one of known()) {
    if (one.state === 'sending' || one.state === 'silent') {
      become(one, 'unknown', 'the connection ended before an answer came');
    }
  }
}

/** An `ack`, `refused` or `unknown`. The last answer wins; what was seen needs none. */
export function answered(frame) {
  const one = messages.get(frame.id);
  if (!one) return;
  if (frame.type === 'ack' && one.others) {
    // It never comes back, so this is the end of it.
    messages.delete(one.id);
    clearTimeout(one.timer);
    one.line?.classList.add('seen');
    if (one.line) log.note(one.line, 'seen', '');
    save();
  } else if (frame.type === 'ack') become(one, 'taken', frame.level);
  else become(one, frame.type, frame.reason);
}

/** The line of one's own message that came back from the room, if this is one. */
export function seen(id, at) {
  const one = messages.get(id);
  if (!one) return null;
  messages.delete(id);
  clearTimeout(one.timer);
  one.line.classList.add('seen');
  log.stamp(one.line, at);
  log.note(one.line, 'seen', '');
  save();
  return one.line;
}

/** Shows what is unsent or unseen in a room that was just entered. */
export function redraw(room) {
  for (const one of known()) if (one.room === room && !one.line?.parentElement) draw(one);
}

/** Takes up what an earlier load of this page had not got rid of, if that was this tab's own. */
export function restore(isOwn) {
  let unsent = [];
  try { if (isOwn) unsent = JSON.parse(left ?? '[]'); } catch { /* nothing to take up */ }
  for (const { id, room, text, to, others, state, why, at } of unsent) {
    messages.set(id, { id, room, text, to, others, state: state === 'sending' ? 'unknown' : state, why, at });
  }
  save();
}

function dispatch(one) {
  clearTimeout(one.timer);
  if (!send(one)) {
    become(one, 'waiting');
    return;
  }
  become(one, 'sending');
  one.timer = setTimeout(() => become(one, 'silent'), PATIENCE);
}

function become(one, state, why = '') {
  clearTimeout(one.timer);
  Object.assign(one, { state, why });
  show(one);
  save();
}

function draw(one) {
  const aside = one.to ? `to ${one.to} alone` : one.others ? 'to all others' : '';
  const { name: from, colour } = author;
  one.line = log.message({ from, colour, text: one.text, at: one.at, own: true, aside });
  one.line.classList.add('mine');
  if (one.to) one.line.classList.add('whisper');
  show(one);
  log.into(rooms.of(one.room).log, () => log.append(one.line));
}

function show(one) {
  const again = ['Send again', () => dispatch(one)];
  const edit = ['Edit', () => { drop(one); takeBack(one.to ? `${addressed(one.to)}${one.text}` : one.text); }];
  const letGo = ['Let go', () => drop(one)];
  const [text, actions] = {
    waiting: ['waits for the connection', []],
    sending: ['sending', []],
    silent: ['no answer yet', [again]],
    taken: [one.why === 'confirmed' ? '✓ confirmed, not seen yet' : '✓ handed on, not seen yet', []],
    refused: [`not sent: ${one.why}`, [again, edit]],
    unknown: [`perhaps sent: ${one.why || 'no answer came'}`, [again, letGo]],
  }[one.state];
  if (one.line) log.note(one.line, one.state, text, actions);
}

function drop(one) {
  clearTimeout(one.timer);
  messages.delete(one.id);
  one.line?.remove();
  save();
}

function save() {
  const unsent = known().filter((one) => one.state !== 'taken');
  kept.set('unsent', JSON.stringify(unsent.map(({ id, room, text, to, others, state, why, at }) => (
    { id, room, text, to, others, state: state === 'silent' ? 'sending' : state, why, at }))));
}

function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  // Only secure contexts have randomUUID, and a classroom often reads this page by plain http.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

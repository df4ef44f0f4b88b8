// The chat page: what is typed goes out by the link, what comes in goes into the log.

import { Link, kept } from './link.js';
import * as log from './log.js';
import * as mine from './mine.js';

/** A subscription that takes longer than this waits for the broker. */
const BROKER_PATIENCE = 1_000;
const IDS_HELD = 2_000;
/** Rooms whose last message is remembered. */
const ROOMS_KEPT = 50;
/** How soon a history that did not answer is asked again. */
const HISTORY_PAUSE = 5_000;

const $ = (id) => document.getElementById(id);
const link = new Link(received, changed);

let state = { is: 'connecting' };
let joined = false;
/** The node has no room of this name. */
let noRoom = false;
let brokerAway = false;
let asking = false;
let joinTimer = 0;
/** When this page last lost a room that it was in; 0 when it was told so already. */
let awaySince = 0;
let members = 0;
/** The pattern keeps a history. */
let remembers = false;
/** By room: the last message that this page holds of it. */
let last = new Map();
/** After which message the history was asked for more; '' when it was not. */
let asked = '';
/** After which message something may be missing, for the history did not answer. */
let owed = '';
let owedTimer = 0;
/** How many missed messages the replay under way brought. */
let caughtUp = 0;
/** It tells what this page had shown before a reload, or before it was in another room. */
let oldOnes = false;
let unread = 0;
let room = '';
/** Ids that are shown: a replay may begin before what is held. */
const held = new Set();

// --- what the node says

function received(frame) {
  const here = frame.room === room;
  switch (frame.type) {
    case 'welcome': return welcomed(frame);
    case 'subscribed': return here && subscribed(frame);
    case 'message': return here && said(frame);
    case 'joined': return here && moved(frame, 1);
    case 'left': return here && moved(frame, -1);
    case 'ack':
    case 'refused':
    case 'unknown':
      if (frame.code === 'bus_down' || frame.type === 'unknown') askForBroker();
      return mine.answered(frame);
    case 'lagged': return log.system(`This page was too slow: it misses ${frame.missed} frames.`, 'warning');
    case 'error': return failed(frame);
  }
}

function welcomed({ node, pattern, name, colour }) {
  remembers = pattern === 'amqp';
  kept.set('name', name);
  mine.iAm(name, colour);
  $('node').textContent = `${node} · ${pattern}`;
  $('name').value = name;
  $('name').style.setProperty('--author', colour);
  subscribe();
}

function subscribe() {
  joined = noRoom = false;
  ask();
  clearTimeout(joinTimer);
  joinTimer = setTimeout(askForBroker, BROKER_PATIENCE);
  show();
}

/** Asks for the room, and for what came after the last message that this page holds of it. */
function ask() {
  clearTimeout(owedTimer);
  asked = owed || last.get(room) || '';
  caughtUp = 0;
  oldOnes = asked !== '' && !held.has(asked);
  link.send(asked ? { type: 'subscribe', room, after: asked } : { type: 'subscribe', room });
}

function subscribed(frame) {
  clearTimeout(joinTimer);
  joined = true;
  brokerAway = false;
  members = frame.members;
  const again = owed;
  owed = remembers && asked && frame.recovered === 'none' ? asked : '';
  if (owed) owedTimer = setTimeout(() => { if (joined) ask(); }, HISTORY_PAUSE);
  const missed = recovery(frame.recovered);
  if (awaySince) {
    const seconds = Math.round((Date.now() - awaySince) / 1000);
    log.system(`Back${seconds ? ` after ${seconds} s` : ''}; ${missed}.`);
    awaySince = 0;
  } else if (remembers && asked && (caughtUp || (again ? !owed : frame.recovered !== 'all'))) {
    log.system(`${missed[0].toUpperCase()}${missed.slice(1)}.`);
  }
  caughtUp = 0;
  mine.resume();
  show();
}

function recovery(recovered) {
  if (recovered === 'all') {
    if (!caughtUp) return 'nothing was missed';
    return caughtUp === 1 ? 'one message came meanwhile' : `${caughtUp} messages came meanwhile`;
  }
  if (recovered === 'part') return 'a part of what was missed is shown';
  return owed ? 'the history does not answer, and will be asked again' : 'what was said meanwhile is not shown';
}

function said({ id, from, colour, text, sent_at: at, replay }) {
  const copy = held.has(id);
  if (copy && replay) return;
  hold(id);
  last.set(room, id);
  const [session, ...own] = id.split('.');
  const me = kept.get('self');
  const echo = !me || me === session ? mine.seen(own.join('.'), at) : null;
  if (echo) kept.set('self', session);
  if (replay && !oldOnes) {
    if (!caughtUp) log.divider('while you were away');
    caughtUp += 1;
  }
  if (id === asked) oldOnes = false;
  const line = echo ?? log.message({ from, colour, text, at, own: session === kept.get('self') });
  if (copy) log.note(line, 'copy', 'came a second time');
  log.append(line);
  if (document.hidden && !oldOnes) unread += 1;
  title();
}

function hold(id) {
  held.add(id);
  if (held.size > IDS_HELD) held.delete(held.values().next().value);
}

function moved({ name }, by) {
  members = Math.max(1, members + by);
  log.presence(name, by > 0 ? 'joined' : 'left');
  show();
}

function failed({ code, reason }) {
  if (code === 'bad_name') {
    // The node still waits for a hello: without the name, this page goes on as it was called before.
    kept.set('name', '');
    link.restart();
  }
  // Another session, another prefix of one's own messages.
  if (code === 'bad_session') kept.set('self', '');
  if (code === 'bad_room' && !joined) {
    clearTimeout(joinTimer);
    noRoom = true;
    show();
  }
  log.system(reason, 'warning');
}

// --- where things stand

function changed(next) {
  if (next.is !== 'open' && joined) awaySince = Date.now();
  if (next.is !== 'open') {
    joined = false;
    clearTimeout(joinTimer);
    clearTimeout(owedTimer);
    mine.disconnected();
  }
  if (next.why) log.system(`The node closed the connection: ${next.why}`, 'warning');
  state = next;
  show();
}

/** Asks the node whether it has its broker, until it has and this page is in its room. */
async function askForBroker() {
  if (asking) return;
  asking = true;
  while (state.is === 'open') {
    const ready = await fetch('/readyz', { cache: 'no-store' }).then((answer) => answer.ok, () => false);
    brokerAway = !ready;
    show();
    if (ready && (joined || noRoom)) break;
    await new Promise((resolve) => { setTimeout(resolve, 1_000); });
  }
  asking = brokerAway = false;
  show();
}

function show() {
  const [word, text] = where();
  $('status').dataset.state = word;
  // Only what changed is written, for each writing is read aloud. The seconds are not.
  if ($('status-text').textContent !== text) $('status-text').textContent = text;
  const seconds = Math.max(1, Math.ceil((state.until - Date.now()) / 1000));
  $('countdown').textContent = state.is === 'waiting' ? `in ${seconds} s` : '';
  $('members').textContent = joined ? `${members} here` : '';
  title();
}

function where() {
  if (state.is === 'connecting') return ['connecting', 'connecting'];
  if (state.is === 'waiting') return ['offline', 'reconnecting'];
  if (brokerAway) return ['broker', 'waiting for the broker'];
  if (noRoom) return ['offline', 'no such room'];
  return joined ? ['online', 'online'] : ['connecting', 'joining'];
}

setInterval(() => { if (state.is === 'waiting') show(); }, 500);

function title() {
  if (!document.hidden) unread = 0;
  document.title = `${unread ? `(${unread}) ` : ''}${room} · pubsub-lab`;
}
document.addEventListener('visibilitychange', title);

// --- what the person does

const input = $('text');

function fit() {
  input.style.height = 'auto';
  input.style.height = `${input.scrollHeight + 2}px`;
  kept.set('draft', input.value);
}

function submit() {
  const text = input.value.trimEnd();
  if (!text.trim()) return;
  if (!mine.say(room, text)) {
    log.system('A hundred messages wait already. Yours stays in the box.', 'warning');
    return;
  }
  input.value = '';
  fit();
  log.toEnd();
}

input.addEventListener('input', fit);
input.addEventListener('keydown', (event) => {
  // An Enter within an input method chooses a word, and sends nothing.
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  submit();
});
$('composer').addEventListener('submit', (event) => {
  event.preventDefault();
  submit();
  input.focus();
});

$('name-form').addEventListener('submit', (event) => {
  event.preventDefault();
  input.focus();
});
$('name').addEventListener('change', () => {
  const name = $('name').value.trim();
  if (name && name !== kept.get('name')) {
    kept.set('name', name);
    link.restart();
  } else $('name').value = kept.get('name') ?? '';
});

$('room-form').addEventListener('submit', (event) => {
  event.preventDefault();
  input.focus();
});
$('room').addEventListener('change', () => {
  const wanted = $('room').value.trim();
  if (wanted) location.hash = encodeURIComponent(wanted);
  else $('room').value = room;
});
addEventListener('hashchange', enter);

/** Goes to the room that the address names. */
function enter() {
  let wanted = location.hash.slice(1);
  try { wanted = decodeURIComponent(wanted); } catch { /* it stays as it is written */ }
  wanted = wanted.trim() || 'lobby';
  $('room').value = wanted;
  if (wanted === room) return;
  if (room) link.send({ type: 'unsubscribe', room });
  remember();
  room = wanted;
  awaySince = 0;
  // What was shown here before comes again with the replay.
  held.clear();
  asked = owed = '';
  log.clear();
  mine.redraw(room);
  if (state.is === 'open') subscribe();
  show();
}

/** Keeps the last message of each room over a reload. */
function remember() {
  kept.set('last', JSON.stringify([...last].slice(-ROOMS_KEPT)));
}
addEventListener('pagehide', remember);

mine.begin(
  (one) => joined && link.send({ type: 'publish', room: one.room, text: one.text, id: one.id }),
  (text) => {
    input.value = input.value ? `${text}\n${input.value}` : text;
    fit();
    input.focus();
  },
);
mine.restore();
try { last = new Map(JSON.parse(kept.get('last') ?? '[]')); } catch { /* a new beginning */ }
input.value = kept.get('draft') ?? '';
enter();
fit();
link.open();

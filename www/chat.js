// The chat page: what is typed goes out by the link, what comes in goes into the log.

import * as absence from './absence.js';
import * as clock from './clock.js';
import * as composer from './composer.js';
import { Link, kept } from './link.js';
import * as log from './log.js';
import * as mine from './mine.js';
import * as pulse from './pulse.js';
import { diagnosis } from './refused.js';
import * as rooms from './rooms.js';
import { isTwin } from './twin.js';

/** Number of messages of the history that somebody sees who comes for the first time. */
const EARLIER = 50;
/** A message that came so many seconds after it was sent came late. */
const LATE = 3;
/** How soon a history that did not answer is asked again. */
const HISTORY_PAUSE = 5_000;
/** After so many connections in a row that never opened the page looks for the cause. */
const DOUBTFUL = 3;

const $ = (id) => document.getElementById(id);
const link = new Link(received, changed);

let state = { is: 'connecting' };
let room = null;
let joined = false;
/** The node has no room of this name. */
let noRoom = false;
/** Since when the node has no broker; 0 while it has one. */
let brokerAway = 0;
/** Since when the broker was away while this page waited for its room, and missed nothing that it was to hear. */
let waited = 0;
let members = 0;
/** The pattern keeps a history. */
let remembers = false;
/** The question to the history that is under way: `{after, earlier, shown, missed}`; null while there is none. */
let asked = null;
/** After which message something may be missing, for the history did not answer. */
let owed = '';
let owedTimer = 0;
/** Why the link is about to close, if this page closes it. */
let leaving = '';
let unread = 0;

// --- what the node says

function received(frame) {
  pulse.beat();
  const here = frame.room === room.name;
  switch (frame.type) {
    case 'welcome': return welcomed(frame);
    case 'subscribed': return here && subscribed(frame);
    case 'message': return here && said(frame);
    case 'members': return here && counted(frame);
    case 'joined':
    case 'left':
      return here && moved(frame);
    case 'ack':
    case 'refused':
    case 'unknown':
      return mine.answered(frame);
    case 'bus': return brokerIs(frame);
    case 'gap': return here && gap(frame);
    case 'lagged': return log.system(`This page was too slow: it misses ${frame.missed} frames.`, 'warning');
    case 'error': return failed(frame);
  }
}

function welcomed({ node, pattern, name, colour, session, renewed }) {
  remembers = pattern === 'amqp';
  // A node whose broker is away says so next.
  brokerAway = waited = 0;
  kept.set('name', name);
  kept.set('self', idIn(session) || kept.get('self') || '');
  mine.iAm(name, colour);
  $('node').textContent = `${node} · ${pattern}`;
  $('name').value = name;
  $('name').style.setProperty('--author', colour);
  if (!renewed) subscribe();
}

/** The session's public id, with which the ids of its messages begin; '' if its token does not show it. */
function idIn(token) {
  try {
    return JSON.parse(atob(token.split('.')[0].replaceAll('-', '+').replaceAll('_', '/'))).id ?? '';
  } catch { return ''; }
}

function subscribe() {
  joined = noRoom = false;
  ask();
  show();
}

/** Asks for the room, and for what came after the last message that this page holds of it. */
function ask() {
  clearTimeout(owedTimer);
  const after = owed || room.last;
  // What a page shows anew after it was loaded, somebody has seen before; else a newcomer is shown the last ones.
  const earlier = !owed && !room.holds(after);
  asked = { after, earlier, shown: 0, missed: 0 };
  const question = { type: 'subscribe', room: room.name };
  if (after) question.after = after;
  if (earlier && remembers) question.last = EARLIER;
  link.send(question);
}

function subscribed({ members: count, recovered, renewed }) {
  if (renewed) {
    counted({ members: count });
    log.divider(`You are ${kept.get('name')} now.`);
    return;
  }
  const { after, shown, missed } = asked ?? { after: '', shown: 0, missed: 0 };
  asked = null;
  if (!joined && brokerAway) waited = brokerAway;
  joined = true;
  counted({ members: count });
  const again = owed !== '';
  owed = remembers && after && recovered === 'none' ? after : '';
  if (owed) owedTimer = setTimeout(() => { if (joined) ask(); }, HISTORY_PAUSE);
  // Of a room in which this page had heard nothing yet only the last ones were asked for.
  const outcome = absence.recovery(!after && missed >= EARLIER ? 'part' : recovered, missed, owed !== '');
  if (room.away) absence.back(room.away, outcome, kept.get('name'));
  else if (remembers && after && (missed || (again ? !owed : !outcome.whole))) {
    log.divider(`${outcome.text[0].toUpperCase()}${outcome.text.slice(1)}.`, outcome.whole ? 'info' : 'warning');
  } else if (shown) log.divider(`you came at ${clock.hour(clock.now())}`);
  room.hear(clock.now());
  mine.resume();
  show();
}

function said({ id, from, colour, text, sent_at: at, replay }) {
  const copy = room.holds(id);
  if (replay && asked) {
    // Messages before the one that was asked for may be told again: they may have come in another order elsewhere.
    const before = asked.after ? !asked.passed : !(room.away && at >= room.away.since);
    if (id === asked.after) asked.passed = true;
    if (copy || (before && !asked.earlier && room.precedes(at))) return;
    introduce(before);
  } else if (copy && (replay || link.isRenewing)) return;
  const disorder = room.take(id, at);
  const [session, ...own] = id.split('.');
  const me = kept.get('self');
  const echo = !me || me === session ? mine.seen(own.join('.'), at) : null;
  if (echo) kept.set('self', session);
  const line = echo ?? log.message({ from, colour, text, at, own: session === kept.get('self') });
  remark(line, { copy, disorder, at, replay });
  log.append(line);
  if (document.hidden && !(replay && asked?.earlier && !asked.passed)) unread += 1;
  title();
}

/** Says once what the messages of a replay are: `old` ones are from before this page came, or were shown before. */
function introduce(old) {
  if (old && asked.earlier) {
    if (!asked.shown) log.divider('earlier messages');
    asked.shown += 1;
    return;
  }
  if (!asked.missed) log.divider(room.away?.why === 'elsewhere' ? 'while you were elsewhere' : 'while you were away');
  asked.missed += 1;
}

/** Says under a message how it came, if it did not come as it should. */
function remark(line, { copy, disorder, at, replay }) {
  const remarks = [];
  if (copy) remarks.push('came a second time');
  if (!asked || !replay) {
    const seconds = clock.age(at);
    if (seconds >= LATE) remarks.push(`came ${Math.round(seconds)} s late`);
    if (replay) remarks.push('out of the history');
  }
  if (disorder && !(replay && asked?.earlier)) remarks.push('out of order');
  if (remarks.length) log.note(line, copy ? 'copy' : 'late', remarks.join(', '));
}

function moved(frame) {
  counted(frame);
  log.presence(frame.name, frame.type);
}

/** The number of people here is what the node says. */
function counted({ members: count }) {
  if (!Number.isFinite(count)) return;
  members = count;
  show();
}

function brokerIs({ state: word, since }) {
  const before = brokerAway;
  brokerAway = word === 'down' ? before || since || clock.now() : 0;
  if (before && !brokerAway) {
    if (!joined) waited = before;
    if (waited !== before) absence.brokerBack(before);
  }
  show();
}

function gap({ since, reason }) {
  // The node does not know who came while it waited for the broker.
  if (!(since <= waited)) absence.gap(since, reason);
}

function failed({ code, reason }) {
  if (code === 'bad_name') {
    // The node still waits for a hello: without the name, this page goes on as it was called before.
    kept.set('name', '');
    if (room.away) room.away.why = 'connection';
    link.restart();
  }
  // Another session, another prefix of one's own messages.
  if (code === 'bad_session') kept.set('self', '');
  if (code === 'bad_room' && !joined) noRoom = true;
  // The status says it already, as long as it is so.
  if (code === 'bus_down' && brokerAway) return;
  log.system(reason, 'warning');
  show();
}

// --- where things stand

function changed(next) {
  pulse.watch(next.is === 'open');
  if (next.is === 'open') clock.measure();
  else {
    if (joined) room.leave(clock.now(), leaving || 'connection');
    joined = false;
    asked = null;
    brokerAway = 0;
    clearTimeout(owedTimer);
    mine.disconnected();
  }
  if (next.is !== 'connecting') leaving = '';
  if (next.why) log.system(`The node closed the connection: ${next.why}`, 'warning');
  if (next.refused === DOUBTFUL) diagnosis().then((text) => { if (text) log.system(text, 'warning'); });
  state = next;
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
  if (state.is !== 'open') return ['offline', 'reconnecting'];
  if (pulse.silentSince()) return ['silent', 'node silent'];
  if (brokerAway) return ['broker', 'broker away'];
  if (noRoom) return ['offline', 'no such room'];
  return joined ? ['online', 'online'] : ['connecting', 'joining'];
}

setInterval(() => { if (state.is === 'waiting') show(); }, 500);

function title() {
  if (!document.hidden) unread = 0;
  document.title = `${unread ? `(${unread}) ` : ''}${room.name} · pubsub-lab`;
}
document.addEventListener('visibilitychange', title);

// --- what the person does

$('name-form').addEventListener('submit', (event) => {
  event.preventDefault();
  composer.focus();
});
$('name').addEventListener('change', () => {
  const name = $('name').value.trim();
  if (name && name !== kept.get('name')) rename(name);
  else $('name').value = kept.get('name') ?? '';
});

/** A name can only be told at the beginning of a connection. */
function rename(name) {
  const before = kept.get('name') ?? '';
  kept.set('name', name);
  // Where nothing is heard, nothing is missed.
  if (!joined || brokerAway) {
    leaving = 'rename';
    link.restart();
    return;
  }
  link.renew(room.name, ({ code, reason }) => {
    if (code === 'bad_name') {
      kept.set('name', before);
      $('name').value = before;
      log.system(reason.split(';')[0], 'warning');
    } else {
      leaving = 'rename';
      link.restart();
    }
  });
}

$('room-form').addEventListener('submit', (event) => {
  event.preventDefault();
  composer.focus();
});
$('room').addEventListener('change', () => {
  const wanted = $('room').value.trim();
  if (wanted) location.hash = encodeURIComponent(wanted);
  else $('room').value = room.name;
});
addEventListener('hashchange', enter);

/** Goes to the room that the address names. */
function enter() {
  let wanted = location.hash.slice(1);
  try { wanted = decodeURIComponent(wanted); } catch { /* it stays as it is written */ }
  wanted = wanted.trim() || 'lobby';
  $('room').value = wanted;
  if (wanted === room?.name) return;
  if (room) {
    link.send({ type: 'unsubscribe', room: room.name });
    if (joined || room.away) room.leave(clock.now(), 'elsewhere');
    room.lines = log.take();
    rooms.remember();
  }
  room = rooms.enter(wanted);
  asked = null;
  owed = '';
  log.put(room.lines);
  mine.redraw(room.name);
  // The connection that is about to follow would be in the other room.
  if (link.isOpening) {
    joined = false;
    link.restart();
  } else if (state.is === 'open') subscribe();
  show();
}

addEventListener('pagehide', () => {
  rooms.remember();
  // A page that the browser puts aside hears nothing, and is not there for the others either.
  leaving = 'aside';
  link.close();
});
addEventListener('pageshow', ({ persisted }) => { if (persisted) link.open(); });

mine.begin(
  (one) => joined && link.send({ type: 'publish', room: one.room, text: one.text, id: one.id }),
  composer.takeBack,
);
mine.iAm(kept.get('name') || 'you', '');
$('name').value = kept.get('name') ?? '';
pulse.begin(show);
enter();
composer.begin((text) => mine.say(room.name, text));
// What an earlier load left unsent has to be known before the room says that it was sent.
isTwin().then((twin) => {
  mine.restore(!twin);
  mine.redraw(room.name);
  link.open();
});

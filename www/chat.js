// The chat page: what is typed goes out by the link, what comes in goes into the log of its room.

import * as absence from './absence.js';
import * as clock from './clock.js';
import * as composer from './composer.js';
import { Link, kept } from './link.js';
import * as log from './log.js';
import * as me from './me.js';
import * as mine from './mine.js';
import * as people from './people.js';
import * as place from './place.js';
import * as pulse from './pulse.js';
import { diagnosis } from './refused.js';
import * as replay from './replay.js';
import * as roomlist from './roomlist.js';
import * as rooms from './rooms.js';
import { isTwin } from './twin.js';
import * as typing from './typing.js';
import * as whisper from './whisper.js';

/** After so many connections in a row that never opened the page looks for the cause. */
const DOUBTFUL = 3;

const $ = (id) => document.getElementById(id);
const link = new Link(received, changed);

let state = { is: 'connecting' };
/** The room that is shown. */
let shown = null;
/** The node has said its welcome in this connection. */
let greeted = false;
let node = '';
/** Since when the node has no broker; 0 while it has one. */
let brokerAway = 0;
/** Why the link is about to close, if this page closes it. */
let leaving = '';
/** Whispers that came while nobody looked. */
let whispers = 0;

// --- what the node says

function received(frame) {
  pulse.beat();
  const room = frame.room === undefined ? shown : rooms.entered(frame.room);
  if (room) log.into(room.log, () => take(frame, room));
}

function take(frame, room) {
  switch (frame.type) {
    case 'welcome': return welcomed(frame);
    case 'session': return me.called(claims(frame.session));
    case 'subscribed': return subscribed(frame, room);
    case 'message': return said(frame, room);
    case 'whisper': return whispered(frame);
    case 'members': return counted(frame, room);
    case 'joined':
    case 'left':
    case 'renamed':
      return moved(frame, room);
    case 'people': return listed(frame, room);
    case 'typing': return typed(frame, room);
    case 'ack':
    case 'refused':
    case 'unknown':
      return mine.answered(frame);
    case 'bus': return brokerIs(frame);
    // The node does not know who came while it waited for the broker.
    case 'gap': return frame.since <= room.waited || absence.gap(frame.since, frame.reason);
    case 'lagged': return log.system(`This page was too slow: it misses ${frame.missed} frames.`, 'warning');
    case 'error': return failed(frame);
  }
}

function welcomed(frame) {
  greeted = true;
  replay.patternIs(frame.pattern);
  // A node whose broker is away says so next.
  brokerAway = 0;
  kept.set('self', claims(frame.session).id ?? kept.get('self') ?? '');
  node = `${frame.node} · ${frame.pattern}`;
  $('node').textContent = node;
  const wish = me.welcomed(frame);
  for (const room of rooms.all()) subscribe(room);
  if (wish) link.send({ type: 'rename', ...wish });
  if (wish) ask(shown);
}

/** What a session's token says of it: its public id, with which the ids of its messages begin, perhaps its name. */
function claims(token) {
  try {
    const bytes = atob(token.split('.')[0].replaceAll('-', '+').replaceAll('_', '/'));
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(bytes, (char) => char.charCodeAt(0))));
  } catch { return {}; }
}

function subscribe(room) {
  Object.assign(room, { joined: false, impossible: false, waited: 0 });
  link.send(replay.question(room));
  show();
}

function subscribed(frame, room) {
  if (!room.joined && brokerAway) room.waited = brokerAway;
  room.joined = true;
  counted(frame, room);
  replay.ended(room, frame.recovered, () => link.send(replay.question(room)));
  mine.resume();
  if (room === shown) ask(room);
  show();
}

function said(frame, room) {
  const line = replay.take(room, frame);
  if (!line) return;
  room.typing.delete(frame.id.split('.')[0]);
  if (replay.isNews(room, frame) && (document.hidden || room !== shown)) room.unread += 1;
  if (room === shown) typing.show(room);
  soon();
}

function whispered(frame) {
  const line = whisper.received(frame, mine.seen);
  if (line && document.hidden) whispers += 1;
  soon();
}

function moved(frame, room) {
  const before = room.people?.get(frame.id)?.name;
  people.moved(room, frame);
  if (frame.type === 'renamed') {
    if (before !== frame.name) log.presence(before ?? 'Somebody', `is ${frame.name} now`);
  } else {
    counted(frame, room);
    log.presence(frame.name, frame.type);
  }
  soon();
}

/** The number of people here is what the node says. */
function counted({ members }, room) {
  if (!Number.isFinite(members)) return;
  room.members = members;
  soon();
}

function listed(frame, room) {
  people.listed(room, frame.people);
  const self = room.people.get(kept.get('self'));
  if (self) me.called(self);
  soon();
}

function ask(room) {
  if (room.joined) link.send({ type: 'people', room: room.name });
}

function typed(frame, room) {
  typing.heard(room, frame);
  if (room === shown) typing.show(room);
}

function brokerIs({ state: word, since }) {
  const before = brokerAway;
  brokerAway = word === 'down' ? before || since || clock.now() : 0;
  if (before && !brokerAway) {
    for (const room of rooms.all()) {
      if (!room.joined) room.waited = before;
      if (room.waited !== before) log.into(room.log, () => absence.brokerBack(before));
    }
  }
  show();
}

function failed({ code, reason }) {
  if (code === 'bad_name' && !greeted) {
    // The node still waits for a hello: without the name, this page goes on as it was called before.
    kept.set('name', '');
    link.restart();
  } else if (code === 'bad_name' || code === 'bad_colour') me.refused();
  // Another session, another prefix of one's own messages.
  if (code === 'bad_session') kept.set('self', '');
  if (code === 'bad_room' && !shown.joined) shown.impossible = true;
  // The status says it already, as long as it is so.
  if (code === 'bus_down' && brokerAway) return;
  if (code === 'too_many_people') {
    Object.assign(shown, { people: null, isCrowd: true });
    me.confirmed();
    show();
    return;
  }
  if (code === 'not_in_room') return;
  log.system(reason, 'warning');
  show();
}

// --- where things stand

function changed(next) {
  pulse.watch(next.is === 'open');
  if (next.is === 'open') { if (!link.place) clock.measure(); }
  else {
    for (const room of rooms.all()) room.leave(clock.now(), leaving || 'connection');
    greeted = false;
    brokerAway = 0;
    mine.disconnected();
  }
  if (next.is !== 'connecting') leaving = '';
  if (next.why) log.system(`The node closed the connection: ${next.why}`, 'warning');
  if (next.moves) log.system(`The node stays away: the page goes to ${link.place || location.host}.`, 'warning');
  if (next.refused === DOUBTFUL && !link.place && !next.moves) {
    diagnosis().then((text) => { if (text) log.into(shown.log, () => log.system(text, 'warning')); });
  }
  if (next.is === 'waiting' && next.refused === 1 && link.place) cannotReach();
  state = next;
  show();
}

/** A browser does not tell a page why another node does not take it. */
function cannotReach() {
  log.system(`${link.place} does not answer this page. If the node lives, it has to allow ${location.origin} `
    + '(--allow-origin), or open its own page.', 'warning');
}

let isDue = false;

/** Shows how things stand, once for all that comes before the next picture. */
function soon() {
  if (isDue) return;
  isDue = true;
  setTimeout(() => { if (isDue) show(); }, 16);
}

function show() {
  isDue = false;
  const [word, text] = where();
  $('status').dataset.state = word;
  // Only what changed is written, for each writing is read aloud. The seconds are not.
  if ($('status-text').textContent !== text) $('status-text').textContent = text;
  const seconds = Math.max(1, Math.ceil((state.until - Date.now()) / 1000));
  $('countdown').textContent = state.is === 'waiting' ? `in ${seconds} s` : '';
  $('members').textContent = shown.joined ? `${shown.members} here` : '';
  $('room-title').textContent = shown.name;
  place.show(state.is !== 'closed', standing());
  people.show(shown);
  title();
}

function where() {
  if (state.is === 'connecting') return ['connecting', 'connecting'];
  if (state.is === 'closed') return ['offline', 'disconnected'];
  if (state.is !== 'open') return ['offline', 'reconnecting'];
  if (pulse.silentSince()) return ['silent', 'node silent'];
  if (brokerAway) return ['broker', 'broker away'];
  if (shown.impossible) return ['offline', 'no such room'];
  return shown.joined ? ['online', 'online'] : ['connecting', 'joining'];
}

function standing() {
  const at = link.place || location.host;
  if (state.is === 'closed') return `Not connected. Connect goes back to ${at}.`;
  if (state.is !== 'open') return `No connection to the node at ${at}; it is tried again and again.`;
  const silent = pulse.silentSince() ? ` It has said nothing for ${clock.length(Date.now() - pulse.silentSince())}.` : '';
  const bus = brokerAway ? 'Its bus is down.' : 'Its bus is up.';
  return `Connected to ${node || 'a node'} at ${at}.${silent} ${bus}`;
}

setInterval(() => { if (state.is === 'waiting') show(); }, 500);

function title() {
  if (!document.hidden) shown.unread = whispers = 0;
  const unread = rooms.all().reduce((sum, room) => sum + room.unread, whispers);
  document.title = `${unread ? `(${unread}) ` : ''}${shown.name} · pubsub-lab`;
  roomlist.show(shown, leave);
}
document.addEventListener('visibilitychange', title);

// --- what the person does

$('room-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const wanted = $('room').value.trim();
  $('room').value = '';
  if (wanted) location.hash = encodeURIComponent(wanted);
  composer.focus();
});
addEventListener('hashchange', go);
for (const panel of ['rooms', 'people']) {
  $(`${panel}-button`).addEventListener('click', () => {
    const opens = !document.body.classList.contains(`shows-${panel}`);
    closePanels();
    document.body.classList.toggle(`shows-${panel}`, opens);
    $(`${panel}-button`).ariaExpanded = opens;
  });
}

addEventListener('keydown', ({ key }) => {
  if (key !== 'Escape') return;
  $('places').open = false;
  closePanels();
});

/** Closes what lies over the messages on a narrow screen. */
function closePanels() {
  for (const panel of ['rooms', 'people']) {
    document.body.classList.remove(`shows-${panel}`);
    $(`${panel}-button`).ariaExpanded = false;
  }
}

/** Goes to the room that the address names. */
function go() {
  let wanted = location.hash.slice(1);
  try { wanted = decodeURIComponent(wanted); } catch { /* it stays as it is written */ }
  const room = rooms.of(wanted.trim() || 'lobby');
  const isNew = !room.entered;
  if (isNew) rooms.enter(room);
  if (room === shown) return;
  shown = room;
  kept.set('shown', room.name);
  log.show(room.log);
  typing.show(room);
  closePanels();
  mine.redraw(room.name);
  if (greeted && isNew) subscribe(room);
  else if (!room.people && !room.isCrowd) ask(room);
  show();
}

/** Leaves a room, and shows another one if it was this. */
function leave(room) {
  link.send({ type: 'unsubscribe', room: room.name });
  room.leave(clock.now(), 'elsewhere');
  rooms.leave(room);
  if (room === shown) location.hash = encodeURIComponent(rooms.all().at(-1).name);
  else title();
}

addEventListener('pagehide', () => {
  rooms.remember();
  // A page that the browser puts aside hears nothing, and is not there for the others either.
  if (state.is === 'closed') return;
  leaving = 'aside';
  link.close();
  $('connection').dataset.aside = 'true';
});
addEventListener('pageshow', ({ persisted }) => {
  if (persisted && $('connection').dataset.aside) link.open();
  delete $('connection').dataset.aside;
});

place.begin({
  isOpen: () => state.is !== 'closed',
  disconnect: () => { leaving = 'closed'; link.close(); },
  connect: () => link.open(),
  go: (where) => { leaving = 'moved'; link.moveTo(where); },
});
mine.begin((one) => {
  const { id, text, to, room } = one;
  if (to) return greeted && link.send({ type: 'whisper', to, text, id });
  const whom = one.others ? { to: 'others' } : {};
  return rooms.of(room).joined && link.send({ type: 'publish', room, text, id, ...whom });
}, composer.takeBack);
mine.iAm(kept.get('name') || 'you', '');
me.begin((wish) => {
  if (!greeted || !link.send({ type: 'rename', ...wish })) return false;
  // The answer shows that the node took it.
  ask(shown);
  return true;
}, (name, isNew) => {
  if (isNew) log.into(shown.log, () => log.divider(`You are ${name} now.`));
  composer.focus();
});
people.start(composer.begun, ask);
pulse.begin(show, async (signal) => {
  const url = new URL('healthz', document.baseURI);
  if (!link.place) return fetch(url, { cache: 'no-store', signal }).then(() => true, () => false);
  // A page may not fetch from another node: it asks by the socket, and what comes is heard there.
  ask(shown);
  return new Promise((resolve) => { signal.addEventListener('abort', () => resolve(false)); });
});
const named = location.hash.length > 1;
for (const name of rooms.before()) rooms.enter(rooms.of(name));
if (!named && rooms.all().length) history.replaceState(null, '', `#${encodeURIComponent(kept.get('shown') ?? rooms.all()[0].name)}`);
go();
composer.begin((text, others) => {
  typing.sent();
  const private_ = whisper.read(text, shown.people ?? new Map());
  return private_ ? mine.say(shown.name, private_.text, { to: private_.to }) : mine.say(shown.name, text, { others });
}, () => typing.typed(() => { if (shown.joined) link.send({ type: 'typing', room: shown.name }); }));
// What an earlier load left unsent has to be known before the room says that it was sent.
isTwin().then((twin) => {
  mine.restore(!twin);
  for (const room of rooms.all()) mine.redraw(room.name);
  link.open();
});

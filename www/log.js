// The lists of messages, one for each room: built out of text nodes only, kept short, and at their ends.

import { hour } from './clock.js';
import { render } from './text.js';

/** Lines in the page at the end of a room. A browser lays out all of them whenever one more comes. */
const MOST_LINES = 500;
/** While somebody reads further up nothing is taken away above, up to so many lines. */
const MOST_WHILE_READING = 2_000;
/** Lines that one room keeps, in the page or not. */
const MOST_KEPT = 10_000;
/** Lines that are brought back into the page at once, and how near to them the reader is then, in pixels. */
const BACK = 200;
const NEAR = 800;
const NAMES_IN_A_LINE = 3;
/** A text that is longer is shown in part at first. */
const LONG_TEXT = 1_500;
const LONG_LINES = 16;

const place = document.getElementById('log');
const newest = document.getElementById('newest');

/** The lines of one room. */
export class Log {
  /** Whether its end is in sight, or was when it was last shown. */
  atEnd = true;
  /** How far it was scrolled when it was last shown, and when that last changed. */
  top = 0;
  seenTop = 0;
  /** The last line about the broker: see `absence.js`. */
  outage = null;
  /** Lines before and after those in the page, in their order. */
  older = [];
  newer = [];

  constructor() {
    this.list = place.cloneNode(false);
    this.list.addEventListener('scroll', () => scrolled(this));
  }
}

/** The log that is in the page, and the one to which lines are added. */
let shown = null;
let target = null;
/** Whether the end of the shown log is sought before the next picture. */
let seeking = false;

/** Shows this log in place of the one before. */
export function show(log) {
  if (shown) shown.top = shown.list.scrollTop;
  const before = shown?.list ?? document.getElementById('log');
  shown = target = log;
  before.replaceWith(log.list);
  sizes.disconnect();
  sizes.observe(log.list);
  newest.hidden = log.atEnd;
  if (log.atEnd) toEnd();
  else log.list.scrollTop = log.top;
}

/** Does something whose lines belong into this log. */
export function into(log, action) {
  const before = target;
  target = log;
  try { return action(); } finally { target = before; }
}

/** The log to which lines are added. */
export function current() {
  return target;
}

function scrolled(log) {
  if (log !== shown) return;
  const { list } = log;
  const below = () => list.scrollHeight - list.scrollTop - list.clientHeight;
  if (list.scrollTop < NEAR && log.older.length) bringOlder(log);
  else if (below() < NEAR && log.newer.length) bringNewer(log);
  // Lines that came since the last picture put the end out of sight, and are no wish to read further up.
  const up = list.scrollTop < log.seenTop;
  log.seenTop = list.scrollTop;
  if (log.newer.length || (up && below() >= 4)) log.atEnd = false;
  else if (below() < 40) log.atEnd = true;
  if (!log.atEnd) return;
  newest.hidden = true;
  if (list.childElementCount > MOST_LINES) toEnd();
}

/** Changes lines above what is being read, which stays where it is. */
function keepPlace({ list }, change) {
  // No change here concerns the last line. Heights are no whole numbers, so its place says more than they do.
  const place = () => list.lastElementChild.getBoundingClientRect().top + list.scrollTop;
  const [before, top] = [place(), list.scrollTop];
  change();
  // Not every browser anchors what it shows, and none does at the very top.
  list.scrollTop = top + (place() - before);
}

/** Brings lines back that somebody scrolls up to; the newest ones give way. */
function bringOlder(log) {
  const { list, older, newer } = log;
  keepPlace(log, () => list.prepend(...older.splice(-BACK)));
  const many = list.childElementCount - MOST_WHILE_READING;
  if (many <= 0) return;
  const away = [...list.children].slice(-many);
  away.forEach((line) => line.remove());
  newer.unshift(...away);
}

/** Brings lines back that somebody scrolls down to. */
function bringNewer(log) {
  log.list.append(...log.newer.splice(0, BACK));
  trim(log, MOST_WHILE_READING);
}

const sizes = new ResizeObserver(() => { if (shown.atEnd) toEnd(); });
newest.addEventListener('click', toEnd);

/** Shows the newest line. */
export function toEnd() {
  const { list, older, newer } = shown;
  if (newer.length) {
    const all = [...list.children, ...newer.splice(0)];
    list.replaceChildren(...all.slice(-MOST_LINES));
    older.push(...all.slice(0, -MOST_LINES));
  }
  trim(shown, MOST_LINES);
  list.scrollTop = list.scrollHeight;
  shown.seenTop = list.scrollTop;
  shown.atEnd = true;
  newest.hidden = true;
}

/** Keeps the end in sight: once for all lines that come before the next picture. */
export function grown() {
  if (seeking) return;
  seeking = true;
  const seek = () => {
    if (!seeking) return;
    seeking = false;
    if (shown.atEnd) toEnd();
  };
  requestAnimationFrame(seek);
  // A hidden page gets no pictures.
  if (document.hidden) setTimeout(seek);
}

/** Puts a line at the end. An element that is in the list already moves there. */
export function append(line) {
  const log = target;
  if (log.newer.length) {
    line.remove();
    log.newer = [...log.newer.filter((other) => other !== line), line];
  } else log.list.append(line);
  if (log !== shown) trim(log, MOST_LINES);
  // At the end they are taken away when the end is sought: before that, nothing moves but by the reader's hand.
  else if (!log.atEnd) {
    trim(log, MOST_WHILE_READING);
    newest.hidden = false;
  }
  if (log === shown) grown();
}

/** Takes the oldest lines out of the page. */
function trim(log, most) {
  const { list, older } = log;
  while (list.childElementCount > most) {
    // What was never seen in the room is not put away for being old.
    const oldest = list.querySelector('li:not(.mine), .seen');
    if (!oldest) return;
    if (log === shown && !log.atEnd) keepPlace(log, () => oldest.remove());
    else oldest.remove();
    older.push(oldest);
  }
  if (older.length > MOST_KEPT) older.splice(0, older.length - MOST_KEPT + MOST_LINES);
}

function element(name, className, text) {
  const made = document.createElement(name);
  made.className = className;
  // Text, never markup: what people write stays characters.
  if (text !== undefined) made.textContent = text;
  return made;
}

/** A message. `aside` is what stands beside its writer's name, such as whom a whisper is for. */
export function message({ from, colour, text, at, own, aside, replay }) {
  const line = element('li', own ? 'message own' : 'message');
  if (replay) line.classList.add('replayed');
  const head = element('p', 'head');
  const who = element('span', 'who');
  const name = element('bdi', 'from', from);
  name.style.setProperty('--author', colour);
  who.append(name);
  if (aside) who.append(' ', element('span', 'aside', aside));
  const time = element('time', 'time');
  head.append(who, time);
  const body = element('div', 'text');
  body.dir = 'auto';
  body.append(render(text));
  line.append(head, body);
  if (text.length > LONG_TEXT || text.split('\n', LONG_LINES + 1).length > LONG_LINES) shorten(line, body);
  stamp(line, at);
  return line;
}

/** Shows a long text in part, with a button for the rest. */
function shorten(line, body) {
  body.classList.add('long');
  const more = element('button', 'again more', 'Show all of it');
  more.type = 'button';
  more.addEventListener('click', () => {
    body.classList.remove('long');
    more.remove();
  });
  line.append(more);
}

/** Writes a message's time: Unix milliseconds. */
export function stamp(line, at) {
  const time = line.querySelector('time');
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return;
  time.dateTime = date.toISOString();
  time.textContent = hour(at);
  time.title = date.toLocaleString();
}

/** Says under a message what became of it, with buttons: `[['send again', action], ...]`. */
export function note(line, kind, text, actions = []) {
  line.querySelector('.note')?.remove();
  line.dataset.kind = kind;
  if (text) {
    const made = element('p', 'note', text);
    for (const [label, action] of actions) {
      const button = element('button', 'again', label);
      button.type = 'button';
      button.addEventListener('click', action);
      made.append(' ', button);
    }
    line.append(made);
  }
  if (line.parentElement === shown?.list) grown();
}

/** A line of the page itself. */
export function system(text, kind = 'info') {
  append(element('li', `system ${kind}`, text));
}

/** A thin line between what came before and what follows. */
export function divider(text, kind = 'info') {
  const line = element('li', `system divider ${kind}`);
  line.append(element('span', '', text));
  append(line);
  return line;
}

/** Changes the words of a divider. */
export function word(divider, text) {
  divider.firstElementChild.textContent = text;
  grown();
}

/** Somebody came, went or is called otherwise. Those who do the same in a row share a line. */
export function presence(name, what) {
  const last = target.newer.at(-1) ?? target.list.lastElementChild;
  if (last?.dataset.presence === what) {
    last.names.push(name);
    const more = last.names.length - NAMES_IN_A_LINE;
    const names = last.names.slice(0, NAMES_IN_A_LINE).join(', ');
    last.textContent = `${names}${more > 0 ? ` and ${more} more` : ''} ${what}`;
    return;
  }
  const line = element('li', 'system presence', `${name} ${what}`);
  line.dataset.presence = what;
  line.names = [name];
  append(line);
}

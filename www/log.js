// The lists of messages, one for each room: built out of text nodes only, kept short, and at their ends.

import { hour } from './clock.js';
import { render } from './text.js';

/** Lines that one room keeps. What is out of sight is not laid out, so that many lines cost little. */
const MOST_LINES = 10_000;
/** While somebody reads further up nothing is taken away above, up to so many lines. */
const MOST_WHILE_READING = 12_000;
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
  /** How far it was scrolled when it was last shown. */
  top = 0;
  /** The last line about the broker: see `absence.js`. */
  outage = null;

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
  log.atEnd = log.list.scrollHeight - log.list.scrollTop - log.list.clientHeight < 40;
  if (!log.atEnd) return;
  newest.hidden = true;
  trim(log, MOST_LINES);
}

const sizes = new ResizeObserver(() => { if (shown.atEnd) toEnd(); });
newest.addEventListener('click', toEnd);

/** Shows the newest line. */
export function toEnd() {
  trim(shown, MOST_LINES);
  shown.list.scrollTop = shown.list.scrollHeight;
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
  target.list.append(line);
  if (target !== shown || target.atEnd) trim(target, MOST_LINES);
  else {
    trim(target, MOST_WHILE_READING);
    newest.hidden = false;
  }
  if (target === shown) grown();
}

/** Removes the oldest lines. What is being read stays where it is. */
function trim(log, most) {
  const { list } = log;
  while (list.childElementCount > most) {
    // What was never seen in the room is not thrown away for being old.
    const oldest = list.querySelector('li:not(.mine), .seen');
    if (!oldest) return;
    const reads = log === shown && !log.atEnd;
    const [before, top] = reads ? [list.scrollHeight, list.scrollTop] : [];
    oldest.remove();
    // Not every browser anchors what it shows, and none does at the very top.
    if (reads) list.scrollTop = top - (before - list.scrollHeight);
  }
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
  const last = target.list.lastElementChild;
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

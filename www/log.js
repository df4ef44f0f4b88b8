// The list of messages: builds its lines out of text nodes only, keeps it short, and stays at its end.

import { hour } from './clock.js';

const MOST_LINES = 500;
/** While somebody reads further up nothing is taken away above, up to so many lines. */
const MOST_WHILE_READING = 2_000;
const NAMES_IN_A_LINE = 3;

const list = document.getElementById('log');
const newest = document.getElementById('newest');
let atEnd = true;

list.addEventListener('scroll', () => {
  atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  if (!atEnd) return;
  newest.hidden = true;
  if (list.childElementCount > MOST_LINES) toEnd();
});
new ResizeObserver(() => { if (atEnd) toEnd(); }).observe(list);
newest.addEventListener('click', toEnd);

export function toEnd() {
  trim(MOST_LINES);
  list.scrollTop = list.scrollHeight;
  atEnd = true;
  newest.hidden = true;
}

/** Puts a line at the end. An element that is in the list already moves there. */
export function append(line) {
  list.append(line);
  if (atEnd) toEnd();
  else {
    trim(MOST_WHILE_READING);
    newest.hidden = false;
  }
}

/** Removes the oldest lines. What is being read stays where it is. */
function trim(most) {
  while (list.childElementCount > most) {
    // What was never seen in the room is not thrown away for being old.
    const oldest = list.querySelector('li:not(.mine), .seen');
    if (!oldest) return;
    const before = list.scrollHeight;
    const top = list.scrollTop;
    oldest.remove();
    // Not every browser anchors what it shows, and none does at the very top.
    if (!atEnd) list.scrollTop = top - (before - list.scrollHeight);
  }
}

/** Takes all lines out of the list. */
export function take() {
  const lines = [...list.children];
  list.replaceChildren();
  return lines;
}

/** Shows these lines and nothing else. They were read before, and are not read aloud again. */
export function put(lines) {
  list.ariaLive = 'off';
  list.replaceChildren(...lines);
  toEnd();
  requestAnimationFrame(() => { list.ariaLive = 'polite'; });
}

/** Keeps the end in sight after a line has grown. */
export function grown() {
  if (atEnd) toEnd();
}

function element(name, className, text) {
  const made = document.createElement(name);
  made.className = className;
  // Text, never markup: what people write stays characters.
  if (text !== undefined) made.textContent = text;
  return made;
}

/** A message. */
export function message({ from, colour, text, at, own }) {
  const line = element('li', own ? 'message own' : 'message');
  const head = element('p', 'head');
  const name = element('bdi', 'from', from);
  name.style.setProperty('--author', colour);
  const time = element('time', 'time');
  head.append(name, time);
  const body = element('p', 'text', text);
  body.dir = 'auto';
  line.append(head, body);
  stamp(line, at);
  return line;
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
  grown();
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

/** Somebody came or went. Those who do the same in a row share a line. */
export function presence(name, what) {
  const last = list.lastElementChild;
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

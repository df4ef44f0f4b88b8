// The list of messages: builds its lines out of text nodes only, keeps it short, and stays at its end.

const MOST_LINES = 500;
const NAMES_IN_A_LINE = 3;

const list = document.getElementById('log');
const newest = document.getElementById('newest');
let atEnd = true;

list.addEventListener('scroll', () => {
  atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  if (atEnd) newest.hidden = true;
});
new ResizeObserver(() => { if (atEnd) toEnd(); }).observe(list);
newest.addEventListener('click', toEnd);

export function toEnd() {
  list.scrollTop = list.scrollHeight;
  atEnd = true;
  newest.hidden = true;
}

/** Puts a line at the end. An element that is in the list already moves there. */
export function append(line) {
  list.append(line);
  // What was never seen in the room is not thrown away for being old.
  if (list.childElementCount > MOST_LINES) list.querySelector('li:not(.mine), .seen')?.remove();
  if (atEnd) toEnd();
  else newest.hidden = false;
}

export function clear() {
  list.replaceChildren();
  toEnd();
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
  time.textContent = date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
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

/** A thin line that says what follows. */
export function divider(text) {
  append(element('li', 'system divider', text));
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

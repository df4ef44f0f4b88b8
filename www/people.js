// Who is in the room that is shown: by name and colour, each a button to whisper to that person.

import { kept } from './link.js';
import { addressed } from './whisper.js';

const list = document.getElementById('people-list');
const heading = document.getElementById('people-heading');
const button = document.getElementById('people-button');
/** How soon a list that does not fit the number of people is asked for again. */
const ASK_AGAIN = 1_000;

let begin = () => {};
let ask = () => {};
let timer = 0;
/** What the list shows, so that it is built anew only when that is another. */
let shown = '';

/** `write(text)` begins a text in the box; `question(room)` asks the node who is in a room. */
export function start(write, question) {
  begin = write;
  ask = question;
}

/** Takes in a `people` frame. */
export function listed(room, people) {
  room.isCrowd = false;
  room.people = new Map(people.map(({ id, name, colour }) => [id, { name, colour }]));
}

/** Takes in that somebody came, went or is called otherwise. */
export function moved(room, { type, id, name, colour }) {
  if (room.isCrowd) {
    // People are named again.
    room.isCrowd = false;
    ask(room);
  }
  if (type === 'left') {
    room.people?.delete(id);
    room.typing.delete(id);
  } else if (type === 'joined' || room.people?.has(id)) room.people?.set(id, { name, colour });
}

/** Shows who is in a room. */
export function show(room) {
  check(room);
  write(heading, room.joined ? `Here: ${room.members}` : 'Here');
  write(button, room.joined ? `People (${room.members})` : 'People');
  const people = [...room.people ?? []].sort(([, one], [, other]) => one.name.localeCompare(other.name));
  const what = JSON.stringify([room.name, room.isCrowd, kept.get('self'), people]);
  if (what === shown) return;
  shown = what;
  const names = people.map(([, { name }]) => name);
  if (room.isCrowd) list.replaceChildren(hint('Too many people to be named'));
  else list.replaceChildren(...people.map(([id, person]) => entry(id, person, names)));
}

/** Asks for the list again if it does not fit the number of people, for longer than a moment. */
function check(room) {
  const fits = !room.joined || !room.people || room.people.size === room.members;
  if (fits) {
    clearTimeout(timer);
    timer = 0;
    return;
  }
  timer ||= setTimeout(() => {
    timer = 0;
    if (room.joined) ask(room);
  }, ASK_AGAIN);
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function hint(text) {
  const line = document.createElement('li');
  line.className = 'hint';
  line.textContent = text;
  return line;
}

function entry(id, { name, colour }, names) {
  const line = document.createElement('li');
  const made = document.createElement('button');
  made.type = 'button';
  made.className = 'person';
  const shown = document.createElement('bdi');
  shown.className = 'from';
  shown.textContent = name;
  shown.style.setProperty('--author', colour);
  made.append(shown);
  const me = id === kept.get('self');
  if (me) made.append(' (you)');
  made.title = me ? 'You' : `Whisper to ${name}`;
  made.disabled = me;
  // A name that several bear is nobody's; the session is one person's.
  const unique = names.filter((other) => other === name).length === 1;
  made.addEventListener('click', () => begin(addressed(unique ? name : id)));
  line.append(made);
  return line;
}

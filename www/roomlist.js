// The list of rooms: which there are, what is unread in each, and how one enters and leaves.

import * as rooms from './rooms.js';

const list = document.getElementById('rooms-list');
const button = document.getElementById('rooms-button');
/** The line of each room. Lines stay as long as their rooms, so that a message never takes one from under the pointer. */
const lines = new Map();

/** Marks the shown room and tells how much is unread. `leave(room)` is called by the button of a room. */
export function show(shown, leave) {
  const all = rooms.all();
  const unread = all.reduce((sum, room) => sum + room.unread, 0);
  write(button, unread ? `Rooms (${unread})` : 'Rooms');
  button.ariaLabel = unread ? `Rooms, ${unread} unread` : 'Rooms';
  for (const [room, line] of lines) {
    if (room.entered) continue;
    line.remove();
    lines.delete(room);
  }
  for (const room of all) {
    if (!lines.has(room)) {
      lines.set(room, entry(room, leave));
      list.append(lines.get(room));
    }
    update(lines.get(room), room, room === shown, all.length > 1);
  }
}

function update(line, room, isShown, mayLeave) {
  const [link, out] = line.children;
  if (isShown) link.ariaCurrent = 'page';
  else link.removeAttribute('aria-current');
  const count = link.children[1];
  count.hidden = !room.unread;
  write(count, room.unread > 99 ? '99+' : room.unread ? `${room.unread}` : '');
  count.ariaLabel = `${room.unread} unread`;
  out.hidden = !mayLeave;
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function entry(room, leave) {
  const line = document.createElement('li');
  line.dataset.room = room.name;
  const link = document.createElement('a');
  link.href = `#${encodeURIComponent(room.name)}`;
  const name = document.createElement('bdi');
  name.className = 'room-name';
  name.textContent = room.name;
  const count = document.createElement('span');
  count.className = 'unread';
  link.append(name, count);
  const out = document.createElement('button');
  out.type = 'button';
  out.className = 'leave';
  out.textContent = '×';
  out.title = out.ariaLabel = `Leave ${room.name}`;
  out.addEventListener('click', () => leave(room));
  line.append(link, out);
  return line;
}

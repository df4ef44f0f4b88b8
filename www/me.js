// Who one is: a name and a colour, both to be changed while connected.

import { kept } from './link.js';
import * as mine from './mine.js';

/** The colours that nodes give, by name: they can be read on white and on black. */
const COLOURS = {
  orange: '#c2410c', amber: '#b45309', lime: '#4d7c0f', green: '#15803d', teal: '#0f766e', cyan: '#0e7490',
  blue: '#0369a1', indigo: '#4f46e5', violet: '#7c3aed', purple: '#a21caf', pink: '#be185d', red: '#dc2626',
};

const nameBox = document.getElementById('name');
const colourBox = document.getElementById('colour');
let colour = '';
/** What was asked for and is not confirmed: `{name, colour}`, and what to do then. */
let pending = null;

for (const [name, value] of Object.entries(COLOURS)) {
  const option = new Option(name, value);
  option.style.color = value;
  colourBox.append(option);
}
nameBox.value = kept.get('name') ?? '';

/** `rename({name, colour})` asks the node, if there is one: false says that the next connection will. */
export function begin(rename, told) {
  document.getElementById('name-form').addEventListener('submit', (event) => event.preventDefault());
  nameBox.addEventListener('change', () => {
    const name = nameBox.value.trim();
    if (!name || name === kept.get('name')) draw();
    else change({ name }, rename, told);
  });
  colourBox.addEventListener('change', () => change({ colour: colourBox.value }, rename, told));
}

function change(wish, rename, told) {
  const before = { name: kept.get('name') ?? '', colour };
  if (rename(wish)) pending = { ...before, ...wish, before, told };
  // Said when the next connection begins.
  else for (const [key, value] of Object.entries(wish)) kept.set(key, value);
}

/** The node says who one is. Gives what is to be asked for, if one wants to be called otherwise. */
export function welcomed({ name, colour: given }) {
  pending = null;
  colour = given;
  const wish = {};
  const [wantedName, wantedColour] = [kept.get('name'), kept.get('colour')];
  if (wantedName && wantedName !== name) wish.name = wantedName;
  if (wantedColour && wantedColour !== given) wish.colour = wantedColour;
  kept.set('name', name);
  draw();
  return Object.keys(wish).length ? wish : null;
}

/** One is called this, as a token or a list of people says. */
export function called({ name, colour: now }) {
  if (pending && pending.name === name && pending.colour === now) confirmed();
}

/** The node took what was asked for. */
export function confirmed() {
  if (!pending) return;
  const { name, colour: now, before, told } = pending;
  pending = null;
  kept.set('name', name);
  if (now !== before.colour) kept.set('colour', now);
  colour = now;
  draw();
  told(name, name !== before.name);
}

/** The node refused a name or a colour. */
export function refused() {
  pending = null;
  draw();
}

function draw() {
  const name = kept.get('name') || 'you';
  mine.iAm(name, colour);
  nameBox.value = kept.get('name') ?? '';
  nameBox.style.setProperty('--author', colour);
  if (![...colourBox.options].some((option) => option.value === colour)) colourBox.append(new Option('own', colour));
  colourBox.value = colour;
  colourBox.style.setProperty('--author', colour);
}

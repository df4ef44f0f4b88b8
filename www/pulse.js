// Whether the node still answers: one that stands still keeps its connections open, and a browser shows a page no pings.

/** How long the node may be silent before it is asked. */
const SILENCE = 3_000;
/** How long it may take to answer. */
const PATIENCE = 3_000;

let isOpen = false;
let heard = Date.now();
/** Since when nothing has come, once the node has not answered; 0 while it answers. */
let silent = 0;
/** The question that is under way. */
let asking = null;
let changed = () => {};
let ask = async () => true;

/**
 * `onChange()` is called when the node falls silent, and when it is heard again. `question(signal)` asks it something, and gives
 * whether it answers; what comes by the socket counts as well.
 */
export function begin(onChange, question) {
  changed = onChange;
  ask = question;
  setInterval(look, 1_000);
}

/** Something came from the node. */
export function beat() {
  heard = Date.now();
  if (silent) become(0);
}

/** The connection opened or ended: the node is asked only while there is one. */
export function watch(open) {
  isOpen = open;
  heard = Date.now();
  silent = 0;
  asking?.abort();
  asking = null;
}

/** Since when the node says nothing and answers nothing; 0 if it does. */
export function silentSince() {
  return silent;
}

async function look() {
  // Timers of a hidden page come late, and their lateness would be taken for the node's.
  if (!isOpen || asking || document.hidden || Date.now() - heard < SILENCE) return;
  const question = new AbortController();
  asking = question;
  const timer = setTimeout(() => question.abort(), PATIENCE);
  const answers = await ask(question.signal);
  clearTimeout(timer);
  // The connection of which it was asked may have ended.
  if (asking !== question) return;
  asking = null;
  if (answers) beat();
  else if (!silent && Date.now() - heard >= SILENCE) become(heard);
}

function become(since) {
  silent = since;
  changed();
}

// Who is about to say something: told while somebody types, and forgotten when nothing more comes.

const line = document.getElementById('typing');
/** How often one's own typing is told, and how long that of others is shown. */
const EVERY = 2_000;
const SHOWN_FOR = 4_000;
const NAMES = 3;

let told = 0;
let timer = 0;

/** Somebody typed here: `tell()` is called now and then. */
export function typed(tell) {
  if (Date.now() - told < EVERY) return;
  told = Date.now();
  tell();
}

/** What was typed is sent: the next letter is news again. */
export function sent() {
  told = 0;
}

/** Somebody else types in a room. */
export function heard(room, { id, name }) {
  room.typing.set(id, { name, until: Date.now() + SHOWN_FOR });
}

/** Shows who types in a room. */
export function show(room) {
  clearTimeout(timer);
  const now = Date.now();
  for (const [id, { until }] of room.typing) if (until <= now) room.typing.delete(id);
  const names = [...room.typing.values()].map(({ name }) => name);
  const few = names.slice(0, NAMES).join(', ');
  const text = names.length > NAMES ? 'Several people are typing' : `${few} ${names.length > 1 ? 'are' : 'is'} typing`;
  const words = names.length ? `${text}…` : '';
  if (line.textContent !== words) line.textContent = words;
  if (names.length) timer = setTimeout(() => show(room), 500);
}

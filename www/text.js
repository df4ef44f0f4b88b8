// What people write, as elements: links that are safe to follow, and code. All else stays text.

/** A block of code, code within a line, or an address of the web. */
const PARTS = /```\n?([\s\S]+?)\n?```|`([^`\n]+)`|(https?:\/\/[^\s<>"'`]+)/gi;
/** What ends a sentence rather than an address. */
const AFTER_AN_ADDRESS = /[.,;:!?…)\]}]+$/u;
/** A text of a few pictures, and nothing else. */
const PICTURES = /^(?:\p{Extended_Pictographic}|\p{Emoji_Component}|\s){1,12}$/u;

/** The elements of a text. */
export function render(text) {
  const made = document.createDocumentFragment();
  if (PICTURES.test(text) && /\p{Extended_Pictographic}/u.test(text)) {
    made.append(element('span', 'pictures', text));
    return made;
  }
  let end = 0;
  for (const found of text.matchAll(PARTS)) {
    const [whole, block, inline, address] = found;
    made.append(text.slice(end, found.index));
    end = found.index + whole.length;
    if (block !== undefined) made.append(element('code', 'block', block));
    else if (inline !== undefined) made.append(element('code', 'inline', inline));
    else {
      const { url, words } = link(address);
      end -= address.length - words.length;
      made.append(url ? anchor(url, words) : words);
    }
  }
  made.append(text.slice(end));
  return made;
}

/** The address without what follows it in its sentence; `url` is null if it is none. */
function link(address) {
  let words = address.replace(AFTER_AN_ADDRESS, '');
  // A bracket that was opened within the address belongs to it.
  if (address[words.length] === ')' && words.includes('(')) words += ')';
  let url = null;
  try { url = new URL(words); } catch { /* it only looks like one */ }
  const known = url && (url.protocol === 'http:' || url.protocol === 'https:');
  return { url: known ? url : null, words };
}

function anchor(url, words) {
  const made = element('a', '', words);
  made.href = url.href;
  made.target = '_blank';
  // The other page neither reaches this one nor learns where somebody came from.
  made.rel = 'noopener noreferrer nofollow';
  made.dir = 'ltr';
  return made;
}

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

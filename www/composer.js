// The box in which one writes: grows with its text, sends with Enter, and keeps a draft over a reload.

import { kept } from './link.js';
import * as log from './log.js';

const input = document.getElementById('text');

/** `say(text, others)` sends a text, and gives false if it cannot be taken now. `typed()` is called with each letter. */
export function begin(say, typed) {
  function submit() {
    const text = input.value.trimEnd();
    if (!text.trim()) return;
    if (!say(text, document.getElementById('audience').value === 'others')) {
      log.system('A hundred messages wait already. Yours stays in the box.', 'warning');
      return;
    }
    input.value = '';
    fit();
    log.toEnd();
  }
  input.addEventListener('input', () => {
    fit();
    if (input.value.trim() && !input.value.startsWith('@')) typed();
  });
  input.addEventListener('keydown', (event) => {
    // An Enter within an input method chooses a word, and sends nothing.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  });
  document.getElementById('composer').addEventListener('submit', (event) => {
    event.preventDefault();
    submit();
    input.focus();
  });
  input.value = kept.get('draft') ?? '';
  fit();
}

/** Puts a text back into the box, before what stands there. */
export function takeBack(text) {
  input.value = input.value ? `${text}\n${input.value}` : text;
  fit();
  input.focus();
}

/** Begins a text with these words, and keeps what is there. */
export function begun(words) {
  if (!input.value.startsWith(words)) input.value = words + input.value.trimStart();
  fit();
  focus();
  input.setSelectionRange(input.value.length, input.value.length);
}

export function focus() {
  input.focus();
}

function fit() {
  input.style.height = 'auto';
  input.style.height = `${input.scrollHeight + 2}px`;
  kept.set('draft', input.value);
}

// Answers of the broker that hold payloads. A payload stays the text that somebody wrote: JSON.parse would make
// another number of 73314510714175488.

/** Parses an answer; each value called `payload` becomes its text. */
export function parseKeepingPayloads(text) {
  let out = "";
  let from = 0;
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at);
    if (code !== 34) { at += 1; continue; }
    const end = stringEnd(text, at);
    const value = keyEnd(text, end);
    if (value > 0 && text.slice(at, end) === '"payload"') {
      const stop = valueEnd(text, value);
      out += text.slice(from, value) + JSON.stringify(text.slice(value, stop));
      from = at = stop;
    } else at = end;
  }
  return JSON.parse(out + text.slice(from));
}

/** Behind the string that begins at `at`. */
export function stringEnd(text, at) {
  for (at += 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 92) at += 1;
    else if (code === 34) return at + 1;
  }
  return at;
}

/** Where the value of the key that ends at `at` begins, or 0 if that was no key. */
function keyEnd(text, at) {
  while (isSpace(text.charCodeAt(at))) at += 1;
  if (text.charCodeAt(at) !== 58) return 0;
  do at += 1; while (isSpace(text.charCodeAt(at)));
  return at;
}

/** Behind the value that begins at `at`, without recursion, however deep it is. */
function valueEnd(text, at) {
  let depth = 0;
  for (; at < text.length;) {
    const code = text.charCodeAt(at);
    if (code === 34) {
      at = stringEnd(text, at);
      if (depth === 0) return at;
    } else if (code === 123 || code === 91) { depth += 1; at += 1; }
    else if (code === 125 || code === 93) {
      if (depth === 0) return at;
      depth -= 1; at += 1;
      if (depth === 0) return at;
    } else if (depth === 0 && (code === 44 || isSpace(code))) return at;
    else at += 1;
  }
  return at;
}

const isSpace = (code) => code === 32 || code === 10 || code === 13 || code === 9;

/** Rows of a list, newest first, with JSON coloured by kind. Text stays text, whatever a payload holds. */

const ROWS_MAX = 200
const SHOWN_MAX = 2_000
const TOKEN = /("(?:[^"\\]|\\.)*"?)(\s*:)?|(-?\d[\d.eE+-]*)|(true|false|null)|([{}[\],])|\s+|./gy

export function element(name, className, ...children) {
  const made = document.createElement(name)
  if (className) made.className = className
  made.append(...children)
  return made
}

export function prepend(log, row) {
  log.querySelector('.empty')?.remove()
  log.prepend(row)
  while (log.childElementCount > ROWS_MAX) log.lastElementChild.remove()
}

/** Returns the time of day to the millisecond. */
export function timeNow() {
  const now = new Date()
  const two = (number) => String(number).padStart(2, '0')
  const time = element('time', '')
  time.dateTime = now.toISOString()
  time.textContent = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`
    + `.${String(now.getMilliseconds()).padStart(3, '0')}`
  return time
}

/** JSON as it was written, never parsed: large numbers stay what they are. */
export function json(text) {
  const shown = text.slice(0, SHOWN_MAX)
  const parts = []
  for (const [part, string, colon, number, word] of shown.matchAll(TOKEN)) {
    if (string) parts.push(element('span', colon ? 'key' : 'string', string), ...(colon ? [': '] : []))
    else if (number || word) parts.push(element('span', number ? 'digits' : 'word', part))
    else parts.push(part === ',' ? ', ' : part)
  }
  if (shown !== text) parts.push(' …')
  return element('code', 'json', ...parts)
}

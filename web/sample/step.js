/** One step: a form, and the line beneath that says what came of it. */

export class Step {
  isDone = false
  said = ''
  #element
  #result

  /** @param {(fields: Record<string, any>) => void} take */
  constructor(part, take) {
    this.#element = part
    this.#result = part.querySelector('.result')
    const form = part.querySelector('form')
    for (const input of form.querySelectorAll('.field')) {
      input.spellcheck = false
      input.autocapitalize = 'none'
    }
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      take(fieldsOf(form))
    })
  }

  say(words, isRefused = false) {
    this.said = words
    this.#result.textContent = words
    this.#result.classList.toggle('refused', isRefused)
  }

  finish(words) {
    this.isDone = true
    this.#element.classList.add('done')
    this.say(words)
  }

  /** It can be taken once more. */
  open() {
    this.isDone = false
    this.#element.classList.remove('done')
  }

  /** The next step's button stands out. */
  markNext(isNext) {
    this.#element.querySelector('.go').classList.toggle('primary', isNext)
  }
}

function fieldsOf(form) {
  const { payload, qos, ...fields } = Object.fromEntries([...form.elements].filter((it) => it.name)
    .map((it) => [it.name, it.type === 'checkbox' ? it.checked : it.value]))
  return { ...fields, qos: qos ? 1 : 0, data: payload === undefined ? undefined : dataOf(payload) }
}

/** A payload as it is written, or as a text if it is no JSON. */
function dataOf(payload) {
  try {
    return JSON.parse(payload)
  } catch {
    return payload
  }
}

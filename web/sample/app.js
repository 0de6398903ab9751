/** The page: two clients side by side, or one where there is no room; `?clients=1` and `?clients=2` say which. */

import { listenerAddress } from './address.js'
import { ClientView } from './client-view.js'

const NAMES = ['ada', 'bob']
const query = new URLSearchParams(location.search)
const views = []

async function show(count, address) {
  const places = document.getElementById('clients')
  while (views.length > count) views.pop().remove()
  while (views.length < count) {
    const [name, peer] = views.length === 0 ? NAMES : [...NAMES].reverse()
    views.push(new ClientView({ id: `client-${views.length + 1}`, name, peer, address }))
  }
  places.replaceChildren(...views.map((view) => view.element))
  document.getElementById('statuses').replaceChildren(...views.map((view) => view.status))
  places.classList.toggle('two', count === 2)
}

function bindSecond(address) {
  const button = document.getElementById('second')
  const draw = () => {
    const isShown = views.length === 2
    button.setAttribute('aria-pressed', String(isShown))
    button.textContent = isShown ? 'Hide the second client' : 'Show a second client'
  }
  button.addEventListener('click', async () => {
    await show(3 - views.length, address)
    draw()
  })
  draw()
}

function bindTheme() {
  const button = document.getElementById('theme')
  const root = document.documentElement
  const isDark = () => (root.dataset.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark'
  const draw = () => {
    button.textContent = isDark() ? 'Light' : 'Dark'
    button.setAttribute('aria-label', isDark() ? 'Use the light theme' : 'Use the dark theme')
  }
  button.addEventListener('click', () => {
    root.dataset.theme = isDark() ? 'light' : 'dark'
    localStorage.setItem('rialto-theme', root.dataset.theme)
    draw()
  })
  draw()
}

const address = query.get('broker') ?? await listenerAddress()
bindTheme()
const wanted = query.get('clients') ?? (matchMedia('(min-width: 64rem)').matches ? '2' : '1')
await show(wanted === '2' ? 2 : 1, address)
bindSecond(address)

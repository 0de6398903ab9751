/** An outbox in IndexedDB, which outlives a reload; one page at a time holds it (K-50). */

const VERSION = 1
const TABLE = 'frames'

/** Returns a store for the option `outbox.store`; one for each client. */
export function indexedDbOutbox() {
  let database
  let letGo = () => {}
  /** @returns {Promise<void>} */
  const change = (act) => new Promise((resolve, reject) => {
    if (!database) return reject(new Error('the stored outbox is closed'))
    const transaction = database.transaction(TABLE, 'readwrite')
    act(transaction.objectStore(TABLE))
    transaction.oncomplete = () => resolve()
    transaction.onabort = transaction.onerror = () => reject(transaction.error)
  })
  return {
    async open(name) {
      letGo = await hold(`rialto-client ${name}`)
      if (!letGo) {
        letGo = () => {}
        return null
      }
      database = await openDatabase(`rialto-client ${name}`)
      const rows = await answer(database.transaction(TABLE).objectStore(TABLE).getAll())
      return rows.map(({ id, frame }) => [id, frame])
    },
    put: (id, frame) => change((table) => table.add({ id, frame })),
    delete: (id) => change((table) => {
      const found = table.index('id').openKeyCursor(id)
      found.onsuccess = () => found.result && table.delete(found.result.primaryKey)
    }),
    async close() {
      database?.close()
      database = undefined
      letGo()
    },
  }
}

/** Takes the lock of that name, and returns how to let it go; null if another page has it. */
function hold(name) {
  return new Promise((resolve, reject) => {
    navigator.locks.request(name, { ifAvailable: true }, (lock) => {
      if (!lock) return resolve(null)
      return new Promise((letGo) => resolve(letGo))
    }).catch(reject)
  })
}

function openDatabase(name) {
  const asked = indexedDB.open(name, VERSION)
  asked.onupgradeneeded = () => {
    // Keys count up, so that what is read comes in the order it was kept.
    asked.result.createObjectStore(TABLE, { autoIncrement: true }).createIndex('id', 'id', { unique: true })
  }
  return answer(asked)
}

function answer(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

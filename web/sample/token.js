/** What a token says of itself. */

const DAY_S = 86_400
const HOUR_S = 3_600

/** Returns for how long a token is valid, such as `, valid for 30 d`; nothing for one that does not say so. */
export function validity(token, now = Date.now()) {
  try {
    const claims = JSON.parse(atob(token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/')))
    const left = Math.round(claims.exp - now / 1_000)
    if (!(left > 0)) return ''
    if (left >= DAY_S) return `, valid for ${Math.round(left / DAY_S)} d`
    return left >= HOUR_S ? `, valid for ${Math.round(left / HOUR_S)} h` : `, valid for ${left} s`
  } catch {
    return ''
  }
}

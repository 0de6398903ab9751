// Prints readings of three sensors that are not there, a week of them: node make-readings.js [COUNT] > readings.jsonl

const count = Number(process.argv[2] ?? 2_000)
const SENSORS = { 'machine/temperature': [85, 12, 9], 'office/temperature': [71, 3, 24], 'server/latency': [45, 8, 3] }

for (let n = 0; n < count; n += 1) {
  const time = new Date(Date.UTC(2024, 0, 1) + n * 300_000).toISOString().slice(0, 19)
  for (const [channel, [middle, swing, hours]] of Object.entries(SENSORS)) {
    const value = middle + swing * Math.sin((n * Math.PI) / (6 * hours)) + swing * 0.3 * (Math.random() - 0.5)
    console.log(JSON.stringify({ channel, time, value: Number(value.toFixed(2)) }))
  }
}

// The failed tests of the reports in a folder, each with its message: the end of a long run is what is read.
import fs from 'node:fs'
import path from 'node:path'

const [folder, name] = process.argv.slice(2)
const linesOfMessage = 12

const files = fs.existsSync(folder) ? fs.readdirSync(folder) : []
for (const file of files.filter((one) => one.startsWith(name) && one.endsWith('.json'))) {
  for (const tested of JSON.parse(fs.readFileSync(path.join(folder, file), 'utf8')).testResults) {
    const failed = tested.assertionResults.filter((one) => one.status === 'failed')
    // A file that could not be loaded, or whose hook failed, has a message of its own.
    if (failed.length === 0 && tested.status === 'failed') tell(file, tested.name, tested.message)
    for (const one of failed) tell(file, `${tested.name} > ${one.fullName}`, one.failureMessages.join('\n'))
  }
}

function tell(report, test, message = '') {
  const lines = message.split('\n').slice(0, linesOfMessage)
  process.stdout.write(
    `FAILED (${report}) ${path.relative('.', test)}\n${lines.map((line) => `    ${line}\n`).join('')}`,
  )
}

// Adds up the tests' report and the checks' last line, and prints `N passed, N failed`.
// A part that ended badly without saying why counts as one failure: silence is never success.
import { readFileSync } from 'node:fs';

const [testsFile, testsExit, checksFile, checksExit] = process.argv.slice(2);
const parts = [fromTests(), fromChecks()];
const passed = parts.reduce((sum, part) => sum + part.passed, 0);
const failed = parts.reduce((sum, part) => sum + part.failed, 0);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function fromTests() {
  try {
    const report = JSON.parse(readFileSync(testsFile, 'utf8'));
    // A file that does not even load has no tests of its own to fail.
    const broken = report.testResults.filter(
      (file) =>
        file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'),
    ).length;
    return settle(report.numPassedTests, report.numFailedTests + broken, testsExit);
  } catch {
    return { passed: 0, failed: 1 };
  }
}

function fromChecks() {
  const match = /^checks: (\d+) passed, (\d+) failed/m.exec(readFileSync(checksFile, 'utf8'));
  if (match === null) return { passed: 0, failed: 1 };
  return settle(Number(match[1]), Number(match[2]), checksExit);
}

function settle(passed, failed, exit) {
  return { passed, failed: failed === 0 && exit !== '0' ? 1 : failed };
}

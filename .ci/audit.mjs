// Fails where a package that the product is shipped with has a known hole that is high or worse. A registry that cannot be
// asked makes nothing red: it is said, so that nobody takes silence for a clean answer.
import { spawnSync } from 'node:child_process';

const FAILING = ['high', 'critical'];

const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json'], { encoding: 'utf8' });
const report = reportIn(stdout);
if (report === undefined) {
  console.log('Dependencies were NOT audited: the registry does not answer audits. Run npm audit where it does.');
} else {
  const found = Object.values(report.vulnerabilities).filter(({ severity }) => FAILING.includes(severity));
  for (const { name, severity, range } of found) console.log(`${name} ${range} has a known hole: ${severity}`);
  console.log(`Dependencies were audited: ${found.length} packages with holes that are ${FAILING.join(' or ')}.`);
  if (found.length > 0) process.exitCode = 1;
}

/** Of an audit that took place. */
function reportIn(text) {
  try {
    const report = JSON.parse(text);
    return report.auditReportVersion === undefined ? undefined : report;
  } catch {
    return undefined;
  }
}

const swc = [
  '@swc/jest',
  {
    jsc: {
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, useDefineForClassFields: true },
      target: 'es2023',
    },
    module: { type: 'es6' },
  },
];

const project = (displayName, testMatch, extra = {}) => ({
  displayName,
  testMatch,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': swc },
  ...extra,
});

/** Starts servers of its own, which it kills. How much of each fault: see test/faults/form.ts. */
export const faults = (form, files) =>
  project('faults', [`<rootDir>/test/faults/${files}.test.ts`], { globals: { FAULT_FORM: form } });

/** One set of servers a run, whichever of these projects take part. */
const withServers = {
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
};

/** The move as a whole, with servers that are already there. How much of it: see test/rehearsal/form.ts. */
export const rehearsal = (form) =>
  project('rehearsal', ['<rootDir>/test/rehearsal/**/*.test.ts'], {
    globals: { REHEARSAL_FORM: form },
    ...withServers,
  });

/** Unit and architecture tests need no socket; the others start real servers. */
export default {
  projects: [
    project('architecture', ['<rootDir>/test/architecture.test.ts']),
    project('unit', ['<rootDir>/test/unit/**/*.test.ts']),
    project('integration', ['<rootDir>/test/integration/**/*.test.ts'], withServers),
    // These start whole systems of their own.
    project('browser', ['<rootDir>/test/browser/**/*.test.ts'], {
      globalSetup: '<rootDir>/test/support/chromium-setup.mjs',
    }),
    project('e2e', ['<rootDir>/test/e2e/**/*.test.ts'], withServers),
    faults('short', '{alerts,records,restarts,servers,worker}'),
    rehearsal('short'),
  ],
  maxWorkers: 2,
  testTimeout: 60_000,
};

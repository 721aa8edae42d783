import base from './jest.config.js';

const browser = base.projects.find(({ displayName }) => displayName === 'browser');

/** `npm run screenshots`: takes the pictures of the documentation anew. No test, and no part of `npm test`. */
export default { ...browser, testMatch: ['<rootDir>/test/support/take-screenshots.ts'], testTimeout: 120_000 };

import config, { faults } from './jest.config.js';

/** The long form of the fault suite, one file after the other: `npm run test:faults`. */
export default { ...config, projects: [faults('long', '*')], maxWorkers: 1 };

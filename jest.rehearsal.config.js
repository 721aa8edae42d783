import config, { rehearsal } from './jest.config.js';

/** The long form of the rehearsal of the move: `npm run rehearse`. */
export default { ...config, projects: [rehearsal('long')], maxWorkers: 1 };

import { connect } from 'node:net';

/** What a worker does with a batch, in order, as Redis sees it. */
export const WORKER_STEPS = ['read', 'manifest', 'insert', 'acknowledge'] as const;
export type WorkerStep = (typeof WORKER_STEPS)[number];

/** The insert begins right behind the manifest. */
const SIGNS: Readonly<Record<WorkerStep, RegExp>> = {
  read: /"xreadgroup"/i,
  manifest: /"HSET" "[^"]*:manifests:/i,
  insert: /"HSET" "[^"]*:manifests:/i,
  acknowledge: /"XACK"/i,
};

/** Resolves when some worker has taken this step: MONITOR shows each command as it is run. Fails after two minutes. */
export function workerStep(redisUrl: string, step: WorkerStep): Promise<void> {
  const { hostname, port, password } = new URL(redisUrl);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no worker came to its step "${step}" in two minutes`));
    }, 120_000);
    let line = '';
    socket.on('error', reject);
    socket.on('connect', () => socket.write(`AUTH ${password}\r\nMONITOR\r\n`));
    socket.on('data', (bytes) => {
      const lines = (line + bytes.toString('latin1')).split('\r\n');
      line = lines.pop() ?? '';
      if (!lines.some((each) => SIGNS[step].test(each))) return;
      clearTimeout(timer);
      socket.destroy();
      resolve();
    });
  });
}

import { freePort, isPortFree } from '../embedded/free-port.js';
import { busyPort } from '../platform/http-server.js';
import type { StackProcess } from './stack.js';

/** Chosen once: a process that is started again is found where it was. */
export type StackPorts = Readonly<Record<StackProcess, number>>;

interface WantedPorts {
  readonly host: string;
  /** 0: any. */
  readonly gateway: number;
  /** Without it, or 0: any. */
  readonly worker: number | undefined;
}

/** A port for each process. Fails with a UserError where one that was asked for is busy. */
export async function choosePorts({ host, gateway, worker = 0 }: WantedPorts): Promise<StackPorts> {
  await refuseBusy(gateway, host, '--port or PORT');
  await refuseBusy(worker, host, 'WORKER_PORT');
  const taken = [gateway, worker];
  const choose = async (onHost?: string): Promise<number> => {
    const port = await freePort(taken, onHost);
    taken.push(port);
    return port;
  };
  return {
    gateway: gateway === 0 ? await choose(host) : gateway,
    worker: worker === 0 ? await choose(host) : worker,
    clickhouse: await choose(),
    postgres: await choose(),
    redis: await choose(),
  };
}

async function refuseBusy(port: number, host: string, setting: string): Promise<void> {
  if (port !== 0 && !(await isPortFree(port, host))) throw busyPort({ port, host, setting });
}

import type { RedisDatabase } from './database.js';

/** Bytes that Redis holds, and how many it may; 0 where nobody has said. Fails with an UpstreamError. */
export async function memoryOf(redis: RedisDatabase): Promise<{ used: number; limit: number }> {
  const info = String(await redis.command('INFO', 'memory'));
  const figure = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  return { used: figure('used_memory'), limit: figure('maxmemory') };
}

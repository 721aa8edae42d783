import { existsSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { ICruiseResult } from 'dependency-cruiser';
import { cruise } from 'dependency-cruiser';
import { pageModules } from './support/page-imports.js';

/** Each room and what it may import of the project; a room may always import from itself. */
const ROOMS: Record<string, readonly string[]> = {
  'src/records': [],
  'src/platform': [],
  'src/config.ts': ['src/platform'],
  'src/stores/analytics-store.ts': ['src/records'],
  'src/stores/scoped-stats.ts': ['src/stores/analytics-store.ts', 'src/records'],
  'src/stores/event-walk.ts': ['src/stores/analytics-store.ts', 'src/records'],
  'src/stores/clickhouse': [
    'src/stores/analytics-store.ts',
    'src/stores/event-walk.ts',
    'src/stores/scoped-stats.ts',
    'src/platform',
    'src/records',
  ],
  'src/stores/postgres': [
    'src/stores/analytics-store.ts',
    'src/stores/event-walk.ts',
    'src/stores/scoped-stats.ts',
    'src/platform',
    'src/records',
  ],
  'src/stores/redis': ['src/platform', 'src/records'],
  'src/migration': ['src/stores', 'src/rollups', 'src/platform', 'src/records'],
  'src/rollups': ['src/stores', 'src/platform', 'src/records'],
  'src/embedded': ['src/platform'],
  'src/simulation': ['src/stores', 'src/platform', 'src/records'],
  'src/graphql': ['src/stores', 'src/migration', 'src/platform', 'src/records'],
  'src/gateway.ts': ['src/graphql', 'src/stores', 'src/migration', 'src/platform', 'src/records', 'src/config.ts'],
  'ingest-worker': ['src/stores', 'src/migration', 'src/rollups', 'src/platform', 'src/records', 'src/config.ts'],
  'src/cli': [
    'src/gateway.ts',
    'src/graphql',
    'src/migration',
    'src/rollups',
    'src/simulation',
    'src/embedded',
    'src/stores',
    'src/platform',
    'src/records',
    'src/config.ts',
  ],
  'src/cli/worker.ts': ['ingest-worker', 'src/cli', 'src/config.ts'],
  'src/main.ts': ['src/cli', 'src/platform'],
};

/** The same of the pages. They know the gateway by schema.graphql alone, whose types are generated into dashboard/api. */
const PAGE_ROOMS: Record<string, readonly string[]> = {
  'dashboard/api': [],
  'dashboard/format': [],
  'dashboard/chain': [],
  'dashboard/theme': [],
  'dashboard/url': [],
  'dashboard/styles': [],
  'dashboard/ui': ['dashboard/api'],
  'dashboard/live': ['dashboard/api'],
  'dashboard/range': ['dashboard/format', 'dashboard/api'],
  'dashboard/charts': ['dashboard/theme', 'dashboard/url', 'dashboard/format', 'dashboard/api'],
  'dashboard/pages': [
    'dashboard/charts',
    'dashboard/range',
    'dashboard/live',
    'dashboard/ui',
    'dashboard/url',
    'dashboard/theme',
    'dashboard/chain',
    'dashboard/format',
    'dashboard/api',
  ],
  'dashboard/app': [
    'dashboard/pages',
    'dashboard/live',
    'dashboard/ui',
    'dashboard/url',
    'dashboard/theme',
    'dashboard/styles',
    'dashboard/api',
  ],
  'dashboard/compressed.ts': [],
  'dashboard/documents.ts': ['dashboard/api'],
  'dashboard/vite.config.ts': ['dashboard/compressed.ts', 'dashboard/documents.ts'],
  'dashboard/playground': ['dashboard/compressed.ts'],
};

const inRoom = (path: string, room: string): boolean => path === room || path.startsWith(`${room}/`);

/** The innermost room that a file is in. */
const roomOf = (path: string, rooms = ROOMS): string | undefined =>
  Object.keys(rooms)
    .filter((room) => inRoom(path, room))
    .sort((a, b) => b.length - a.length)[0];

describe('the architecture', () => {
  let modules: ICruiseResult['modules'] = [];

  beforeAll(async () => {
    const { output } = await cruise(['src', 'ingest-worker'], {
      parser: 'swc',
      doNotFollow: { path: 'node_modules' },
      enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types'] },
      tsConfig: { fileName: 'tsconfig.json' },
    });
    if (typeof output === 'string') throw new Error('expected a result, not a report');
    modules = output.modules.filter(({ source }) => /^(src|ingest-worker)\//.test(source));
  });

  test('every source file is in a room', () => {
    expect(modules.length).toBeGreaterThan(20);
    expect(modules.map(({ source }) => source).filter((source) => roomOf(source) === undefined)).toEqual([]);
  });

  test('imports go downhill', () => {
    const uphill = modules.flatMap(({ source, dependencies }) => {
      const room = roomOf(source) ?? '';
      const allowed = [room, ...(ROOMS[room] ?? [])];
      return dependencies
        .map(({ resolved }) => resolved)
        .filter((resolved) => /^(src|ingest-worker|bench|test)\//.test(resolved))
        .filter((resolved) => !allowed.some((target) => inRoom(resolved, target)))
        .map((resolved) => `${source} -> ${resolved}`);
    });
    expect(uphill).toEqual([]);
  });

  test('there are no import cycles', () => {
    const inCycle = modules.flatMap(({ source, dependencies }) =>
      dependencies.filter(({ circular }) => circular).map(({ resolved }) => `${source} -> ${resolved}`),
    );
    expect(inCycle).toEqual([]);
  });

  test('only the stores speak SQL and Redis', () => {
    const drivers = /node_modules\/(pg|ioredis|@clickhouse\/client)\//;
    const speakers = modules.flatMap(({ source, dependencies }) =>
      dependencies
        .filter(({ resolved, dependencyTypes }) => drivers.test(resolved) && !dependencyTypes.includes('type-only'))
        .filter(() => !inRoom(source, 'src/stores'))
        .map(({ resolved }) => `${source} -> ${resolved}`),
    );
    expect(speakers).toEqual([]);
  });

  test('what exports traces is loaded on demand alone', () => {
    const loaded = modules.flatMap(({ source, dependencies }) =>
      dependencies
        .filter(({ resolved, dynamic }) => /node_modules\/@opentelemetry\/(?!api\/)/.test(resolved) && !dynamic)
        .map(({ resolved }) => `${source} -> ${resolved}`),
    );
    expect(loaded).toEqual([]);
  });

  test('only config.ts reads the environment', () => {
    const readers = modules
      .map(({ source }) => source)
      .filter((source) => source !== 'src/config.ts' && /process\.env\b/.test(readFileSync(source, 'utf8')));
    expect(readers).toEqual([]);
  });
});

describe('the architecture of the pages', () => {
  const modules = pageModules();

  test('every file is in a room, and imports what there is', () => {
    expect(modules.length).toBeGreaterThan(50);
    expect(modules.filter(({ source }) => roomOf(source, PAGE_ROOMS) === undefined)).toEqual([]);
    expect(modules.flatMap(({ imports }) => imports).filter((path) => !existsSync(path))).toEqual([]);
  });

  test('imports go downhill, and none leaves the dashboard', () => {
    const uphill = modules.flatMap(({ source, imports }) => {
      const room = roomOf(source, PAGE_ROOMS) ?? '';
      const allowed = [room, ...(PAGE_ROOMS[room] ?? [])];
      return imports
        .filter((path) => !allowed.some((target) => inRoom(path, target)))
        .map((path) => `${source} -> ${path}`);
    });
    expect(uphill).toEqual([]);
  });

  test('there are no import cycles', () => {
    const importsOf = new Map(modules.map(({ source, imports }) => [source, imports]));
    const reachable = (source: string, seen: Set<string>): Set<string> => {
      for (const path of importsOf.get(source) ?? []) if (!seen.has(path)) reachable(path, seen.add(path));
      return seen;
    };
    expect(modules.filter(({ source }) => reachable(source, new Set()).has(source))).toEqual([]);
  });
});

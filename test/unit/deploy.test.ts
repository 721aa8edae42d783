import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';

const VARIABLES = new Set(
  [...readFileSync('src/config.ts', 'utf8').matchAll(/^ {2}([A-Z][A-Z_]+):/gm)].map(([, name = '']) => name),
);
const isRead = (variable: string): boolean => VARIABLES.has(variable.replace(/_FILE$/, ''));
const COMMANDS = ['gateway', 'worker', 'migrate up'];
const PATHS = ['/healthz', '/readyz'];

const probe = z.object({ httpGet: z.object({ path: z.enum(PATHS), port: z.literal('http') }) });
const container = z.object({
  args: z.array(z.string()).transform((args) => args.join(' ')),
  env: z.array(z.object({ name: z.string(), value: z.string() })),
  startupProbe: probe.optional(),
  readinessProbe: probe.optional(),
  livenessProbe: probe.optional(),
  resources: z.object({ limits: z.object({ memory: z.string() }) }),
  securityContext: z.object({
    readOnlyRootFilesystem: z.literal(true),
    allowPrivilegeEscalation: z.literal(false),
  }),
});
const pod = z.object({
  securityContext: z.object({ runAsNonRoot: z.literal(true) }),
  containers: z.array(container).length(1),
  volumes: z.array(z.object({ name: z.string() })),
});
const workload = z.object({
  kind: z.enum(['Deployment', 'Job']),
  spec: z.object({ template: z.object({ spec: pod }) }),
});
const service = z.object({
  command: z.array(z.string()).transform((command) => command.join(' ')),
  user: z.literal('node'),
  read_only: z.literal(true),
  environment: z.record(z.string(), z.string()),
  deploy: z.object({ resources: z.object({ limits: z.object({ cpus: z.string(), memory: z.string() }) }) }),
});

const MANIFESTS = 'deploy/kubernetes';
const workloads = readdirSync(MANIFESTS)
  .flatMap((file) => parseAllDocuments(readFileSync(`${MANIFESTS}/${file}`, 'utf8')))
  .map((document): unknown => document.toJS())
  .filter((value) => z.object({ kind: z.enum(['Deployment', 'Job']) }).safeParse(value).success)
  .map((value) => workload.parse(value).spec.template.spec.containers[0]);

describe('the Kubernetes manifests', () => {
  test('run the commands that there are, as nobody special, on a root that cannot be written, within limits', () => {
    expect(workloads.map((each) => each?.args).sort()).toEqual([...COMMANDS].sort());
  });

  test('set variables that are read, each from a secret’s file', () => {
    for (const { name, value } of workloads.flatMap((each) => each?.env ?? [])) {
      expect({ name, isRead: isRead(name) }).toEqual({ name, isRead: true });
      expect(value).toMatch(/^\/secrets\/[A-Z_]+$/);
    }
  });
});

describe('docker-compose.yml', () => {
  const compose = z
    .object({ services: z.record(z.string(), z.unknown()) })
    .parse(parse(readFileSync('deploy/docker-compose.yml', 'utf8'), { merge: true }));

  test.each(['gateway', 'worker', 'migrate'])(
    'runs %s locked down and within limits, by variables that are read',
    (name) => {
      const { command, environment } = service.parse(compose.services[name]);
      expect(COMMANDS).toContain(command);
      expect(Object.keys(environment).filter((variable) => !isRead(variable))).toEqual([]);
    },
  );

  test('gives every store a health check, a limit and a volume', () => {
    const store = z.object({
      healthcheck: z.object({ test: z.array(z.string()) }),
      volumes: z.array(z.string()).min(1),
      deploy: z.object({ resources: z.object({ limits: z.object({ memory: z.string() }) }) }),
    });
    for (const name of ['clickhouse', 'postgres', 'redis'])
      expect(() => store.parse(compose.services[name])).not.toThrow();
  });
});

describe('the image', () => {
  const dockerfile = readFileSync('deploy/Dockerfile', 'utf8');

  test('is built from what is there and allowed in, and runs as a user other than root', () => {
    const allowed = readFileSync('.dockerignore', 'utf8').match(/^!.+$/gm) ?? [];
    expect(allowed.map((line) => line.slice(1)).filter((path) => !existsSync(path))).toEqual([]);
    expect(dockerfile.match(/^USER .+$/gm)).toEqual(['USER node']);
  });

  test('brings the Node that package.json asks for', () => {
    const { engines } = z
      .object({ engines: z.object({ node: z.string() }) })
      .parse(parse(readFileSync('package.json', 'utf8')));
    const majors = [...dockerfile.matchAll(/^FROM node:(\d+)-/gm)].map(([, major]) => major);
    expect(new Set(majors)).toEqual(new Set([engines.node.match(/\d+/)?.[0]]));
  });
});

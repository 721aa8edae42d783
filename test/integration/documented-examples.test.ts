import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { ALICE } from '../support/analytics-dataset.js';
import { documentedExamples } from '../support/documented-examples.js';
import { startFilledGateway } from '../support/filled-gateway.js';
import { tokenOf } from '../support/gateway.js';

const examples = documentedExamples().map((example) => ({
  ...example,
  title: `${example.page}: ${example.query.replaceAll(/\s+/g, ' ').slice(0, 60)}`,
}));

describe('the operations that the documentation shows', () => {
  let gateway: Awaited<ReturnType<typeof startFilledGateway>>;

  beforeAll(async () => {
    gateway = await startFilledGateway('clickhouse');
  });

  afterAll(() => gateway?.close());

  test.each(examples.filter(({ isSubscription }) => !isSubscription))('$title', async ({ query, variables }) => {
    const data = await gateway.answered(query, variables);
    expect(Object.values(data)).not.toContain(null);
  });

  test.each(examples.filter(({ isSubscription }) => isSubscription))('$title', async ({ query, variables }) => {
    const client = createClient({
      url: gateway.socketUrl,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${await tokenOf(ALICE)}` },
    });
    try {
      for await (const message of client.iterate({ query, variables })) {
        expect(message.errors).toBeUndefined();
        expect(message.data).toBeTruthy();
        break;
      }
    } finally {
      await client.dispose();
    }
  });
});

import type { Logger } from './logger.js';

/**
 * Sends the spans of this process to a collector, by OTLP over HTTP with JSON. Where to, which of them and in what portions
 * say the standard OTEL_* variables, which the SDK reads itself. Returns what sends the rest and ends it. The SDK is loaded
 * here alone, so that whoever traces nothing has nothing of it. The name of the service is what it is called unless they
 * say otherwise.
 */
export async function exportTraces(serviceName: string, logger: Logger): Promise<() => Promise<void>> {
  const [api, sdk, exporter, resources, hooks, core] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/context-async-hooks'),
    import('@opentelemetry/core'),
  ]);
  const tell = (message: string): void => logger.warn({ message }, 'traces cannot be sent as they should');
  const quiet = (): void => undefined;
  api.diag.setLogger(
    { error: tell, warn: tell, info: quiet, debug: quiet, verbose: quiet },
    { logLevel: api.DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  const provider = new sdk.BasicTracerProvider({
    resource: resources
      .resourceFromAttributes({ 'service.name': serviceName })
      .merge(resources.detectResources({ detectors: [resources.envDetector, resources.serviceInstanceIdDetector] })),
    spanProcessors: [new sdk.BatchSpanProcessor(new exporter.OTLPTraceExporter())],
  });
  api.context.setGlobalContextManager(new hooks.AsyncLocalStorageContextManager().enable());
  api.propagation.setGlobalPropagator(new core.W3CTraceContextPropagator());
  api.trace.setGlobalTracerProvider(provider);
  return async () => {
    await provider.shutdown();
    for (const global of [api.trace, api.propagation, api.context, api.diag]) global.disable();
  };
}

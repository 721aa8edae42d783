import { optionalFile, optionalPackage } from './optional-package.js';

/**
 * The ClickHouse server's process: `node clickhouse-process.js CONFIG_FILE DATA_FOLDER LOG_FILE PORT`.
 * The library holds clickhouse-local, which can listen as a server does; its main never returns while the query
 * sleeps. It takes over this thread, so nothing of Node runs in this process from then on.
 */
const QUERY = `
  CREATE DATABASE IF NOT EXISTS ethhook;
  SYSTEM START LISTEN HTTP;
  SELECT sleepEachRow(3) FROM numbers(1000000000)
  SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 0 FORMAT Null`;

const [configFile = '', dataFolder = '', logFile = '', port = ''] = process.argv.slice(2);
const { DataType, load, open } = await optionalPackage('ClickHouse', () => import('ffi-rs'));

const target = `${process.platform}-${process.arch}${process.platform === 'linux' ? '-gnu' : ''}`;
open({ library: 'chdb', path: optionalFile('ClickHouse', `@chdb/lib-${target}/libchdb.so`, 'chdb') });
const argv = [
  'clickhouse',
  ...['--config-file', configFile],
  ...['--path', dataFolder],
  ...['--logger.log', logFile],
  ...['--log-level', 'warning'],
  ...['--listen_host', '127.0.0.1'],
  ...['--http_port', port],
  ...['--query', QUERY],
];
const result = load({
  library: 'chdb',
  funcName: 'chdb_query_cmdline',
  retType: DataType.External,
  paramsType: [DataType.I32, DataType.StringArray],
  paramsValue: [argv.length, argv],
});
const error = load({
  library: 'chdb',
  funcName: 'chdb_result_error',
  retType: DataType.String,
  paramsType: [DataType.External],
  paramsValue: [result],
});
process.stderr.write(`ClickHouse ended: ${error}\n`);
process.exitCode = 1;

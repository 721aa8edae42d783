import { optionalPackage } from './optional-package.js';

const PATH = process.platform === 'darwin' ? 'libSystem.B.dylib' : 'libc.so.6';

/** Calls a function of the C library that takes whole numbers and gives one. */
export async function callC(funcName: string, ...numbers: readonly number[]): Promise<number> {
  const { DataType, load, open } = await optionalPackage('engines', () => import('ffi-rs'));
  open({ library: 'c', path: PATH });
  return load({
    library: 'c',
    funcName,
    retType: DataType.I32,
    paramsType: numbers.map(() => DataType.I32),
    paramsValue: [...numbers],
  });
}

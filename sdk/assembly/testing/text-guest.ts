type Call = (...args: (number | bigint)[]) => number | bigint;
/** A bigint is a parameter of the export; the rest are its inputs, in order. */
type Input = string | Uint8Array | bigint;

/**
 * A module whose exports take texts and give texts or numbers (helpers/index.ts), without a host.
 * An abort of the module is an error here.
 */
export class TextGuest {
  readonly #exports: WebAssembly.Exports;

  constructor(module: WebAssembly.Module) {
    const env: Record<string, Call> = {};
    for (const { name } of WebAssembly.Module.imports(module)) env[name] = () => 1;
    env['proxy_log'] = (_level, at, size) => {
      throw new Error(this.#bytes(Number(at), Number(size)).toString());
    };
    this.#exports = new WebAssembly.Instance(module, { env }).exports;
    this.#call('_initialize');
  }

  /** What the export returns for these texts, as text. */
  text(name: string, ...inputs: Input[]): string {
    return this.bytes(name, ...inputs).toString();
  }

  /** What the export returns for these texts, as bytes. */
  bytes(name: string, ...inputs: Input[]): Buffer {
    const at = Number(this.number(name, ...inputs));
    const size = this.#exports['outputSize'] as WebAssembly.Global;
    return Buffer.from(this.#bytes(at, size.value));
  }

  /** The number that the export returns for these texts; a bigint for 64 bits. */
  number(name: string, ...inputs: Input[]): number | bigint {
    this.#call('begin');
    const numbers: bigint[] = [];
    for (const input of inputs) {
      if (typeof input === 'bigint') {
        numbers.push(input);
        continue;
      }
      const bytes = Buffer.from(input);
      const at = Number(this.#call('input', bytes.length));
      this.#bytes(at, bytes.length).set(bytes);
    }
    return this.#call(name, ...numbers);
  }

  #call(name: string, ...args: (number | bigint)[]): number | bigint {
    return (this.#exports[name] as Call)(...args);
  }

  #bytes(at: number, size: number): Buffer {
    return Buffer.from((this.#exports['memory'] as WebAssembly.Memory).buffer, at, size);
  }
}

/** What a raw guest asked of its host: names and bytes of calls of foreign functions. */
export interface ForeignCall {
  readonly name: string;
  readonly argument: Buffer;
}

type Call = (...args: (number | bigint)[]) => number;

/**
 * A module without a host: its calls are answered from tables. For tests that look at bytes, which
 * a host would already have understood.
 */
export class RawGuest {
  readonly foreign: ForeignCall[] = [];
  configuration = '';
  /** Header values by name, in every map. */
  headers: Readonly<Record<string, string>> = {};
  readonly #exports: WebAssembly.Exports;

  constructor(bytes: Uint8Array) {
    const module = new WebAssembly.Module(Uint8Array.from(bytes));
    const calls: Record<string, Call> = {
      proxy_get_buffer_bytes: (_type, _start, _size, data, size) =>
        this.#give(Buffer.from(this.configuration), Number(data), Number(size)),
      proxy_get_header_map_value: (_map, name, nameSize, data, size) => {
        const value = this.headers[this.bytes(Number(name), Number(nameSize)).toString()];
        if (value === undefined) return 1;
        return this.#give(Buffer.from(value), Number(data), Number(size));
      },
      proxy_call_foreign_function: (name, nameSize, argument, size) => {
        this.foreign.push({
          name: this.bytes(Number(name), Number(nameSize)).toString(),
          argument: Buffer.from(this.bytes(Number(argument), Number(size))),
        });
        return 0;
      },
    };
    const env: Record<string, Call> = {};
    for (const { name } of WebAssembly.Module.imports(module)) env[name] = calls[name] ?? (() => 1);
    this.#exports = new WebAssembly.Instance(module, { env }).exports;
    this.call('_initialize');
  }

  call(name: string, ...args: (number | bigint)[]): number {
    return (this.#exports[name] as Call)(...args);
  }

  /** Hands over a message as `lateen_on_config` does. */
  configure(id: number, message: object): number {
    this.configuration = JSON.stringify(message);
    return this.call('lateen_on_config', 1, id, this.configuration.length);
  }

  /** A view of memory; copy what is to outlive the next call. */
  bytes(at: number, size: number): Buffer {
    return Buffer.from((this.#exports['memory'] as WebAssembly.Memory).buffer, at, size);
  }

  #give(value: Buffer, data: number, size: number): number {
    const at = this.call('proxy_on_memory_allocate', value.length);
    this.bytes(at, value.length).set(value);
    this.bytes(data, 4).writeUInt32LE(at);
    this.bytes(size, 4).writeUInt32LE(value.length);
    return 0;
  }
}

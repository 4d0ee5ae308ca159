/**
 * A family of host calls by import name. Integers arrive as the engine passes them: i32 signed, so
 * that every pointer and size goes through `>>> 0` first; i64 as bigint.
 */
export type HostFunctions = Readonly<Record<string, HostFunction>>;

/** Any parameters: the signature table and the engine see to it that they fit. */
export type HostFunction = (...parameters: never[]) => unknown;

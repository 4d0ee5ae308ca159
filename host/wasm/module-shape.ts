export type AbiVersion = '0.1.0' | '0.2.0' | '0.2.1';

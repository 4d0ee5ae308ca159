import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import * as ext from '@lateen/sdk/abi/extensions';
import * as status from '@lateen/sdk/abi/status';
import type { Guest } from '../guest.ts';
import type { ForeignFunctions } from './foreign-answer.ts';

const HASHES: readonly string[] = ['sha1', 'sha224', 'sha256', 'sha384', 'sha512'];
/** Longer RSA keys take a worker's time: a signature with 4,096 bits takes 5 ms, with 8,192 30. */
const RSA_BITS_MAX = 4096;
const KEY_BYTES_MAX = 16 * 1024;
/** What a signature costs, as bytes moved: some 0.3 ms to verify one, up to 5 ms to make one. */
const VERIFY_COST = 16 * 500_000;
const SIGN_COST = 16 * 5_000_000;

/** Field numbers of Envoy's `VerifySignatureArguments` and `SignArguments` (wasm/ext/*.proto). */
const HASH = 1;
const VERIFY = { der: 2, signature: 3, text: 4, pem: 5 } as const;
const SIGN = { der: 2, text: 3, pem: 4 } as const;

/**
 * Envoy's `verify_signature` and `sign`: RSA by PKCS #1 v1.5 and ECDSA with a DER signature, over a
 * hash by name. A key that is missing, there twice or cannot be read is BAD_ARGUMENT.
 */
export function foreignCrypto(guest: Guest): ForeignFunctions {
  const { memory } = guest;
  return {
    [ext.FN_VERIFY_SIGNATURE](start, end, answer) {
      const fields = readFields(memory.copy(start, end - start));
      const key = fields === null ? null : keyOf(fields, VERIFY, publicKey);
      if (fields === null || key === null) return status.BAD_ARGUMENT;
      guest.charge(VERIFY_COST);
      const hash = Buffer.from(bytesOf(fields, HASH)).toString();
      const error = attempt(hash, () => {
        const signature = bytesOf(fields, VERIFY.signature);
        return verify(hash, bytesOf(fields, VERIFY.text), key, signature)
          ? ''
          : 'the signature is not of this text by this key';
      });
      return answer.bytes(result(error, 2));
    },
    [ext.FN_SIGN](start, end, answer) {
      const fields = readFields(memory.copy(start, end - start));
      const key = fields === null ? null : keyOf(fields, SIGN, privateKey);
      if (fields === null || key === null) return status.BAD_ARGUMENT;
      guest.charge(SIGN_COST);
      const hash = Buffer.from(bytesOf(fields, HASH)).toString();
      let signature: Uint8Array = NOTHING;
      const error = attempt(hash, () => {
        signature = sign(hash, bytesOf(fields, SIGN.text), key);
        return '';
      });
      return answer.bytes(result(error, 3, signature));
    },
  };
}

/** The last value of each field, all of which are bytes or text; null where that is not so. */
function readFields(bytes: Uint8Array): ReadonlyMap<number, Uint8Array> | null {
  const fields = new Map<number, Uint8Array>();
  const reader = new BinaryReader(bytes);
  try {
    while (reader.pos < reader.len) {
      const [number, wireType] = reader.tag();
      if (wireType === WireType.LengthDelimited) fields.set(number, reader.bytes());
      else reader.skip(wireType, number);
    }
    return reader.pos === reader.len ? fields : null;
  } catch {
    return null;
  }
}

function bytesOf(fields: ReadonlyMap<number, Uint8Array>, number: number): Uint8Array {
  return fields.get(number) ?? NOTHING;
}

type ReadKey = (text: string | null, der: Buffer) => KeyObject;

const publicKey: ReadKey = (text, der) =>
  createPublicKey(text ?? { key: der, format: 'der', type: 'spki' });
const privateKey: ReadKey = (text, der) =>
  createPrivateKey(text ?? { key: der, format: 'der', type: 'pkcs8' });

function keyOf(
  fields: ReadonlyMap<number, Uint8Array>,
  { der, pem }: { readonly der: number; readonly pem: number },
  read: ReadKey,
): KeyObject | null {
  const binary = Buffer.from(bytesOf(fields, der));
  const text = Buffer.from(bytesOf(fields, pem));
  if (binary.length > 0 === text.length > 0) return null;
  if (binary.length > KEY_BYTES_MAX || text.length > KEY_BYTES_MAX) return null;
  try {
    const key = read(text.length > 0 ? text.toString() : null, binary);
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
    const usable = key.asymmetricKeyType === 'rsa' || key.asymmetricKeyType === 'ec';
    return usable && bits <= RSA_BITS_MAX ? key : null;
  } catch {
    return null;
  }
}

/** What is wrong, empty where nothing is. */
function attempt(hash: string, work: () => string): string {
  if (!HASHES.includes(hash)) return `${hash.slice(0, 64)} is not supported.`;
  try {
    return work();
  } catch {
    return 'the key cannot be used so';
  }
}

/** `{1: result, 2: signature, error: error}`; the field of the error differs between the two. */
function result(error: string, errorField: number, signature: Uint8Array = NOTHING): Uint8Array {
  const writer = new BinaryWriter();
  if (error === '') writer.tag(1, WireType.Varint).bool(true);
  if (signature.length > 0) writer.tag(2, WireType.LengthDelimited).bytes(signature);
  if (error !== '') writer.tag(errorField, WireType.LengthDelimited).string(error);
  return writer.finish();
}

const NOTHING = new Uint8Array(0);

import {
  create,
  createFileRegistry,
  type DescEnum,
  type DescExtension,
  type DescMessage,
  type DescService,
  type Registry,
  toBinary,
} from '@bufbuild/protobuf';
import {
  BytesValueSchema,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt';

/**
 * Makes an Any of an unknown type printable: `wrapUnknown` puts its bytes into field 1 of a message
 * of that name, and this registry describes the name as just such a message. JSON then reads
 * `{"@type": ..., "value": base64}`.
 */
export class UnknownTypes implements Registry {
  readonly kind = 'registry';
  readonly #known: Registry;
  readonly #unknown: ReadonlyMap<string, DescMessage | undefined>;

  constructor(known: Registry, unknown: ReadonlySet<string>) {
    this.#known = known;
    this.#unknown = new Map([...unknown].map((name) => [name, describe(name)]));
  }

  get(name: string): DescMessage | DescEnum | DescExtension | DescService | undefined {
    return this.#known.get(name) ?? this.#unknown.get(name);
  }

  getMessage(name: string): DescMessage | undefined {
    return this.#known.getMessage(name) ?? this.#unknown.get(name);
  }

  getEnum(name: string): DescEnum | undefined {
    return this.#known.getEnum(name);
  }

  getExtension(name: string): DescExtension | undefined {
    return this.#known.getExtension(name);
  }

  getExtensionFor(extendee: DescMessage, no: number): DescExtension | undefined {
    return this.#known.getExtensionFor(extendee, no);
  }

  getService(name: string): DescService | undefined {
    return this.#known.getService(name);
  }

  [Symbol.iterator](): IterableIterator<DescMessage | DescEnum | DescExtension | DescService> {
    return this.#known[Symbol.iterator]();
  }
}

/** The bytes as field 1 of a message. */
export function wrapUnknown(value: Uint8Array): Uint8Array {
  return toBinary(BytesValueSchema, create(BytesValueSchema, { value }));
}

function describe(typeName: string): DescMessage | undefined {
  const dot = typeName.lastIndexOf('.');
  const file = create(FileDescriptorProtoSchema, {
    name: `unknown/${typeName}.proto`,
    package: typeName.slice(0, Math.max(0, dot)),
    syntax: 'proto3',
    messageType: [
      {
        name: typeName.slice(dot + 1),
        field: [
          {
            name: 'value',
            jsonName: 'value',
            number: 1,
            type: FieldDescriptorProto_Type.BYTES,
            label: FieldDescriptorProto_Label.OPTIONAL,
          },
        ],
      },
    ],
  });
  return createFileRegistry(file, () => undefined).getMessage(typeName);
}

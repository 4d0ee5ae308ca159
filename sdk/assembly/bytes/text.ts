import { allocate, shrink } from '../arena';

/** Size of what `utf8` wrote last. */
export let utf8Size = 0;

/** The text as UTF-8 in the callback's memory; its size is in `utf8Size`. */
export function utf8(text: string): usize {
  const target = allocate(text.length * 3);
  utf8Size = <i32>(encode(text, target) - target);
  shrink(target, utf8Size);
  return target;
}

/** Lone surrogates become three bytes each, as they stand; the host checks what it gets. */
function encode(text: string, target: usize): usize {
  let from = changetype<usize>(text);
  const end = from + ((<usize>text.length) << 1);
  while (from < end) {
    let code = <u32>load<u16>(from);
    from += 2;
    if (code < 0x80) {
      store<u8>(target++, <u8>code);
      continue;
    }
    if ((code & 0xfc00) === 0xd800 && from < end) {
      code = 0x10000 + ((code & 0x3ff) << 10) + (load<u16>(from) & 0x3ff);
      from += 2;
      store<u8>(target++, <u8>(0xf0 | (code >> 18)));
      store<u8>(target++, continuation(code >> 12));
      store<u8>(target++, continuation(code >> 6));
    } else if (code >= 0x800) {
      store<u8>(target++, <u8>(0xe0 | (code >> 12)));
      store<u8>(target++, continuation(code >> 6));
    } else {
      store<u8>(target++, <u8>(0xc0 | (code >> 6)));
    }
    store<u8>(target++, continuation(code));
  }
  return target;
}

function continuation(bits: u32): u8 {
  return <u8>(0x80 | (bits & 0x3f));
}

import { PLUGIN_CONFIGURATION, VM_CONFIGURATION } from '../../abi/buffers';
import { FN_REFUSE_CONFIG } from '../../abi/extensions';
import { OK } from '../../abi/status';
import { allocate } from '../arena';
import { Bytes } from '../bytes/bytes';
import { proxy_get_buffer_bytes } from '../env';
import { callForeign } from './foreign';
import { error } from './log';
import { OUT, OUT_SIZE } from './out';

/** Points `out` to the configuration at hand; valid in onConfigure and lateen_on_config. */
export function readConfiguration(out: Bytes): void {
  readBuffer(PLUGIN_CONFIGURATION, out);
}

/** The plugin's configuration as text; in `onConfigure`. */
export function configurationText(): string {
  const bytes = new Bytes();
  readBuffer(PLUGIN_CONFIGURATION, bytes);
  return bytes.toString();
}

/** The configuration of the VM as text; in `onConfigure`. */
export function vmConfigurationText(): string {
  const bytes = new Bytes();
  readBuffer(VM_CONFIGURATION, bytes);
  return bytes.toString();
}

/** Says why the configuration at hand is refused, and at which field. Return false afterwards. */
export function refuseConfiguration(path: string, message: string): void {
  const field = Bytes.of(path);
  const text = Bytes.of(message);
  const size = 4 + field.size + text.size;
  const argument = allocate(size);
  store<u32>(argument, field.size);
  memory.copy(argument + 4, field.pointer, field.size);
  memory.copy(argument + 4 + field.size, text.pointer, text.size);
  if (callForeign(Bytes.of(FN_REFUSE_CONFIG), argument, size, new Bytes()) !== OK)
    error('{}: {}', path, message);
}

function readBuffer(type: i32, out: Bytes): void {
  store<u64>(OUT, 0);
  const found = proxy_get_buffer_bytes(type, 0, i32.MAX_VALUE, OUT, OUT_SIZE) === OK;
  out.point(found ? load<usize>(OUT) : 0, found ? load<i32>(OUT_SIZE) : 0);
}

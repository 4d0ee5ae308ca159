import { AddressSlot } from './address-slot';
import { IpRange } from './ip-range';
import { Rule } from './rule';

/** An address of the connection. One that is none of the Internet's is in doubt. */
export class IpRule extends Rule {
  private readonly slot: AddressSlot;
  private readonly range: IpRange;

  constructor(slot: AddressSlot, range: IpRange) {
    super();
    this.slot = slot;
    this.range = range;
  }

  matches(broadly: bool): bool {
    return this.slot.read() ? this.range.contains(this.slot.address) : broadly;
  }
}

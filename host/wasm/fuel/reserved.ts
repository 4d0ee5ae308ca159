/** What the fuel pass exports; a module that has them already is refused. Here: exchanges the fuel. */
export const FUEL_EXPORT = 'lateen.fuel';
/** The function of the start section, called by the host once the memory can be reached. */
export const START_EXPORT = 'lateen.start';
/** A counter that is no longer 0 once memory.grow has failed. */
export const GROWTH_EXPORT = 'lateen.growth_refused';

export type Colour = 'red' | 'green' | 'yellow' | 'dim' | 'bold' | 'cyan';

const CODES: Readonly<Record<Colour, readonly [number, number]>> = {
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
  dim: [2, 22],
  bold: [1, 22],
};

export type Paint = (colour: Colour, text: string) => string;

/** Colours text for terminals; leaves it alone everywhere else. */
export function paintFor(color: boolean): Paint {
  if (!color) return (_, text) => text;
  return (colour, text) => {
    const [on, off] = CODES[colour];
    return `\u001b[${on}m${text}\u001b[${off}m`;
  };
}

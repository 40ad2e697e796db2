// The colours of our pages, light and dark, and whether text can be read in them.

/** By the name of the custom property, without dashes; `#rrggbb`. */
export interface Colours {
  /** Text. */
  readonly ink: string;
  /** Text that matters less. */
  readonly dim: string;
  /** Behind everything. */
  readonly paper: string;
  /** Behind text. */
  readonly card: string;
  readonly line: string;
  /** Links, and buttons. */
  readonly accent: string;
  /** Text of buttons. */
  readonly 'on-accent': string;
}
export type ColourName = keyof Colours;

export interface Palette {
  readonly light: Colours;
  readonly dark: Colours;
}

export const PALETTE: Palette = {
  light: {
    ...{ ink: '#1c1e21', dim: '#5d636b', paper: '#fbfaf8', card: '#ffffff', line: '#dedbd5' },
    ...{ accent: '#b4450f', 'on-accent': '#ffffff' },
  },
  dark: {
    ...{ ink: '#e9e7e3', dim: '#a3a19c', paper: '#17181a', card: '#202225', line: '#3a3c40' },
    ...{ accent: '#f0884a', 'on-accent': '#1b1206' },
  },
};

/** Which colour is text on which: of our pages, and of header and footer, which stand on the paper. */
const TEXT_ON: readonly (readonly [text: ColourName, behind: ColourName])[] = [
  ['ink', 'card'],
  ['ink', 'paper'],
  ['dim', 'card'],
  ['dim', 'paper'],
  ['accent', 'card'],
  ['on-accent', 'accent'],
];

/** Least contrast of text (WCAG 2.2, 1.4.3). */
export const LEAST_CONTRAST = 4.5;

export interface LowContrast {
  readonly text: ColourName;
  readonly behind: ColourName;
  /** 1 to 21, rounded down to a tenth. */
  readonly contrast: number;
}

/** Where text could not be read. */
export function lowContrasts(colours: Colours): readonly LowContrast[] {
  return TEXT_ON.map(([text, behind]) => ({
    text,
    behind,
    contrast: contrast(colours[text], colours[behind]),
  }))
    .filter(({ contrast }) => contrast < LEAST_CONTRAST)
    .map((low) => ({ ...low, contrast: Math.floor(low.contrast * 10) / 10 }));
}

/** Of two colours, 1 to 21: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
export function contrast(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

/** https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** As CSS; the browser chooses. */
export function paletteStyle({ light, dark }: Palette): string {
  const properties = (colours: Colours): string =>
    Object.entries(colours)
      .map(([name, value]) => `--${name}: ${value};`)
      .join(' ');
  return `
:root { color-scheme: light dark; ${properties(light)} }
@media (prefers-color-scheme: dark) { :root { ${properties(dark)} } }
`;
}

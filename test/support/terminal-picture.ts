// A terminal's lines with their colours, as a page that a browser takes a picture of.

/** The colours that `tmpfleet top` uses (SGR, ECMA-48 8.3.117), on a dark background. */
const STYLES: Readonly<Record<string, string>> = {
  1: 'font-weight:bold;color:#f0f3f6',
  2: 'color:#6e7681',
  31: 'color:#ff7b72',
  32: 'color:#3fb950',
  33: 'color:#d29922',
  35: 'color:#bc8cff',
  36: 'color:#39c5cf',
};

export function terminalPage(text: string): string {
  const body = text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    // A change of colour ends the one before.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
    .replaceAll(/\u001b\[([\d;]*)m/g, (_, codes: string) => {
      const style = codes
        .split(';')
        .flatMap((code) => STYLES[String(Number(code))] ?? [])
        .join(';');
      return `</span><span style="${style}">`;
    });
  const font = "font:15px/1.25 'DejaVu Sans Mono',monospace";
  return `<meta charset="utf-8"><body style="margin:0;background:#0d1117"><pre style="display:inline-block;margin:0;padding:16px;color:#c9d1d9;${font}"><span>${body}</span></pre>`;
}

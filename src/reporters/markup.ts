/** Text inside XML and HTML, whatever it holds: names and words of servers are not ours. */

// What XML 1.0 cannot hold, not even escaped; HTML has no use for it either.
// oxlint-disable-next-line no-control-regex
const impossible = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\uFFFE\uFFFF]/g;

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "\t": "&#9;",
  "\n": "&#10;",
  "\r": "&#13;",
};

export function escapeText(text: string): string {
  return escaped(text, /[&<>"'\r]/g);
}

/** Between quotes; there a reader would turn line ends and tabs into spaces. */
export function escapeAttribute(text: string): string {
  return escaped(text, /[&<>"'\t\n\r]/g);
}

function escaped(text: string, special: RegExp): string {
  return text
    .toWellFormed()
    .replace(impossible, "\uFFFD")
    .replace(special, (character) => entities[character] ?? character);
}

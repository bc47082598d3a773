/** Taking the # away from what `init` leaves as examples: lines that begin with one, and no single blank behind it. */
const isExample = (line: string): boolean => /^#(?! \S|$)/.test(line);

export function withExamples(text: string): string {
  return withFirst(text, Number.POSITIVE_INFINITY);
}

/** With the first example, with the first two, and so on: lines that stand together are one. */
export function withFirstExamples(text: string): string[] {
  const lines = text.split("\n");
  const count = lines.filter((line, index) => isExample(line) && !isExample(lines[index - 1] ?? "")).length;
  return Array.from({ length: count }, (_, index) => withFirst(text, index + 1));
}

function withFirst(text: string, most: number): string {
  let begun = 0;
  let before = "";
  return text
    .split("\n")
    .map((line) => {
      if (isExample(line) && !isExample(before)) begun += 1;
      before = line;
      return isExample(line) && begun <= most ? line.slice(1) : line;
    })
    .join("\n");
}

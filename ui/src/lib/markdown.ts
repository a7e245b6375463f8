/** The little Markdown that model cards use: headings, paragraphs, lists, tables, code. */
export type Block =
  | { kind: 'heading'; level: number; text: string }
  | { kind: 'paragraph'; text: string }
  | { kind: 'list'; items: string[] }
  | { kind: 'table'; head: string[]; rows: string[][] }
  | { kind: 'code'; text: string };

export interface Span {
  kind: 'text' | 'bold' | 'code';
  text: string;
}

const cells = (line: string): string[] =>
  line
    .replace(/^\||\|$/g, '')
    .split('|')
    .map((cell) => cell.trim());

function block(lines: string[]): Block {
  const [first = ''] = lines;
  const heading = /^(#{1,6}) (.*)$/.exec(first);
  if (heading) return { kind: 'heading', level: heading[1]?.length ?? 1, text: heading[2] ?? '' };
  if (lines.every((line) => line.startsWith('|'))) {
    const [head = '', , ...rows] = lines;
    return { kind: 'table', head: cells(head), rows: rows.map(cells) };
  }
  if (/^[-*] /.test(first)) {
    const items: string[] = [];
    for (const line of lines) {
      if (/^[-*] /.test(line)) items.push(line.slice(2));
      else items.push(`${items.pop() ?? ''} ${line.trim()}`);
    }
    return { kind: 'list', items };
  }
  return { kind: 'paragraph', text: lines.join(' ') };
}

export function blocks(text: string): Block[] {
  const found: Block[] = [];
  // Every second part lies between fences.
  text.split(/^```.*$/m).forEach((part, n) => {
    if (n % 2 === 1) return void found.push({ kind: 'code', text: part.replace(/^\n|\n$/g, '') });
    let open: string[] = [];
    const close = () => {
      if (open.length > 0) found.push(block(open));
      open = [];
    };
    for (const line of part.split('\n')) {
      if (line.trim() === '') close();
      else if (line.startsWith('#')) {
        close();
        found.push(block([line]));
      } else open.push(line);
    }
    close();
  });
  return found;
}

export function spans(text: string): Span[] {
  return text
    .split(/(\*\*[^*]+\*\*|`[^`]+`)/)
    .filter(Boolean)
    .map((part): Span => {
      if (part.startsWith('**') && part.length > 4) return { kind: 'bold', text: part.slice(2, -2) };
      if (part.startsWith('`') && part.length > 2) return { kind: 'code', text: part.slice(1, -1) };
      return { kind: 'text', text: part };
    });
}

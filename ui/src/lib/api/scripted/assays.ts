import ha from '../../../../../assays/ha.toml?raw';
import hi from '../../../../../assays/hi.toml?raw';
import mic from '../../../../../assays/mic.toml?raw';
import qualitative from '../../../../../assays/qualitative.toml?raw';
import { placeOf, wellName } from '../../plate/geometry';
import { Fault } from '../backend';
import type { AssayCheck, AssayLine, AssayView, Call, LayoutLine, PlateDrawing, WellRole } from '../shapes';
import type { Handlers, Need } from './station';

const SHIPPED: Record<string, string> = { hi, ha, mic, qualitative };
const TEXTS: Record<string, string> = {
  ...SHIPPED,
  'lab-hi': hi.replace('id = "hi"', 'id = "lab-hi"').replace(/^version = 1$/m, 'version = 3'),
};

const value = (text: string, key: string): string | undefined =>
  new RegExp(`^${key} = "?([^"\\n]*)"?`, 'm').exec(text)?.[1];

/** One that headquarters sent. */
export const theirAssay: AssayLine = {
  id: 'lab-hi',
  version: 3,
  name: 'HI, regional laboratories',
  format: '96',
  shipped: false,
  origin: 'hub',
  active: false,
};

/** A layout that headquarters sent: the last column is for controls. */
export const theirLayout: LayoutLine = {
  id: 'hi-8-sera',
  version: 2,
  name: 'Eight sera with controls',
  format: { rows: 8, cols: 12 },
  wells: Object.fromEntries(
    Array.from({ length: 96 }, (_, n) => [
      wellName(Math.floor(n / 12), n % 12),
      n % 12 === 11 ? ('negative-control' as const) : ('sample' as const),
    ]),
  ),
  origin: 'hub',
};

export function shippedAssays(): AssayLine[] {
  return Object.entries(SHIPPED).map(([id, text]) => ({
    id,
    version: 1,
    name: value(text, 'name') ?? id,
    format: '96',
    shipped: true,
    origin: 'station' as const,
    active: id === 'hi',
  }));
}

export function classesOf(text: string): Record<string, Call> {
  const section = /\[classes\]\n([^[]*)/.exec(text)?.[1] ?? '';
  return Object.fromEntries(
    [...section.matchAll(/^([\w-]+) = "(\w+)"/gm)].map(([, name, call]) => [name ?? '', call as Call]),
  );
}

/** Wells that are no samples, by the lists of the text: single wells and rectangles. */
function rolesOf(text: string): Map<string, WellRole> {
  const found = new Map<string, WellRole>();
  for (const [, role, list] of text.matchAll(/^(\w+) = \[((?:"[A-P]\d+(?::[A-P]\d+)?"(?:, )?)+)\]/gm)) {
    for (const [, from = '', to = from] of (list ?? '').matchAll(/"([A-P]\d+)(?::([A-P]\d+))?"/g)) {
      const [a, b] = [placeOf(from), placeOf(to)];
      for (let row = a.row; row <= b.row; row += 1) {
        for (let col = a.col; col <= b.col; col += 1) {
          found.set(wellName(row, col), (role ?? '').replace('_', '-') as WellRole);
        }
      }
    }
  }
  return found;
}

function drawing(text: string): PlateDrawing {
  const last = Number(value(text, 'last') ?? 0);
  const roles = rolesOf(text);
  const wells = Array.from({ length: 96 }, (_, n) => {
    const well = wellName(Math.floor(n / 12), n % 12);
    const role = roles.get(well) ?? 'sample';
    const step = role === 'sample' && last > 0 && (n % 12) + 1 <= last ? (n % 12) + 1 : null;
    return { well, role, series: step === null ? null : well.charAt(0), step };
  });
  return { format: { rows: 8, cols: 12 }, wells };
}

/** The text with these wells in these roles: whole columns as rectangles, other wells one by one. */
export function layoutText(text: string, wells: Record<string, WellRole>): string {
  const roles = rolesOf(text);
  for (const [well, role] of Object.entries(wells)) roles.set(well, role);
  const lists = new Map<string, string[]>();
  for (let col = 0; col < 12; col += 1) {
    const column = Array.from({ length: 8 }, (_, row) => wellName(row, col));
    const here = new Set(column.map((well) => roles.get(well) ?? 'sample'));
    const parts: [WellRole, string][] =
      here.size === 1
        ? [[[...here][0] ?? 'sample', `${column[0]}:${column[7]}`]]
        : column.map((well) => [roles.get(well) ?? 'sample', well]);
    for (const [role, part] of parts) {
      if (role !== 'sample') lists.set(role, [...(lists.get(role) ?? []), part]);
    }
  }
  const lines = [...lists].map(
    ([role, list]) => `${role.replace('-', '_')} = [${list.map((part) => `"${part}"`).join(', ')}]\n`,
  );
  const section = lines.length > 0 ? `[layout.wells]\n${lines.join('')}\n` : '';
  const without = text.replace(/\[layout\.wells\]\n(?:[^[\n][^\n]*\n)*\n?/, '');
  const at = without.search(/^\[layout\.|^\[end_point\]/m);
  return at < 0 ? `${without.trimEnd()}\n\n${section}` : without.slice(0, at) + section + without.slice(at);
}

export function assayView(line: AssayLine, kept: Map<string, string>): AssayView {
  const text = kept.get(`${line.id}@${line.version}`) ?? TEXTS[line.id] ?? hi;
  return { line, text, plate: drawing(text), classes: classesOf(text) };
}

/** Enough of the real check to show what a fault looks like. */
export function checkText(text: string): AssayCheck {
  const lines = text.split('\n');
  const faults: AssayCheck['faults'] = [];
  for (const key of ['id', 'version', 'name', 'format']) {
    if (value(text, key) === undefined)
      faults.push({ line: 1, key, message: `\`${key}\` is missing: write \`${key} = …\`` });
  }
  const at = lines.findIndex((line) => /^start = (0|-)/.test(line));
  if (at >= 0) {
    faults.push({
      line: at + 1,
      key: 'layout.dilution.start',
      message: '`layout.dilution.start` is 0: write the reciprocal of the dilution in the first well (8 for 1:8)',
    });
  }
  return { ok: faults.length === 0, faults, plate: faults.length === 0 ? drawing(text) : null };
}

function assayLine(text: string): AssayLine {
  const of = (key: string) => value(text, key) ?? '';
  return {
    id: of('id'),
    version: Number(of('version')),
    name: of('name'),
    format: of('format'),
    shipped: false,
    origin: 'station',
    active: false,
  };
}

/** The assays of one station, and what may be done with them. */
export function assayHandlers(need: Need): Handlers {
  let known = [...shippedAssays(), theirAssay];
  const texts = new Map<string, string>();
  return {
    assays: () => known,
    assay: ({ id, version }: { id: string; version: number }) => {
      const line = known.find((one) => one.id === id && one.version === version);
      if (!line) throw new Fault({ code: 'not-found', message: `there is no assay ${id} version ${version}` });
      return assayView(line, texts);
    },
    layouts: () => [theirLayout],
    layout_text: ({ text, wells }: { text: string; wells: Record<string, WellRole> }) => layoutText(text, wells),
    check_assay: ({ text }: { text: string }) => checkText(text),
    save_assay: ({ text }: { text: string }) => {
      need('config:write');
      const saved = assayLine(text);
      if (known.some((one) => one.id === saved.id && one.version === saved.version)) {
        throw new Fault({
          code: 'refused',
          message: `${saved.id} version ${saved.version} is there already: raise version`,
        });
      }
      known = [saved, ...known];
      texts.set(`${saved.id}@${saved.version}`, text);
      return saved;
    },
  };
}

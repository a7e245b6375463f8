import ha from '../../../../../assays/ha.toml?raw';
import hi from '../../../../../assays/hi.toml?raw';
import mic from '../../../../../assays/mic.toml?raw';
import qualitative from '../../../../../assays/qualitative.toml?raw';
import { wellName } from '../../plate/geometry';
import type { AssayCheck, AssayLine, AssayView, Call, PlateDrawing, Role } from '../provisional';
import { NOW_MS, now } from './runs';

const TEXTS: Record<string, string> = { hi, ha, mic, qualitative };

const value = (text: string, key: string): string | undefined =>
  new RegExp(`^${key} = "?([^"\\n]*)"?`, 'm').exec(text)?.[1];

export function shippedAssays(): AssayLine[] {
  return Object.entries(TEXTS).map(([id, text]) => ({
    id,
    version: 1,
    name: value(text, 'name') ?? id,
    format: '96',
    active: id === 'hi',
    origin: 'shipped',
    created: now(NOW_MS - 40 * 86_400_000),
  }));
}

export function classesOf(text: string): Record<string, Call> {
  const section = /\[classes\]\n([^[]*)/.exec(text)?.[1] ?? '';
  return Object.fromEntries(
    [...section.matchAll(/^([\w-]+) = "(\w+)"/gm)].map(([, name, call]) => [name ?? '', call as Call]),
  );
}

function drawing(text: string): PlateDrawing {
  const last = Number(value(text, 'last') ?? 0);
  const roleAt = (well: string): Role => {
    for (const [, role, list] of text.matchAll(/^(\w+) = \[("[A-H]\d+(?::[A-H]\d+)?"(?:, )?)+\]/gm)) {
      const columns = /"[A-H](\d+):/.exec(list ?? '')?.[1];
      if (columns === well.slice(1)) return (role ?? '').replace('_', '-') as Role;
    }
    return 'sample';
  };
  const wells = Array.from({ length: 96 }, (_, n) => {
    const well = wellName(Math.floor(n / 12), n % 12);
    const role = roleAt(well);
    const step = role === 'sample' && last > 0 && (n % 12) + 1 <= last ? (n % 12) + 1 : null;
    return { well, role, series: step === null ? null : well.charAt(0), step };
  });
  return { format: { rows: 8, cols: 12 }, wells };
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
      faults.push({ line: 1, message: `\`${key}\` is missing: write \`${key} = …\`` });
  }
  const at = lines.findIndex((line) => /^start = (0|-)/.test(line));
  if (at >= 0) {
    faults.push({
      line: at + 1,
      message: '`layout.dilution.start` is 0: write the reciprocal of the dilution in the first well (8 for 1:8)',
    });
  }
  return { ok: faults.length === 0, faults, plate: faults.length === 0 ? drawing(text) : null };
}

import * as commands from '../api/commands';
import type { Call, RunDetail } from '../api/shapes';
import { legend, type Look } from '../looks';

export interface Classes {
  calls: Record<string, Call>;
  looks: Map<string, Look>;
}

// An assay's version never changes, so it is asked for once.
const known = new Map<string, Promise<Record<string, Call>>>();

/** The classes of a run's assay with their calls; those the run itself shows, until the assay has answered. */
export async function classesOf(run: RunDetail): Promise<Classes> {
  const key = `${run.assay.id}@${run.assay.version}`;
  let asked = known.get(key);
  if (!asked) {
    asked = commands.assay(run.assay.id, run.assay.version).then((view) => view.classes);
    known.set(key, asked);
    asked.catch(() => known.delete(key));
  }
  try {
    return classes(await asked);
  } catch {
    return seenClasses(run);
  }
}

export function classes(calls: Record<string, Call>): Classes {
  return { calls, looks: legend(Object.keys(calls)) };
}

/** The classes that are positive under the shipped assays, for those that no well of a plate shows. */
const SHIPPED: Record<string, string[]> = {
  hi: ['teardrop'],
  ha: ['mat'],
  mic: ['growth'],
  qualitative: ['coloured'],
};

export function seenClasses(run: RunDetail): Classes {
  const names = new Set(Object.keys(run.results?.results.classes ?? {}));
  const calls: Record<string, Call> = {};
  for (const well of run.wells) {
    names.add(well.class);
    calls[well.class] = well.label;
  }
  for (const name of names)
    calls[name] ??= SHIPPED[run.assay.id]?.includes(name) ? 'positive' : name === 'empty' ? 'invalid' : 'negative';
  return classes(calls);
}

/** The photograph of a run, if its wells were found. */
export function pictureOf(run: RunDetail): { url: string; width: number; height: number } | null {
  const raw = run.images.find((image) => image.kind === 'raw');
  if (!raw?.width_px || !raw.height_px) return null;
  return { url: commands.image(raw.sha256), width: raw.width_px, height: raw.height_px };
}

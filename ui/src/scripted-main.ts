import { begin } from './begin';
import { ScriptedStation, type Script } from './lib/api/scripted/station';

// The address says what the script plays: `scripted.html?scene=signed-out&locale=th&theme=dark#/runs`.
const asked = new URLSearchParams(location.search);
const script: Script = {
  scene: (asked.get('scene') ?? 'ready') as NonNullable<Script['scene']>,
  as: asked.get('as') ?? 'anong',
  rows: Number(asked.get('rows') ?? 411),
  offline: asked.has('offline'),
  slow: asked.has('slow'),
  ...(asked.has('sync') ? { sync: asked.get('sync') as NonNullable<Script['sync']> } : {}),
};
// The window keeps these by itself.
for (const kept of ['locale', 'theme']) {
  const value = asked.get(kept);
  if (value) localStorage.setItem(`wellread.${kept}`, value);
}
const station = new ScriptedStation(script);
Object.assign(window, { station });
begin(station);

import { begin } from './begin';
import { ScriptedStation, type Script } from './lib/api/scripted/station';

// The address says what the script plays: `scripted.html?scene=signed-out&locale=th&theme=dark#/runs`.
const asked = new URLSearchParams(location.search);
const script: Script = {
  scene: (asked.get('scene') ?? 'ready') as NonNullable<Script['scene']>,
  as: asked.get('as') ?? 'anong',
  rows: Number(asked.get('rows') ?? 411),
  offline: asked.has('offline'),
  locale: asked.get('locale'),
  theme: asked.get('theme'),
};
const station = new ScriptedStation(script);
Object.assign(window, { station });
begin(station);

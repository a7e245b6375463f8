import { convertFileSrc, invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import type { Backend, Events } from './backend';

/** Tauri spells the arguments of commands in camel case; what lies within them keeps the station's spelling. */
const camel = (args: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(args).map(([name, value]) => [name.replace(/_([a-z])/g, (_, c: string) => c.toUpperCase()), value]),
  );

/** The station behind the window. */
export const tauri: Backend = {
  call: (name, args) => invoke(name, camel(args)),
  send: (name, bytes, headers) => invoke(name, bytes, { headers }),
  on<K extends keyof Events>(event: K, handler: (payload: Events[K]) => void) {
    const listening = listen<Events[K]>(event, ({ payload }) => handler(payload));
    return () => void listening.then((stop) => stop());
  },
  // Tauri knows how each system spells the address of its own scheme.
  image: (sha256) => convertFileSrc(sha256, 'wellread-blob'),
};

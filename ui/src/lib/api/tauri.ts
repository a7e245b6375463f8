import { convertFileSrc, invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import type { Backend, Events } from './backend';

/** The station behind the window. */
export const tauri: Backend = {
  call: (name, args) => invoke(name, args),
  on<K extends keyof Events>(event: K, handler: (payload: Events[K]) => void) {
    const listening = listen<Events[K]>(event, ({ payload }) => handler(payload));
    return () => void listening.then((stop) => stop());
  },
  // Tauri knows how each system spells the address of its own scheme.
  image: (sha256) => convertFileSrc(sha256, 'wellread-blob'),
};

import { cleanup, render, waitFor } from '@testing-library/svelte';
import { afterEach, beforeEach, expect } from 'vitest';
import App from '../src/App.svelte';
import { useBackend } from '../src/lib/api/backend';
import { ScriptedStation, type Script } from '../src/lib/api/scripted/station';
import { session } from '../src/lib/state/session.svelte';

/** The window at a screen, on a station of its own. */
export async function open(hash: string, script: Script = {}): Promise<ScriptedStation> {
  const station = new ScriptedStation(script);
  useBackend(station);
  location.hash = hash;
  window.dispatchEvent(new HashChangeEvent('hashchange'));
  render(App);
  await waitFor(() => expect(document.querySelector('h1')).not.toBeNull());
  return station;
}

/** Whoever opens screens leaves nothing of them to the next test. */
export function closesAfterEach(): void {
  beforeEach(() => localStorage.clear());
  afterEach(() => {
    cleanup();
    session.person = null;
    session.start = null;
  });
}

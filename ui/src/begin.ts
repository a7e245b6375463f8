import { mount } from 'svelte';
import App from './App.svelte';
import './app.css';
import { useBackend, type Backend } from './lib/api/backend';

/** Puts the window over whoever answers it. */
export function begin(backend: Backend): void {
  useBackend(backend);
  const target = document.getElementById('app');
  if (!target) throw new Error('the page has no element #app');
  mount(App, { target });
}

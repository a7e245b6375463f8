import { configure } from '@testing-library/svelte';
import { vi } from 'vitest';

// The first visit of a screen loads it, on a machine that compiles beside it.
configure({ asyncUtilTimeout: 8000 });

// What a browser has and jsdom lacks. Sizes are zero there, so nothing tests layout; the screens' own test does.
class NoObserver {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}
vi.stubGlobal('ResizeObserver', NoObserver);
vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener() {}, removeEventListener() {} }));
Element.prototype.scrollTo = () => {};
Element.prototype.scrollIntoView = () => {};
// Plates are painted in a real browser alone.
HTMLCanvasElement.prototype.getContext = () => null;

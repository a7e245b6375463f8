import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import tailwindcss from '@tailwindcss/vite';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vitest/config';
import { guide } from './tools/guide.ts';

// The scripted station is an entry of its own, so that the app's bundle never holds a line of it.
export default defineConfig(({ mode }) => {
  const scripted = mode === 'scripted';
  return {
    plugins: [
      tailwindcss(),
      svelte(),
      guide(),
      paraglideVitePlugin({
        project: './project.inlang',
        outdir: './src/lib/paraglide',
        strategy: ['globalVariable', 'baseLocale'],
      }),
      mode === 'test' ? svelteTesting() : null,
    ],
    clearScreen: false,
    // The shipped assays and the guide lie beside this folder.
    server: { fs: { allow: ['..'] } },
    // The window loads its files from the app itself, wherever that is.
    base: './',
    build: {
      target: 'es2022',
      outDir: scripted ? 'dist-scripted' : 'dist',
      emptyOutDir: true,
      // Fonts and pictures stay files: a strict content policy allows no data: fonts.
      assetsInlineLimit: 0,
      manifest: true,
      rollupOptions: { input: scripted ? 'scripted.html' : 'index.html' },
    },
    preview: {
      headers: {
        // The policy of the window, but for the pictures, which the scripted station draws itself.
        'Content-Security-Policy':
          "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; " +
          "connect-src 'self'; object-src 'none'; base-uri 'none'; frame-src 'none'",
      },
    },
    test: {
      environment: 'jsdom',
      // Whole screens are opened; a machine that compiles beside it takes its time.
      testTimeout: 30_000,
      include: ['src/**/*.test.ts'],
      setupFiles: ['./tests/setup.ts'],
    },
  };
});

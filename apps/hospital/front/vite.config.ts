// SPDX-License-Identifier: MIT
// vite.config: how the pages are built, and where `npm run dev` finds the
// program behind them.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const kit = fileURLToPath(new URL('../../../kit/web', import.meta.url));
const program = process.env.HOSPITAL_URL ?? 'http://127.0.0.1:5002';

// Runs before the first paint, so it is no module and is not bundled; the
// policy of the page forbids it to stand in the markup.
function themeEarly(): Plugin {
  const source = readFileSync(`${kit}/js/theme-early.js`, 'utf8');
  return {
    name: 'theme-early',
    transformIndexHtml: () => [
      { tag: 'script', attrs: { src: '/theme-early.js' }, injectTo: 'head-prepend' },
    ],
    configureServer(server) {
      server.middlewares.use('/theme-early.js', (_request, response) => {
        response.setHeader('Content-Type', 'text/javascript');
        response.end(source);
      });
    },
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: 'theme-early.js', source });
    },
  };
}

const here = (place: string): string => fileURLToPath(new URL(place, import.meta.url));

// `vite build --mode unchanged` makes the page of test/unchanged in place of
// ours: components that know only the names. They lie there as if in src.
const shared = { find: /^\.\.?\/(context|hooks|services|components)\//, replacement: here('./src/$1/') };

export default defineConfig(({ mode }) => ({
  root: mode === 'unchanged' ? here('./test/unchanged') : undefined,
  publicDir: here('./public'),
  plugins: [themeEarly()],
  esbuild: { jsx: 'automatic', legalComments: 'none' },
  resolve: { alias: [{ find: '@kit', replacement: kit }, ...mode === 'unchanged' ? [shared] : []] },
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    // Fonts and pictures stay files: nothing in the markup has to be allowed.
    assetsInlineLimit: 0,
    reportCompressedSize: true,
  },
  server: {
    fs: { allow: ['.', kit] },
    proxy: {
      '/api': program,
      '/health': program,
      '/socket.io': { target: program, ws: true },
    },
  },
}));

import { Marked, type Tokens } from 'marked';
import type { Plugin } from 'vite';

const GUIDE = /\/docs\/guide\/[a-z]+\/[^/]+\.md$/;

/** Renders the user guide when the window is built, so that no Markdown is parsed at the bench. */
export function guide(): Plugin {
  return {
    name: 'wellread-guide',
    enforce: 'pre',
    transform(source, id) {
      if (!GUIDE.test(id)) return null;
      const pictures: string[] = [];
      const marked = new Marked({
        renderer: {
          image({ href, text }: Tokens.Image) {
            pictures.push(href);
            return `<img src="%PICTURE${pictures.length - 1}%" alt="${text.replaceAll('"', '&quot;')}" loading="lazy">`;
          },
        },
      });
      const html = marked.parse(source, { async: false });
      const title = /^# (.*)$/m.exec(source)?.[1] ?? '';
      const text = source
        .replace(/!\[[^\]]*\]\([^)]*\)/g, '')
        .replace(/[#*`|>]/g, '')
        .replace(/\s+/g, ' ');
      // The bundler finds each picture, copies it, and says where it went.
      const imports = pictures.map((href, n) => `import picture${n} from ${JSON.stringify(`${href}?url`)};`);
      const filled = pictures.map((_, n) => `.replace("%PICTURE${n}%", picture${n})`).join('');
      return {
        code: [
          ...imports,
          `export const title = ${JSON.stringify(title)};`,
          `export const html = ${JSON.stringify(html)}${filled};`,
          `export const text = ${JSON.stringify(text)};`,
        ].join('\n'),
        map: null,
      };
    },
  };
}

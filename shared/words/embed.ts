// What /embed.js says on a publisher's page.
import type { InEveryLanguage } from './language.ts';

export interface EmbedWords {
  /** The button, unless the page names it. */
  readonly label: string;
  /** The heading of the lightbox, unless the page names it. */
  readonly title: string;
  readonly starting: string;
  readonly close: string;
}

export const EMBED_WORDS: InEveryLanguage<EmbedWords> = {
  en: {
    label: 'Open a live notebook',
    title: 'Live notebook',
    starting: 'Starting your notebook …',
    close: 'Close',
  },
  de: {
    label: 'Notebook öffnen',
    title: 'Notebook zum Ausprobieren',
    starting: 'Ihr Notebook startet …',
    close: 'Schließen',
  },
  fr: {
    label: 'Ouvrir un notebook interactif',
    title: 'Notebook interactif',
    starting: 'Votre notebook démarre …',
    close: 'Fermer',
  },
  es: {
    label: 'Abrir un cuaderno interactivo',
    title: 'Cuaderno interactivo',
    starting: 'Su cuaderno se está iniciando …',
    close: 'Cerrar',
  },
  pt: {
    label: 'Abrir um caderno interativo',
    title: 'Caderno interativo',
    starting: 'O seu caderno está a iniciar …',
    close: 'Fechar',
  },
  zh: {
    label: '打开交互式笔记本',
    title: '交互式笔记本',
    starting: '正在启动您的笔记本……',
    close: '关闭',
  },
  ja: {
    label: 'ノートブックを開く',
    title: 'インタラクティブなノートブック',
    starting: 'ノートブックを起動しています…',
    close: '閉じる',
  },
};

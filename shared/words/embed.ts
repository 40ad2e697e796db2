// What /embed.js says on a publisher's page.
import type { InEveryLanguage } from './language.ts';

export interface EmbedWords {
  /** The button, unless the page names it. */
  readonly label: string;
  /** The heading of the lightbox, unless the page names it. */
  readonly title: string;
  readonly starting: string;
  readonly close: string;
  readonly afresh: string;
}

export const EMBED_WORDS: InEveryLanguage<EmbedWords> = {
  en: {
    label: 'Open a live notebook',
    title: 'Live notebook',
    starting: 'Starting your notebook …',
    close: 'Close',
    afresh: 'Start afresh',
  },
  de: {
    label: 'Notebook öffnen',
    title: 'Notebook zum Ausprobieren',
    starting: 'Ihr Notebook startet …',
    close: 'Schließen',
    afresh: 'Neu beginnen',
  },
  fr: {
    label: 'Ouvrir un notebook interactif',
    title: 'Notebook interactif',
    starting: 'Votre notebook démarre …',
    close: 'Fermer',
    afresh: 'Recommencer à zéro',
  },
  es: {
    label: 'Abrir un cuaderno interactivo',
    title: 'Cuaderno interactivo',
    starting: 'Su cuaderno se está iniciando …',
    close: 'Cerrar',
    afresh: 'Empezar de nuevo',
  },
  pt: {
    label: 'Abrir um caderno interativo',
    title: 'Caderno interativo',
    starting: 'O seu caderno está a iniciar …',
    close: 'Fechar',
    afresh: 'Recomeçar do início',
  },
  zh: {
    label: '打开交互式笔记本',
    title: '交互式笔记本',
    starting: '正在启动您的笔记本……',
    close: '关闭',
    afresh: '重新开始',
  },
  ja: {
    label: 'ノートブックを開く',
    title: 'インタラクティブなノートブック',
    starting: 'ノートブックを起動しています…',
    close: '閉じる',
    afresh: '最初からやり直す',
  },
};

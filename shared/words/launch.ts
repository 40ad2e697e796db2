// What the launch page and the page of a proof of work say.
import type { InEveryLanguage } from './language.ts';

export interface LaunchWords {
  /** The heading, also of link previews, unless the operator gives another. */
  readonly title: string;
  /** The first sentences, also of link previews, unless the operator gives others. */
  readonly description: string;
  readonly open: string;
  /** After the press. The page knows no more than that there is no answer yet, and since when. */
  readonly asked: string;
  readonly waiting: string;
  readonly slow: string;
  /** Of a proof of work. */
  readonly aboutToOpen: string;
  readonly calculation: string;
  readonly needsScript: string;
}

export const LAUNCH_WORDS: InEveryLanguage<LaunchWords> = {
  en: {
    title: 'A live notebook',
    description:
      'Opens a live notebook of your own, at once. Nothing to install. It is temporary: download what you want to keep.',
    open: 'Open my notebook',
    asked: 'Opening your notebook …',
    waiting: 'Your notebook is being prepared. Please keep this page open …',
    slow: 'This is taking longer than usual. Please keep this page open …',
    aboutToOpen: 'Your notebook is about to open.',
    calculation: 'Many people are opening one now, so your browser does a short calculation first.',
    needsScript: 'It needs JavaScript for that: please allow it for this page, and reload.',
  },
  de: {
    title: 'Ein Notebook zum Ausprobieren',
    description:
      'Öffnet sofort ein eigenes, laufendes Notebook. Sie müssen nichts installieren. Es ist nur vorübergehend da: Laden Sie herunter, was Sie behalten möchten.',
    open: 'Mein Notebook öffnen',
    asked: 'Ihr Notebook wird geöffnet …',
    waiting: 'Ihr Notebook wird vorbereitet. Bitte lassen Sie diese Seite geöffnet …',
    slow: 'Das dauert länger als sonst. Bitte lassen Sie diese Seite geöffnet …',
    aboutToOpen: 'Ihr Notebook wird gleich geöffnet.',
    calculation:
      'Zurzeit öffnen viele Menschen eines. Deshalb führt Ihr Browser zuerst eine kurze Berechnung durch.',
    needsScript: 'Dafür braucht er JavaScript: Bitte erlauben Sie es für diese Seite und laden Sie sie neu.',
  },
  fr: {
    title: 'Un notebook interactif',
    description:
      'Ouvre immédiatement un notebook interactif, rien que pour vous. Aucune installation. Il est temporaire : téléchargez ce que vous souhaitez conserver.',
    open: 'Ouvrir mon notebook',
    asked: 'Ouverture de votre notebook …',
    waiting: 'Votre notebook est en préparation. Veuillez garder cette page ouverte …',
    slow: 'Cela prend plus de temps que d’habitude. Veuillez garder cette page ouverte …',
    aboutToOpen: 'Votre notebook va s’ouvrir.',
    calculation:
      'De nombreuses personnes en ouvrent un en ce moment : votre navigateur effectue d’abord un court calcul.',
    needsScript:
      'Il lui faut JavaScript pour cela : veuillez l’autoriser pour cette page, puis rechargez-la.',
  },
  es: {
    title: 'Un cuaderno interactivo',
    description:
      'Abre al momento un cuaderno interactivo solo para usted. No hay que instalar nada. Es temporal: descargue lo que quiera conservar.',
    open: 'Abrir mi cuaderno',
    asked: 'Abriendo su cuaderno …',
    waiting: 'Su cuaderno se está preparando. Mantenga esta página abierta …',
    slow: 'Está tardando más de lo habitual. Mantenga esta página abierta …',
    aboutToOpen: 'Su cuaderno está a punto de abrirse.',
    calculation:
      'Muchas personas están abriendo uno en este momento, por eso su navegador hace primero un breve cálculo.',
    needsScript: 'Para ello necesita JavaScript: permítalo en esta página y vuelva a cargarla.',
  },
  pt: {
    title: 'Um caderno interativo',
    description:
      'Abre de imediato um caderno interativo só seu. Não é preciso instalar nada. É temporário: descarregue o que quiser guardar.',
    open: 'Abrir o meu caderno',
    asked: 'A abrir o seu caderno …',
    waiting: 'O seu caderno está a ser preparado. Mantenha esta página aberta …',
    slow: 'Está a demorar mais do que o habitual. Mantenha esta página aberta …',
    aboutToOpen: 'O seu caderno está prestes a abrir.',
    calculation:
      'Muitas pessoas estão a abrir um neste momento, por isso o seu navegador faz primeiro um breve cálculo.',
    needsScript: 'Para isso precisa de JavaScript: permita-o nesta página e volte a carregá-la.',
  },
  zh: {
    title: '交互式笔记本',
    description: '立即打开专属于您的交互式笔记本，无需安装。它是临时的：请下载您想保留的内容。',
    open: '打开我的笔记本',
    asked: '正在打开您的笔记本……',
    waiting: '正在准备您的笔记本，请不要关闭此页面……',
    slow: '所需时间比平时更长，请不要关闭此页面……',
    aboutToOpen: '您的笔记本即将打开。',
    calculation: '目前有许多人正在打开笔记本，因此您的浏览器会先进行一次简短的计算。',
    needsScript: '此计算需要 JavaScript：请允许此页面使用 JavaScript，然后重新加载。',
  },
  ja: {
    title: 'インタラクティブなノートブック',
    description:
      'あなた専用のノートブックがすぐに開きます。インストールは不要です。一時的なものですので、残したいものはダウンロードしてください。',
    open: 'ノートブックを開く',
    asked: 'ノートブックを開いています…',
    waiting: 'ノートブックを準備しています。このページを開いたままお待ちください…',
    slow: '通常より時間がかかっています。このページを開いたままお待ちください…',
    aboutToOpen: 'まもなくノートブックが開きます。',
    calculation: '現在、多くの方が利用しているため、最初にブラウザーで短い計算を行います。',
    needsScript: 'この計算には JavaScript が必要です。このページで許可してから、再読み込みしてください。',
  },
};

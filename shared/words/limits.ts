// What a reader sees whose network has reached a limit.
import type { InEveryLanguage } from './language.ts';

export interface LimitWords {
  readonly title: string;
  readonly 'too-many-requests': string;
  readonly 'too-many-sandboxes': string;
  readonly 'too-many-places': string;
  readonly triesAgain: string;
}

export const LIMIT_WORDS: InEveryLanguage<LimitWords> = {
  en: {
    title: 'One moment, please',
    'too-many-requests':
      'Your network has asked for more notebooks in a short time than one network may, so that some are left for others.',
    'too-many-sandboxes':
      'Your network has as many notebooks open here as one network may, so that some are left for others. One that is no longer used is closed after a while.',
    'too-many-places':
      'Your network has as many people in line here as one network may, so that others get their turn, too.',
    triesAgain: 'This page tries again by itself.',
  },
  de: {
    title: 'Einen Moment, bitte',
    'too-many-requests':
      'Aus Ihrem Netz wurden in kurzer Zeit mehr Notebooks angefordert, als ein Netz bekommen kann, damit für andere welche übrig bleiben.',
    'too-many-sandboxes':
      'Aus Ihrem Netz sind hier so viele Notebooks geöffnet, wie ein Netz haben kann, damit für andere welche übrig bleiben. Ein Notebook, das nicht mehr gebraucht wird, wird nach einer Weile geschlossen.',
    'too-many-places':
      'Aus Ihrem Netz stehen hier so viele in der Warteschlange, wie es aus einem Netz sein können, damit auch andere an die Reihe kommen.',
    triesAgain: 'Diese Seite versucht es von selbst wieder.',
  },
  fr: {
    title: 'Un instant, s’il vous plaît',
    'too-many-requests':
      'Votre réseau a demandé en peu de temps plus de notebooks qu’un seul réseau ne peut en obtenir, afin qu’il en reste pour les autres.',
    'too-many-sandboxes':
      'Votre réseau a ici autant de notebooks ouverts qu’un seul réseau peut en avoir, afin qu’il en reste pour les autres. Un notebook qui n’est plus utilisé est fermé au bout d’un moment.',
    'too-many-places':
      'Votre réseau a ici autant de personnes dans la file d’attente qu’un seul réseau peut en avoir, afin que d’autres aient aussi leur tour.',
    triesAgain: 'Cette page réessaie d’elle-même.',
  },
  es: {
    title: 'Un momento, por favor',
    'too-many-requests':
      'Su red ha pedido en poco tiempo más cuadernos de los que puede pedir una sola red, para que queden algunos para los demás.',
    'too-many-sandboxes':
      'Su red tiene aquí abiertos tantos cuadernos como puede tener una sola red, para que queden algunos para los demás. Un cuaderno que ya no se usa se cierra al cabo de un rato.',
    'too-many-places':
      'Su red tiene aquí en la cola a tantas personas como puede tener una sola red, para que a los demás también les llegue el turno.',
    triesAgain: 'Esta página vuelve a intentarlo sola.',
  },
  pt: {
    title: 'Um momento, por favor',
    'too-many-requests':
      'A sua rede pediu em pouco tempo mais cadernos do que uma só rede pode pedir, para que sobrem alguns para as outras pessoas.',
    'too-many-sandboxes':
      'A sua rede tem aqui abertos tantos cadernos quantos uma só rede pode ter, para que sobrem alguns para as outras pessoas. Um caderno que já não é usado é fechado passado algum tempo.',
    'too-many-places':
      'A sua rede tem aqui na fila tantas pessoas quantas uma só rede pode ter, para que também chegue a vez das outras.',
    triesAgain: 'Esta página tenta de novo sozinha.',
  },
  zh: {
    title: '请稍候',
    'too-many-requests':
      '您所在的网络在短时间内请求的笔记本超过了单个网络的上限。设置上限是为了给其他人留出名额。',
    'too-many-sandboxes':
      '您所在的网络打开的笔记本已达到单个网络的上限。设置上限是为了给其他人留出名额。不再使用的笔记本会在一段时间后关闭。',
    'too-many-places': '您所在的网络排队的人数已达到单个网络的上限。设置上限是为了让其他人也能轮到。',
    triesAgain: '此页面会自动重试。',
  },
  ja: {
    title: '少々お待ちください',
    'too-many-requests':
      'お使いのネットワークから短時間に、ひとつのネットワークの上限を超えるノートブックが要求されました。ほかの方にも行き渡るように上限を設けています。',
    'too-many-sandboxes':
      'お使いのネットワークで開かれているノートブックが、ひとつのネットワークの上限に達しています。ほかの方にも行き渡るように上限を設けています。使われなくなったノートブックは、しばらくすると閉じられます。',
    'too-many-places':
      'お使いのネットワークから並んでいる人数が、ひとつのネットワークの上限に達しています。ほかの方にも順番が回るように上限を設けています。',
    triesAgain: 'このページは自動で再試行します。',
  },
};

// What a reader sees who waits in line.
import type { InEveryLanguage } from './language.ts';

export interface LineWords {
  readonly heading: string;
  readonly explanation: string;
  readonly position: string;
  /** `{time}` is such as "3 minutes". */
  readonly wait: string;
  readonly anyMoment: string;
  readonly stayOpen: string;
  readonly paused: string;
  readonly unreachable: string;
  readonly interrupted: string;
  readonly opening: string;
  readonly progress: string;
  readonly again: string;
  readonly meanwhile: string;
}

export const LINE_WORDS: InEveryLanguage<LineWords> = {
  en: {
    heading: 'You are in line for a notebook',
    explanation:
      'Each reader gets a notebook of their own, and all of them are in use. Readers get their turn in the order in which they came.',
    position: 'Your place in line: {place}',
    wait: 'Expected wait: about {time}',
    anyMoment: 'It can be your turn at any moment',
    stayOpen: 'Leave this page open: your notebook opens here by itself.',
    paused: 'No new notebooks are given out at the moment. You keep your place.',
    unreachable: 'The notebooks cannot be reached just now. You keep your place.',
    interrupted: 'The connection is interrupted. You keep your place, and this page goes on trying.',
    opening: 'Your notebook is opening …',
    progress: 'Time waited so far',
    again: 'Try again now',
    meanwhile: 'Something for you while you wait (opens in a new tab)',
  },
  de: {
    heading: 'Sie stehen in der Warteschlange',
    explanation:
      'Jede Leserin und jeder Leser bekommt ein eigenes Notebook, und alle sind gerade in Gebrauch. Eingelassen wird in der Reihenfolge der Ankunft.',
    position: 'Ihr Platz in der Warteschlange: {place}',
    wait: 'Voraussichtliche Wartezeit: etwa {time}',
    anyMoment: 'Sie können jeden Moment an der Reihe sein',
    stayOpen: 'Lassen Sie diese Seite offen: Ihr Notebook öffnet sich hier von selbst.',
    paused: 'Zurzeit werden keine neuen Notebooks vergeben. Sie behalten Ihren Platz.',
    unreachable: 'Die Notebooks sind gerade nicht erreichbar. Sie behalten Ihren Platz.',
    interrupted:
      'Die Verbindung ist unterbrochen. Sie behalten Ihren Platz, und diese Seite versucht es weiter.',
    opening: 'Ihr Notebook wird geöffnet …',
    progress: 'Bisherige Wartezeit',
    again: 'Jetzt noch einmal versuchen',
    meanwhile: 'Etwas für die Wartezeit (öffnet sich in einem neuen Tab)',
  },
  fr: {
    heading: 'Vous êtes dans la file d’attente',
    explanation:
      'Chaque lecteur dispose de son propre notebook, et tous sont utilisés en ce moment. Les lecteurs entrent dans l’ordre de leur arrivée.',
    position: 'Votre place dans la file : {place}',
    wait: 'Attente prévue : environ {time}',
    anyMoment: 'Votre tour peut venir d’un instant à l’autre',
    stayOpen: 'Laissez cette page ouverte : votre notebook s’y ouvrira de lui-même.',
    paused: 'Aucun nouveau notebook n’est attribué pour le moment. Vous gardez votre place.',
    unreachable: 'Les notebooks sont injoignables pour le moment. Vous gardez votre place.',
    interrupted: 'La connexion est interrompue. Vous gardez votre place, et cette page continue d’essayer.',
    opening: 'Votre notebook s’ouvre …',
    progress: 'Temps d’attente écoulé',
    again: 'Réessayer maintenant',
    meanwhile: 'De quoi vous occuper en attendant (s’ouvre dans un nouvel onglet)',
  },
  es: {
    heading: 'Está usted en la cola',
    explanation:
      'Cada lector recibe su propio cuaderno, y ahora todos están en uso. Los lectores entran por orden de llegada.',
    position: 'Su puesto en la cola: {place}',
    wait: 'Espera prevista: unos {time}',
    anyMoment: 'Puede ser su turno en cualquier momento',
    stayOpen: 'Deje esta página abierta: su cuaderno se abrirá aquí por sí solo.',
    paused: 'De momento no se entregan cuadernos nuevos. Usted conserva su puesto.',
    unreachable: 'En este momento no se puede acceder a los cuadernos. Usted conserva su puesto.',
    interrupted:
      'La conexión se ha interrumpido. Usted conserva su puesto y esta página lo sigue intentando.',
    opening: 'Su cuaderno se está abriendo …',
    progress: 'Tiempo de espera transcurrido',
    again: 'Intentarlo de nuevo ahora',
    meanwhile: 'Algo para usted mientras espera (se abre en una pestaña nueva)',
  },
  pt: {
    heading: 'Está na fila de espera',
    explanation:
      'Cada leitor recebe o seu próprio caderno, e todos estão a ser utilizados. Os leitores entram por ordem de chegada.',
    position: 'O seu lugar na fila: {place}',
    wait: 'Espera prevista: cerca de {time}',
    anyMoment: 'Pode ser a sua vez a qualquer momento',
    stayOpen: 'Deixe esta página aberta: o seu caderno abre-se aqui automaticamente.',
    paused: 'De momento não são atribuídos novos cadernos. O seu lugar fica guardado.',
    unreachable: 'Neste momento não é possível aceder aos cadernos. O seu lugar fica guardado.',
    interrupted: 'A ligação foi interrompida. O seu lugar fica guardado e esta página continua a tentar.',
    opening: 'O seu caderno está a abrir …',
    progress: 'Tempo de espera decorrido',
    again: 'Tentar de novo agora',
    meanwhile: 'Algo para si enquanto espera (abre num novo separador)',
  },
  zh: {
    heading: '您正在排队等候笔记本',
    explanation: '每位读者都会得到一个自己的笔记本，目前全部都在使用中。读者按到达的先后顺序进入。',
    position: '您在队伍中的位置：{place}',
    wait: '预计等候时间：约 {time}',
    anyMoment: '随时可能轮到您',
    stayOpen: '请保持此页面打开：您的笔记本会在这里自动打开。',
    paused: '目前暂不提供新的笔记本。您的位置会保留。',
    unreachable: '目前无法连接到笔记本。您的位置会保留。',
    interrupted: '连接已中断。您的位置会保留，此页面会继续尝试。',
    opening: '正在打开您的笔记本……',
    progress: '已等候的时间',
    again: '立即重试',
    meanwhile: '等候时可以看看（在新标签页中打开）',
  },
  ja: {
    heading: 'ノートブックの順番をお待ちいただいています',
    explanation:
      'ノートブックはお一人に一つずつ用意され、現在すべて使用中です。お越しになった順にご案内します。',
    position: '現在の順番：{place} 番目',
    wait: '予想待ち時間：約 {time}',
    anyMoment: 'まもなく順番が来る見込みです',
    stayOpen: 'このページを開いたままお待ちください。ノートブックはここで自動的に開きます。',
    paused: '現在、新しいノートブックのご案内を停止しています。順番はそのまま保たれます。',
    unreachable: '現在、ノートブックに接続できません。順番はそのまま保たれます。',
    interrupted: '接続が途切れました。順番はそのまま保たれ、このページは接続を試み続けます。',
    opening: 'ノートブックを開いています…',
    progress: 'これまでの待ち時間',
    again: '今すぐもう一度試す',
    meanwhile: 'お待ちの間にご覧いただけるもの（新しいタブで開きます）',
  },
};

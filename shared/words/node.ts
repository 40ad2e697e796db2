// What a reader sees at a node that has no notebook for them.
import type { InEveryLanguage } from './language.ts';
import type { Notice } from './unavailable.ts';

export interface NodeWords {
  readonly full: Notice;
  readonly triesAgain: string;
  readonly refused: {
    readonly title: string;
    readonly closed: string;
    readonly 'no-ticket': string;
    readonly 'spent-ticket': string;
  };
  /** While the host starts. */
  readonly starting: Notice;
}

export const NODE_WORDS: InEveryLanguage<NodeWords> = {
  en: {
    full: {
      title: 'All notebooks are taken at the moment',
      text: 'Each reader gets one of their own. They become free as other readers leave.',
    },
    triesAgain: 'This page tries again by itself every few seconds.',
    refused: {
      title: 'No notebook from here',
      closed: 'This host gives notebooks only to programs that have its API token.',
      'no-ticket': 'This host serves only readers who come through its front page.',
      'spent-ticket':
        'This address has opened a notebook already. Start again from the page that brought you here.',
    },
    starting: {
      title: 'One moment, please',
      text: 'This host is starting, and does not know its notebooks yet.',
    },
  },
  de: {
    full: {
      title: 'Zurzeit sind alle Notebooks vergeben',
      text: 'Alle bekommen ein eigenes. Notebooks werden frei, sobald jemand geht.',
    },
    triesAgain: 'Diese Seite versucht es alle paar Sekunden von selbst wieder.',
    refused: {
      title: 'Hier gibt es kein Notebook',
      closed: 'Dieser Rechner gibt Notebooks nur an Programme, die seinen API-Schlüssel haben.',
      'no-ticket': 'Dieser Rechner ist nur für Leserinnen und Leser da, die über seine Startseite kommen.',
      'spent-ticket':
        'Mit dieser Adresse wurde schon ein Notebook geöffnet. Beginnen Sie noch einmal auf der Seite, von der Sie gekommen sind.',
    },
    starting: {
      title: 'Einen Moment, bitte',
      text: 'Dieser Rechner startet gerade und kennt seine Notebooks noch nicht.',
    },
  },
  fr: {
    full: {
      title: 'Tous les notebooks sont occupés pour le moment',
      text: 'Chaque personne reçoit le sien. Ils se libèrent à mesure que d’autres personnes partent.',
    },
    triesAgain: 'Cette page réessaie d’elle-même toutes les quelques secondes.',
    refused: {
      title: 'Pas de notebook ici',
      closed: 'Cette machine ne donne de notebooks qu’aux programmes qui possèdent sa clé d’API.',
      'no-ticket': 'Cette machine ne sert que les personnes qui passent par sa page d’accueil.',
      'spent-ticket':
        'Cette adresse a déjà ouvert un notebook. Recommencez depuis la page qui vous a amené ici.',
    },
    starting: {
      title: 'Un instant, s’il vous plaît',
      text: 'Cette machine démarre et ne connaît pas encore ses notebooks.',
    },
  },
  es: {
    full: {
      title: 'Todos los cuadernos están ocupados en este momento',
      text: 'Cada persona recibe el suyo. Quedan libres a medida que otras personas se van.',
    },
    triesAgain: 'Esta página vuelve a intentarlo sola cada pocos segundos.',
    refused: {
      title: 'Aquí no hay cuadernos',
      closed: 'Esta máquina solo entrega cuadernos a programas que tienen su clave de API.',
      'no-ticket': 'Esta máquina solo atiende a quienes llegan por su página de entrada.',
      'spent-ticket':
        'Esta dirección ya ha abierto un cuaderno. Empiece de nuevo desde la página que le trajo aquí.',
    },
    starting: {
      title: 'Un momento, por favor',
      text: 'Esta máquina se está iniciando y aún no conoce sus cuadernos.',
    },
  },
  pt: {
    full: {
      title: 'De momento todos os cadernos estão ocupados',
      text: 'Cada pessoa recebe o seu. Ficam livres à medida que outras pessoas saem.',
    },
    triesAgain: 'Esta página tenta de novo sozinha a cada poucos segundos.',
    refused: {
      title: 'Aqui não há cadernos',
      closed: 'Esta máquina só entrega cadernos a programas que têm a sua chave de API.',
      'no-ticket': 'Esta máquina só serve quem chega pela sua página de entrada.',
      'spent-ticket': 'Este endereço já abriu um caderno. Recomece a partir da página que o trouxe aqui.',
    },
    starting: {
      title: 'Um momento, por favor',
      text: 'Esta máquina está a iniciar e ainda não conhece os seus cadernos.',
    },
  },
  zh: {
    full: {
      title: '目前所有笔记本都已被占用',
      text: '每位读者都会得到自己的笔记本。其他读者离开后就会空出来。',
    },
    triesAgain: '此页面每隔几秒会自动重试。',
    refused: {
      title: '此处不提供笔记本',
      closed: '此主机只向持有其 API 令牌的程序提供笔记本。',
      'no-ticket': '此主机只为经由其入口页面访问的读者提供服务。',
      'spent-ticket': '此地址已经打开过一个笔记本。请从您来时的页面重新开始。',
    },
    starting: { title: '请稍候', text: '此主机正在启动，还不知道有哪些笔记本。' },
  },
  ja: {
    full: {
      title: '現在、すべてのノートブックが使用中です',
      text: 'ノートブックは一人にひとつずつ割り当てられます。ほかの利用者が退出すると空きが出ます。',
    },
    triesAgain: 'このページは数秒ごとに自動で再試行します。',
    refused: {
      title: 'ここではノートブックを開けません',
      closed: 'このホストは、API トークンを持つプログラムにだけノートブックを提供します。',
      'no-ticket': 'このホストは、入口のページから来た方だけが利用できます。',
      'spent-ticket':
        'このアドレスでは、すでにノートブックが開かれています。元のページからやり直してください。',
    },
    starting: {
      title: '少々お待ちください',
      text: 'このホストは起動中で、まだノートブックを把握していません。',
    },
  },
};

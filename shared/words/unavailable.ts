// What a reader sees at the front when no node can take them.
import type { InEveryLanguage } from './language.ts';

/** A page's heading and what it says. */
export interface Notice {
  readonly title: string;
  readonly text: string;
}

export interface UnavailableWords {
  readonly full: Notice;
  readonly closed: Notice;
  readonly 'too-many-hops': Notice;
  readonly 'none-answers': Notice;
  readonly 'no-nodes': Notice;
  readonly triesAgain: string;
  readonly tryNow: string;
}

export const UNAVAILABLE_WORDS: InEveryLanguage<UnavailableWords> = {
  en: {
    full: {
      title: 'All notebooks are taken at the moment',
      text: 'Each reader has one of their own, and every one is in use. They come free as people leave.',
    },
    closed: {
      title: 'No new notebooks are given out at the moment',
      text: 'Notebooks that are open go on. This service is paused, most likely for a short time.',
    },
    'too-many-hops': {
      title: 'All notebooks are taken at the moment',
      text: 'Others were quicker at every host that seemed to have room. They come free as people leave.',
    },
    'none-answers': {
      title: 'The notebooks cannot be reached just now',
      text: 'The hosts they run on do not answer. Their operator can see this too.',
    },
    'no-nodes': {
      title: 'There are no notebooks here yet',
      text: 'This service has just been set up: no host has been added to it.',
    },
    triesAgain: 'This page tries again by itself every few seconds. You may leave it open.',
    tryNow: 'Try again now',
  },
  de: {
    full: {
      title: 'Zurzeit sind alle Notebooks vergeben',
      text: 'Jede Leserin und jeder Leser hat ein eigenes, und alle sind in Gebrauch. Sie werden frei, sobald jemand geht.',
    },
    closed: {
      title: 'Zurzeit werden keine neuen Notebooks vergeben',
      text: 'Geöffnete Notebooks laufen weiter. Dieser Dienst pausiert, vermutlich nur für kurze Zeit.',
    },
    'too-many-hops': {
      title: 'Zurzeit sind alle Notebooks vergeben',
      text: 'Auf jedem Rechner, der noch Platz zu haben schien, waren andere schneller. Notebooks werden frei, sobald jemand geht.',
    },
    'none-answers': {
      title: 'Die Notebooks sind gerade nicht erreichbar',
      text: 'Die Rechner, auf denen sie laufen, antworten nicht. Auch der Betreiber kann das sehen.',
    },
    'no-nodes': {
      title: 'Hier gibt es noch keine Notebooks',
      text: 'Dieser Dienst wurde gerade erst eingerichtet: Noch ist ihm kein Rechner hinzugefügt.',
    },
    triesAgain:
      'Diese Seite versucht es alle paar Sekunden von selbst wieder. Sie können sie geöffnet lassen.',
    tryNow: 'Jetzt erneut versuchen',
  },
  fr: {
    full: {
      title: 'Tous les notebooks sont occupés pour le moment',
      text: 'Chaque personne a le sien, et tous sont utilisés. Ils se libèrent à mesure que des personnes partent.',
    },
    closed: {
      title: 'Aucun nouveau notebook n’est attribué pour le moment',
      text: 'Les notebooks ouverts continuent de fonctionner. Ce service est suspendu, sans doute pour peu de temps.',
    },
    'too-many-hops': {
      title: 'Tous les notebooks sont occupés pour le moment',
      text: 'Sur chaque machine qui semblait avoir de la place, d’autres ont été plus rapides. Des notebooks se libèrent à mesure que des personnes partent.',
    },
    'none-answers': {
      title: 'Les notebooks sont injoignables en ce moment',
      text: 'Les machines sur lesquelles ils fonctionnent ne répondent pas. L’exploitant le voit également.',
    },
    'no-nodes': {
      title: 'Il n’y a pas encore de notebooks ici',
      text: 'Ce service vient d’être installé : aucune machine n’y a encore été ajoutée.',
    },
    triesAgain:
      'Cette page réessaie d’elle-même toutes les quelques secondes. Vous pouvez la laisser ouverte.',
    tryNow: 'Réessayer maintenant',
  },
  es: {
    full: {
      title: 'Todos los cuadernos están ocupados en este momento',
      text: 'Cada persona tiene el suyo y todos están en uso. Quedan libres a medida que la gente se va.',
    },
    closed: {
      title: 'En este momento no se entregan cuadernos nuevos',
      text: 'Los cuadernos abiertos siguen funcionando. Este servicio está en pausa, probablemente por poco tiempo.',
    },
    'too-many-hops': {
      title: 'Todos los cuadernos están ocupados en este momento',
      text: 'En todas las máquinas que parecían tener sitio, otras personas fueron más rápidas. Quedan libres a medida que la gente se va.',
    },
    'none-answers': {
      title: 'No se puede acceder a los cuadernos en este momento',
      text: 'Las máquinas en las que funcionan no responden. Su operador también puede verlo.',
    },
    'no-nodes': {
      title: 'Aquí todavía no hay cuadernos',
      text: 'Este servicio se acaba de instalar: aún no se le ha añadido ninguna máquina.',
    },
    triesAgain: 'Esta página vuelve a intentarlo sola cada pocos segundos. Puede dejarla abierta.',
    tryNow: 'Intentarlo ahora',
  },
  pt: {
    full: {
      title: 'De momento todos os cadernos estão ocupados',
      text: 'Cada pessoa tem o seu e todos estão a ser usados. Ficam livres à medida que as pessoas saem.',
    },
    closed: {
      title: 'De momento não são atribuídos novos cadernos',
      text: 'Os cadernos abertos continuam a funcionar. Este serviço está em pausa, provavelmente por pouco tempo.',
    },
    'too-many-hops': {
      title: 'De momento todos os cadernos estão ocupados',
      text: 'Em todas as máquinas que pareciam ter lugar, outras pessoas foram mais rápidas. Ficam livres à medida que as pessoas saem.',
    },
    'none-answers': {
      title: 'De momento não é possível aceder aos cadernos',
      text: 'As máquinas em que funcionam não respondem. O operador também o pode ver.',
    },
    'no-nodes': {
      title: 'Aqui ainda não há cadernos',
      text: 'Este serviço acabou de ser instalado: ainda não lhe foi adicionada nenhuma máquina.',
    },
    triesAgain: 'Esta página tenta de novo sozinha a cada poucos segundos. Pode deixá-la aberta.',
    tryNow: 'Tentar agora',
  },
  zh: {
    full: {
      title: '目前所有笔记本都已被占用',
      text: '每位读者都有自己的笔记本，现在全部在使用中。有人离开后就会空出来。',
    },
    closed: {
      title: '目前暂不提供新的笔记本',
      text: '已打开的笔记本可以继续使用。此服务已暂停，很可能只是短时间。',
    },
    'too-many-hops': {
      title: '目前所有笔记本都已被占用',
      text: '在每台看似有空位的主机上，都有人先到一步。有人离开后就会空出来。',
    },
    'none-answers': {
      title: '目前无法连接到笔记本',
      text: '运行笔记本的主机没有响应。运营者也能看到这一情况。',
    },
    'no-nodes': {
      title: '这里还没有笔记本',
      text: '此服务刚刚建立，尚未添加任何主机。',
    },
    triesAgain: '此页面每隔几秒会自动重试，您可以让它保持打开。',
    tryNow: '立即重试',
  },
  ja: {
    full: {
      title: '現在、すべてのノートブックが使用中です',
      text: 'ノートブックは一人にひとつずつ割り当てられ、現在すべて使用中です。利用者が退出すると空きが出ます。',
    },
    closed: {
      title: '現在、新しいノートブックは提供されていません',
      text: '開いているノートブックはそのまま使えます。このサービスは一時停止しています。まもなく再開する見込みです。',
    },
    'too-many-hops': {
      title: '現在、すべてのノートブックが使用中です',
      text: '空きがあるように見えたどのホストでも、先に利用された方がいました。利用者が退出すると空きが出ます。',
    },
    'none-answers': {
      title: '現在、ノートブックに接続できません',
      text: 'ノートブックが動作しているホストが応答しません。運営者もこの状況を確認できます。',
    },
    'no-nodes': {
      title: 'ここにはまだノートブックがありません',
      text: 'このサービスは準備されたばかりで、まだホストが追加されていません。',
    },
    triesAgain: 'このページは数秒ごとに自動で再試行します。開いたままで構いません。',
    tryNow: '今すぐ再試行',
  },
};

// What a reader sees in place of a notebook that cannot be shown.
import type { InEveryLanguage } from './language.ts';
import type { Notice } from './unavailable.ts';

export interface NotebookWords {
  readonly gone: Notice;
  readonly stranger: Notice;
  /** Follows why it stopped, or `ended`. */
  readonly dead: Notice;
  /** Of a program, for whatever reason. */
  readonly ended: string;
  readonly 'upstream-error': Notice;
  readonly 'upstream-timeout': Notice;
  readonly 'too-many-sockets': Notice;
  readonly malformed: Notice;
  /** At an address that gives no notebook. */
  readonly nothingHere: Notice;
  readonly openNew: string;
  /** Follows the text of `stranger` in a frame. */
  readonly inAFrame: string;
  /** In a frame whose browser has kept none of our cookies. */
  readonly noCookies: Notice;
  readonly openInTab: string;
}

export const NOTEBOOK_WORDS: InEveryLanguage<NotebookWords> = {
  en: {
    gone: {
      title: 'This notebook is gone',
      text: 'Notebooks here are temporary. They are removed some time after their last use, when their time is over, or when their host is retired. What was in this one cannot be recovered, but you can open a new one at the same place.',
    },
    stranger: {
      title: 'This notebook is somebody else’s',
      text: 'Each reader here has a notebook of their own, and only the browser that opened one can use it. You can open your own at the same place.',
    },
    dead: {
      title: 'This notebook has stopped',
      text: 'What was in it cannot be recovered, but you can open a new one at the same place.',
    },
    ended: 'Its program has ended.',
    'upstream-error': {
      title: 'The connection to this notebook broke',
      text: 'Reload the page. If it happens again, open a new one.',
    },
    'upstream-timeout': {
      title: 'This notebook does not answer',
      text: 'It may be busy. Reload the page in a while. If it happens again, open a new one.',
    },
    'too-many-sockets': {
      title: 'Too many connections',
      text: 'This notebook, or your network, has too many connections open. Close some of its tabs, then reload the page.',
    },
    malformed: {
      title: 'This request is malformed',
      text: 'It contains something that no request for a notebook contains.',
    },
    nothingHere: { title: 'There is nothing here', text: 'No notebook has this address.' },
    openNew: 'Open a new notebook',
    inAFrame: 'If your browser blocks cookies in frames, a tab of its own works.',
    noCookies: {
      title: 'Your notebook needs a tab of its own',
      text: 'Your browser keeps no cookies for pages inside other pages, so the notebook cannot be shown here. In a tab of its own it works.',
    },
    openInTab: 'Open my notebook in a new tab',
  },
  de: {
    gone: {
      title: 'Dieses Notebook gibt es nicht mehr',
      text: 'Notebooks sind hier vorübergehend. Sie werden einige Zeit nach dem letzten Gebrauch entfernt, wenn ihre Zeit abgelaufen ist oder wenn ihr Rechner außer Betrieb geht. Der Inhalt lässt sich nicht wiederherstellen, aber Sie können an derselben Stelle ein neues öffnen.',
    },
    stranger: {
      title: 'Dieses Notebook gehört jemand anderem',
      text: 'Alle haben hier ein eigenes Notebook, und nur der Browser, der es geöffnet hat, kann es benutzen. Sie können an derselben Stelle Ihr eigenes öffnen.',
    },
    dead: {
      title: 'Dieses Notebook wurde beendet',
      text: 'Der Inhalt lässt sich nicht wiederherstellen, aber Sie können an derselben Stelle ein neues öffnen.',
    },
    ended: 'Sein Programm läuft nicht mehr.',
    'upstream-error': {
      title: 'Die Verbindung zu diesem Notebook ist abgebrochen',
      text: 'Laden Sie die Seite neu. Wenn es wieder geschieht, öffnen Sie ein neues Notebook.',
    },
    'upstream-timeout': {
      title: 'Dieses Notebook antwortet nicht',
      text: 'Vielleicht ist es beschäftigt. Laden Sie die Seite nach einer Weile neu. Wenn es wieder geschieht, öffnen Sie ein neues Notebook.',
    },
    'too-many-sockets': {
      title: 'Zu viele Verbindungen',
      text: 'Dieses Notebook oder Ihr Netz hat zu viele offene Verbindungen. Schließen Sie einige Tabs und laden Sie die Seite dann neu.',
    },
    malformed: {
      title: 'Diese Anfrage ist fehlerhaft',
      text: 'Sie enthält etwas, das keine Anfrage nach einem Notebook enthält.',
    },
    nothingHere: { title: 'Hier ist nichts', text: 'Kein Notebook hat diese Adresse.' },
    openNew: 'Neues Notebook öffnen',
    inAFrame: 'Wenn Ihr Browser Cookies in Frames blockiert, funktioniert ein eigener Tab.',
    noCookies: {
      title: 'Ihr Notebook braucht einen eigenen Tab',
      text: 'Ihr Browser behält keine Cookies für Seiten, die in andere Seiten eingebettet sind. Deshalb kann das Notebook hier nicht angezeigt werden. In einem eigenen Tab funktioniert es.',
    },
    openInTab: 'Mein Notebook in einem neuen Tab öffnen',
  },
  fr: {
    gone: {
      title: 'Ce notebook n’existe plus',
      text: 'Ici, les notebooks sont temporaires. Ils sont supprimés quelque temps après leur dernière utilisation, lorsque leur durée est écoulée ou lorsque leur machine est retirée. Le contenu de celui-ci ne peut pas être récupéré, mais vous pouvez en ouvrir un nouveau au même endroit.',
    },
    stranger: {
      title: 'Ce notebook est celui de quelqu’un d’autre',
      text: 'Chaque personne a ici son propre notebook, et seul le navigateur qui l’a ouvert peut l’utiliser. Vous pouvez ouvrir le vôtre au même endroit.',
    },
    dead: {
      title: 'Ce notebook s’est arrêté',
      text: 'Son contenu ne peut pas être récupéré, mais vous pouvez en ouvrir un nouveau au même endroit.',
    },
    ended: 'Son programme a pris fin.',
    'upstream-error': {
      title: 'La connexion à ce notebook a été interrompue',
      text: 'Rechargez la page. Si cela se reproduit, ouvrez un nouveau notebook.',
    },
    'upstream-timeout': {
      title: 'Ce notebook ne répond pas',
      text: 'Il est peut-être occupé. Rechargez la page dans un moment. Si cela se reproduit, ouvrez un nouveau notebook.',
    },
    'too-many-sockets': {
      title: 'Trop de connexions',
      text: 'Ce notebook, ou votre réseau, a trop de connexions ouvertes. Fermez quelques onglets, puis rechargez la page.',
    },
    malformed: {
      title: 'Cette requête est mal formée',
      text: 'Elle contient quelque chose qu’aucune requête de notebook ne contient.',
    },
    nothingHere: { title: 'Il n’y a rien ici', text: 'Aucun notebook n’a cette adresse.' },
    openNew: 'Ouvrir un nouveau notebook',
    inAFrame: 'Si votre navigateur bloque les cookies dans les cadres, un onglet séparé fonctionne.',
    noCookies: {
      title: 'Votre notebook a besoin de son propre onglet',
      text: 'Votre navigateur ne conserve pas de cookies pour les pages affichées dans d’autres pages : le notebook ne peut donc pas s’afficher ici. Dans son propre onglet, il fonctionne.',
    },
    openInTab: 'Ouvrir mon notebook dans un nouvel onglet',
  },
  es: {
    gone: {
      title: 'Este cuaderno ya no existe',
      text: 'Aquí los cuadernos son temporales. Se eliminan algún tiempo después de su último uso, cuando se acaba su tiempo o cuando se retira su máquina. Lo que había en este no se puede recuperar, pero puede abrir uno nuevo en el mismo sitio.',
    },
    stranger: {
      title: 'Este cuaderno es de otra persona',
      text: 'Aquí cada persona tiene su propio cuaderno, y solo puede usarlo el navegador que lo abrió. Puede abrir el suyo en el mismo sitio.',
    },
    dead: {
      title: 'Este cuaderno se ha detenido',
      text: 'Lo que había en él no se puede recuperar, pero puede abrir uno nuevo en el mismo sitio.',
    },
    ended: 'Su programa ha terminado.',
    'upstream-error': {
      title: 'Se ha interrumpido la conexión con este cuaderno',
      text: 'Vuelva a cargar la página. Si ocurre otra vez, abra un cuaderno nuevo.',
    },
    'upstream-timeout': {
      title: 'Este cuaderno no responde',
      text: 'Puede que esté ocupado. Vuelva a cargar la página dentro de un rato. Si ocurre otra vez, abra un cuaderno nuevo.',
    },
    'too-many-sockets': {
      title: 'Demasiadas conexiones',
      text: 'Este cuaderno, o su red, tiene demasiadas conexiones abiertas. Cierre algunas pestañas y vuelva a cargar la página.',
    },
    malformed: {
      title: 'Esta petición no es válida',
      text: 'Contiene algo que ninguna petición de un cuaderno contiene.',
    },
    nothingHere: { title: 'Aquí no hay nada', text: 'Ningún cuaderno tiene esta dirección.' },
    openNew: 'Abrir un cuaderno nuevo',
    inAFrame: 'Si su navegador bloquea las cookies en los marcos, funciona en una pestaña propia.',
    noCookies: {
      title: 'Su cuaderno necesita una pestaña propia',
      text: 'Su navegador no guarda cookies de páginas mostradas dentro de otras páginas, así que el cuaderno no se puede mostrar aquí. En una pestaña propia funciona.',
    },
    openInTab: 'Abrir mi cuaderno en una pestaña nueva',
  },
  pt: {
    gone: {
      title: 'Este caderno já não existe',
      text: 'Aqui os cadernos são temporários. São removidos algum tempo depois da última utilização, quando o seu tempo termina ou quando a sua máquina é retirada. O que estava neste não pode ser recuperado, mas pode abrir um novo no mesmo sítio.',
    },
    stranger: {
      title: 'Este caderno é de outra pessoa',
      text: 'Aqui cada pessoa tem o seu próprio caderno, e só o navegador que o abriu o pode usar. Pode abrir o seu no mesmo sítio.',
    },
    dead: {
      title: 'Este caderno parou',
      text: 'O que lá estava não pode ser recuperado, mas pode abrir um novo no mesmo sítio.',
    },
    ended: 'O seu programa terminou.',
    'upstream-error': {
      title: 'A ligação a este caderno foi interrompida',
      text: 'Volte a carregar a página. Se acontecer outra vez, abra um caderno novo.',
    },
    'upstream-timeout': {
      title: 'Este caderno não responde',
      text: 'Talvez esteja ocupado. Volte a carregar a página daqui a pouco. Se acontecer outra vez, abra um caderno novo.',
    },
    'too-many-sockets': {
      title: 'Demasiadas ligações',
      text: 'Este caderno, ou a sua rede, tem demasiadas ligações abertas. Feche alguns separadores e volte a carregar a página.',
    },
    malformed: {
      title: 'Este pedido está malformado',
      text: 'Contém algo que nenhum pedido de um caderno contém.',
    },
    nothingHere: { title: 'Não há nada aqui', text: 'Nenhum caderno tem este endereço.' },
    openNew: 'Abrir um caderno novo',
    inAFrame: 'Se o seu navegador bloqueia cookies em molduras, funciona num separador próprio.',
    noCookies: {
      title: 'O seu caderno precisa de um separador próprio',
      text: 'O seu navegador não guarda cookies de páginas mostradas dentro de outras páginas, por isso o caderno não pode ser mostrado aqui. Num separador próprio funciona.',
    },
    openInTab: 'Abrir o meu caderno num novo separador',
  },
  zh: {
    gone: {
      title: '此笔记本已不存在',
      text: '这里的笔记本是临时的。在最后一次使用一段时间之后、到期时，或者所在主机停用时，笔记本会被删除。其中的内容无法恢复，但您可以在同一位置打开一个新的笔记本。',
    },
    stranger: {
      title: '此笔记本属于其他人',
      text: '这里的每位读者都有自己的笔记本，只有打开它的浏览器才能使用。您可以在同一位置打开自己的笔记本。',
    },
    dead: {
      title: '此笔记本已停止',
      text: '其中的内容无法恢复，但您可以在同一位置打开一个新的笔记本。',
    },
    ended: '它的程序已经结束。',
    'upstream-error': {
      title: '与此笔记本的连接已中断',
      text: '请重新加载页面。如果再次出现，请打开一个新的笔记本。',
    },
    'upstream-timeout': {
      title: '此笔记本没有响应',
      text: '它可能正忙。请稍后重新加载页面。如果再次出现，请打开一个新的笔记本。',
    },
    'too-many-sockets': {
      title: '连接过多',
      text: '此笔记本或您所在的网络打开的连接过多。请关闭一些标签页，然后重新加载页面。',
    },
    malformed: { title: '此请求格式有误', text: '它包含笔记本请求中不应出现的内容。' },
    nothingHere: { title: '这里什么都没有', text: '没有笔记本使用此地址。' },
    openNew: '打开新的笔记本',
    inAFrame: '如果您的浏览器阻止框架中的 Cookie，可以在单独的标签页中使用。',
    noCookies: {
      title: '您的笔记本需要在单独的标签页中打开',
      text: '您的浏览器不会为嵌入在其他页面中的页面保存 Cookie，因此无法在此处显示笔记本。在单独的标签页中可以正常使用。',
    },
    openInTab: '在新标签页中打开我的笔记本',
  },
  ja: {
    gone: {
      title: 'このノートブックはもうありません',
      text: 'ここのノートブックは一時的なものです。最後に使われてからしばらくたったとき、期限が切れたとき、またはホストの運用が終わるときに削除されます。内容は復元できませんが、同じ場所で新しいノートブックを開くことができます。',
    },
    stranger: {
      title: 'このノートブックはほかの方のものです',
      text: 'ここでは一人ひとりに専用のノートブックがあり、開いたブラウザーだけが使えます。同じ場所でご自分のノートブックを開くことができます。',
    },
    dead: {
      title: 'このノートブックは停止しました',
      text: '内容は復元できませんが、同じ場所で新しいノートブックを開くことができます。',
    },
    ended: 'プログラムが終了しました。',
    'upstream-error': {
      title: 'このノートブックとの接続が切れました',
      text: 'ページを再読み込みしてください。繰り返し起こる場合は、新しいノートブックを開いてください。',
    },
    'upstream-timeout': {
      title: 'このノートブックが応答しません',
      text: '処理中の可能性があります。しばらくしてからページを再読み込みしてください。繰り返し起こる場合は、新しいノートブックを開いてください。',
    },
    'too-many-sockets': {
      title: '接続が多すぎます',
      text: 'このノートブック、またはお使いのネットワークの接続数が多すぎます。タブをいくつか閉じてから、ページを再読み込みしてください。',
    },
    malformed: {
      title: 'このリクエストは正しくありません',
      text: 'ノートブックへのリクエストには含まれないものが含まれています。',
    },
    nothingHere: { title: 'ここには何もありません', text: 'このアドレスのノートブックはありません。' },
    openNew: '新しいノートブックを開く',
    inAFrame: 'ブラウザーがフレーム内の Cookie をブロックしている場合は、別のタブで使えます。',
    noCookies: {
      title: 'ノートブックは別のタブで開く必要があります',
      text: 'お使いのブラウザーは、ほかのページに埋め込まれたページの Cookie を保存しないため、ここにはノートブックを表示できません。別のタブでは使えます。',
    },
    openInTab: '新しいタブでノートブックを開く',
  },
};

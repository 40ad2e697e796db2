// What the companion says in the tab of a reader's notebook. `{left}` is a time such as "5 minutes", `{time}` one of the day.
import type { InEveryLanguage } from './language.ts';

export interface CompanionWords {
  /** Of the panel, for screen readers. */
  readonly label: string;
  readonly hide: string;
  readonly idle: string;
  readonly stay: string;
  /** After a press of `stay`. */
  readonly stays: string;
  /** The same, where a deadline comes before the next end for lack of use. */
  readonly staysUntil: string;
  readonly age: string;
  readonly drain: string;
  /** Behind the two before. */
  readonly download: string;
  /** Gives all files of the notebook as one. */
  readonly save: string;
  /** After a press of it. */
  readonly saving: string;
  readonly failed: string;
  /** Why it ended; `gone` where that is not known. */
  readonly ended: {
    readonly idle: string;
    readonly expired: string;
    readonly drained: string;
    readonly crashed: string;
    readonly 'out-of-memory': string;
    /** Its program ended as it was asked to, as Jupyter's does at Quit. */
    readonly quit: string;
    /** A signal ended it. */
    readonly killed: string;
    readonly deleted: string;
    readonly left: string;
    readonly gone: string;
  };
  /** Behind each of them. */
  readonly lost: string;
  readonly again: string;
  readonly afresh: string;
  /** Before that. */
  readonly afreshAsk: string;
}

export const COMPANION_WORDS: InEveryLanguage<CompanionWords> = {
  en: {
    label: 'About this notebook',
    hide: 'Hide',
    idle: 'Are you still there? This notebook has not been used for a while and will be removed in {left}.',
    stay: 'Keep it',
    stays: 'Your notebook is kept. Without use it will be removed in {left}.',
    staysUntil: 'Your notebook is kept until its time is over, in {left}.',
    age: 'This notebook ends in {left}, at {time}: its time is nearly over.',
    drain: 'This notebook ends in {left}, at {time}: the computer that it runs on is taken out of service.',
    download: 'Download what you want to keep.',
    save: 'Save my files',
    saving: 'Your files are being packed; your browser shows the download.',
    failed: 'That did not work. Please try again.',
    ended: {
      idle: 'This notebook was removed because it had not been used for a long time.',
      expired: 'This notebook was removed because its time was over.',
      drained: 'This notebook was removed because its computer was taken out of service.',
      crashed: 'This notebook has stopped: its program failed.',
      'out-of-memory': 'This notebook has stopped: it ran out of memory.',
      quit: 'This notebook was shut down from within.',
      killed: 'This notebook has stopped: something ended its program.',
      deleted: 'This notebook was ended by the people who run this service.',
      left: 'You have ended this notebook.',
      gone: 'This notebook is gone.',
    },
    lost: 'What was in it cannot be recovered. What you still see here you can copy.',
    again: 'Open a new notebook',
    afresh: 'Start afresh',
    afreshAsk: 'Start afresh? This notebook will be removed, with everything that you have changed in it.',
  },
  de: {
    label: 'Über dieses Notebook',
    hide: 'Ausblenden',
    idle: 'Sind Sie noch da? Dieses Notebook wurde eine Weile nicht benutzt und wird in {left} entfernt.',
    stay: 'Behalten',
    stays: 'Ihr Notebook bleibt. Wenn Sie es nicht benutzen, wird es in {left} entfernt.',
    staysUntil: 'Ihr Notebook bleibt, bis seine Zeit abgelaufen ist, in {left}.',
    age: 'Dieses Notebook endet in {left}, um {time}: Seine Zeit ist fast abgelaufen.',
    drain: 'Dieses Notebook endet in {left}, um {time}: Der Rechner, auf dem es läuft, geht außer Betrieb.',
    download: 'Laden Sie herunter, was Sie behalten möchten.',
    save: 'Meine Dateien sichern',
    saving: 'Ihre Dateien werden gepackt; Ihr Browser zeigt den Download an.',
    failed: 'Das hat nicht geklappt. Bitte versuchen Sie es noch einmal.',
    ended: {
      idle: 'Dieses Notebook wurde entfernt, weil es lange nicht benutzt wurde.',
      expired: 'Dieses Notebook wurde entfernt, weil seine Zeit abgelaufen war.',
      drained: 'Dieses Notebook wurde entfernt, weil sein Rechner außer Betrieb ging.',
      crashed: 'Dieses Notebook ist stehen geblieben: Sein Programm ist abgestürzt.',
      'out-of-memory': 'Dieses Notebook ist stehen geblieben: Der Speicher reichte nicht aus.',
      quit: 'Dieses Notebook wurde von innen heruntergefahren.',
      killed: 'Dieses Notebook ist stehen geblieben: Sein Programm wurde beendet.',
      deleted: 'Dieses Notebook wurde von den Betreibern dieses Dienstes beendet.',
      left: 'Sie haben dieses Notebook beendet.',
      gone: 'Dieses Notebook gibt es nicht mehr.',
    },
    lost: 'Sein Inhalt lässt sich nicht wiederherstellen. Was Sie hier noch sehen, können Sie kopieren.',
    again: 'Neues Notebook öffnen',
    afresh: 'Neu beginnen',
    afreshAsk: 'Neu beginnen? Dieses Notebook wird entfernt, mit allem, was Sie darin geändert haben.',
  },
  fr: {
    label: 'À propos de ce notebook',
    hide: 'Masquer',
    idle: 'Êtes-vous toujours là ? Ce notebook n’a pas été utilisé depuis un moment et sera supprimé dans {left}.',
    stay: 'Le garder',
    stays: 'Votre notebook est conservé. Sans utilisation, il sera supprimé dans {left}.',
    staysUntil: 'Votre notebook est conservé jusqu’à la fin de son temps, dans {left}.',
    age: 'Ce notebook se termine dans {left}, à {time} : son temps est presque écoulé.',
    drain:
      'Ce notebook se termine dans {left}, à {time} : l’ordinateur qui l’héberge va être mis hors service.',
    download: 'Téléchargez ce que vous souhaitez garder.',
    save: 'Enregistrer mes fichiers',
    saving: 'Vos fichiers sont en cours de préparation ; votre navigateur affiche le téléchargement.',
    failed: 'Cela n’a pas fonctionné. Veuillez réessayer.',
    ended: {
      idle: 'Ce notebook a été supprimé, car il n’était plus utilisé depuis longtemps.',
      expired: 'Ce notebook a été supprimé, car son temps était écoulé.',
      drained: 'Ce notebook a été supprimé, car son ordinateur a été mis hors service.',
      crashed: 'Ce notebook s’est arrêté : son programme a échoué.',
      'out-of-memory': 'Ce notebook s’est arrêté : la mémoire était épuisée.',
      quit: 'Ce notebook a été arrêté de l’intérieur.',
      killed: 'Ce notebook s’est arrêté : quelque chose a mis fin à son programme.',
      deleted: 'Ce notebook a été arrêté par les responsables de ce service.',
      left: 'Vous avez mis fin à ce notebook.',
      gone: 'Ce notebook n’existe plus.',
    },
    lost: 'Son contenu ne peut pas être récupéré. Vous pouvez copier ce que vous voyez encore ici.',
    again: 'Ouvrir un nouveau notebook',
    afresh: 'Recommencer à zéro',
    afreshAsk: 'Recommencer à zéro ? Ce notebook sera supprimé, avec tout ce que vous y avez modifié.',
  },
  es: {
    label: 'Acerca de este cuaderno',
    hide: 'Ocultar',
    idle: '¿Sigue ahí? Este cuaderno lleva un tiempo sin usarse y se eliminará en {left}.',
    stay: 'Conservarlo',
    stays: 'Su cuaderno se conserva. Si no lo usa, se eliminará en {left}.',
    staysUntil: 'Su cuaderno se conserva hasta que termine su tiempo, en {left}.',
    age: 'Este cuaderno termina en {left}, a las {time}: su tiempo casi se ha agotado.',
    drain:
      'Este cuaderno termina en {left}, a las {time}: el ordenador en el que funciona se retira del servicio.',
    download: 'Descargue lo que quiera conservar.',
    save: 'Guardar mis archivos',
    saving: 'Sus archivos se están empaquetando; su navegador muestra la descarga.',
    failed: 'No ha funcionado. Inténtelo de nuevo.',
    ended: {
      idle: 'Este cuaderno se eliminó porque llevaba mucho tiempo sin usarse.',
      expired: 'Este cuaderno se eliminó porque su tiempo se agotó.',
      drained: 'Este cuaderno se eliminó porque su ordenador se retiró del servicio.',
      crashed: 'Este cuaderno se ha detenido: su programa falló.',
      'out-of-memory': 'Este cuaderno se ha detenido: se quedó sin memoria.',
      quit: 'Este cuaderno se apagó desde dentro.',
      killed: 'Este cuaderno se ha detenido: algo terminó su programa.',
      deleted: 'Los responsables de este servicio han terminado este cuaderno.',
      left: 'Usted ha terminado este cuaderno.',
      gone: 'Este cuaderno ya no existe.',
    },
    lost: 'Su contenido no se puede recuperar. Puede copiar lo que todavía ve aquí.',
    again: 'Abrir un cuaderno nuevo',
    afresh: 'Empezar de nuevo',
    afreshAsk: '¿Empezar de nuevo? Este cuaderno se eliminará, con todo lo que haya cambiado en él.',
  },
  pt: {
    label: 'Sobre este caderno',
    hide: 'Ocultar',
    idle: 'Ainda está aí? Este caderno não é usado há algum tempo e será removido dentro de {left}.',
    stay: 'Manter',
    stays: 'O seu caderno mantém-se. Sem uso, será removido dentro de {left}.',
    staysUntil: 'O seu caderno mantém-se até o seu tempo terminar, dentro de {left}.',
    age: 'Este caderno termina dentro de {left}, às {time}: o seu tempo está quase a acabar.',
    drain:
      'Este caderno termina dentro de {left}, às {time}: o computador em que funciona vai sair de serviço.',
    download: 'Transfira o que quiser guardar.',
    save: 'Guardar os meus ficheiros',
    saving: 'Os seus ficheiros estão a ser preparados; o seu navegador mostra a transferência.',
    failed: 'Não funcionou. Tente novamente.',
    ended: {
      idle: 'Este caderno foi removido porque não era usado há muito tempo.',
      expired: 'Este caderno foi removido porque o seu tempo terminou.',
      drained: 'Este caderno foi removido porque o seu computador saiu de serviço.',
      crashed: 'Este caderno parou: o seu programa falhou.',
      'out-of-memory': 'Este caderno parou: ficou sem memória.',
      quit: 'Este caderno foi encerrado a partir de dentro.',
      killed: 'Este caderno parou: algo terminou o seu programa.',
      deleted: 'Este caderno foi terminado pelos responsáveis deste serviço.',
      left: 'Terminou este caderno.',
      gone: 'Este caderno já não existe.',
    },
    lost: 'O seu conteúdo não pode ser recuperado. Pode copiar o que ainda vê aqui.',
    again: 'Abrir um novo caderno',
    afresh: 'Recomeçar do início',
    afreshAsk: 'Recomeçar do início? Este caderno será removido, com tudo o que alterou nele.',
  },
  zh: {
    label: '关于此笔记本',
    hide: '隐藏',
    idle: '您还在吗？此笔记本已有一段时间未使用，将在{left}后被移除。',
    stay: '保留',
    stays: '您的笔记本已保留。如不使用，将在{left}后被移除。',
    staysUntil: '您的笔记本将保留到时限结束，还有{left}。',
    age: '此笔记本将在{left}后（{time}）结束：时限即将到期。',
    drain: '此笔记本将在{left}后（{time}）结束：运行它的计算机即将停止服务。',
    download: '请下载您想保留的内容。',
    save: '保存我的文件',
    saving: '正在打包您的文件；下载进度请查看浏览器。',
    failed: '操作未成功，请重试。',
    ended: {
      idle: '此笔记本因长时间未使用已被移除。',
      expired: '此笔记本因时限到期已被移除。',
      drained: '此笔记本因所在计算机停止服务已被移除。',
      crashed: '此笔记本已停止：其程序发生故障。',
      'out-of-memory': '此笔记本已停止：内存不足。',
      quit: '此笔记本已从内部关闭。',
      killed: '此笔记本已停止：其程序被终止。',
      deleted: '此笔记本已被本服务的管理人员结束。',
      left: '您已结束此笔记本。',
      gone: '此笔记本已不存在。',
    },
    lost: '其中的内容无法恢复。您仍可复制此处看到的内容。',
    again: '打开新的笔记本',
    afresh: '重新开始',
    afreshAsk: '要重新开始吗？此笔记本将被删除，您在其中所做的所有更改也会一并删除。',
  },
  ja: {
    label: 'このノートブックについて',
    hide: '隠す',
    idle: 'まだご利用中ですか？このノートブックはしばらく使われていないため、{left}後に削除されます。',
    stay: '使い続ける',
    stays: 'ノートブックを保持しました。使われない場合は{left}後に削除されます。',
    staysUntil: 'ノートブックは利用時間が終わるまで（あと{left}）保持されます。',
    age: 'このノートブックはあと{left}（{time}）で終了します。利用時間がまもなく終わります。',
    drain: 'このノートブックはあと{left}（{time}）で終了します。実行中のコンピューターが運用を終了します。',
    download: '残しておきたいものはダウンロードしてください。',
    save: 'ファイルを保存',
    saving: 'ファイルをまとめています。ダウンロードの状況はブラウザーに表示されます。',
    failed: 'うまくいきませんでした。もう一度お試しください。',
    ended: {
      idle: 'このノートブックは長い間使われなかったため、削除されました。',
      expired: 'このノートブックは利用時間が終わったため、削除されました。',
      drained: 'このノートブックはコンピューターの運用が終了したため、削除されました。',
      crashed: 'このノートブックは停止しました。プログラムが異常終了しました。',
      'out-of-memory': 'このノートブックは停止しました。メモリーが足りなくなりました。',
      quit: 'このノートブックは中から終了されました。',
      killed: 'このノートブックは停止しました。プログラムが強制終了されました。',
      deleted: 'このノートブックはサービスの管理者によって終了されました。',
      left: 'このノートブックを終了しました。',
      gone: 'このノートブックはもうありません。',
    },
    lost: '中の内容は元に戻せません。ここに表示されているものはコピーできます。',
    again: '新しいノートブックを開く',
    afresh: '最初からやり直す',
    afreshAsk: '最初からやり直しますか？このノートブックは、変更内容も含めてすべて削除されます。',
  },
};

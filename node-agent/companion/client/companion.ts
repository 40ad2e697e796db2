// The companion: at the end of a sandbox's pages, for as long as their tab is open. It warns the reader before the sandbox ends,
// lets them keep it, and says why it ended. It acts for the outermost page of the sandbox in a tab only.

/** Put ahead of this script by ../script.ts. */
declare const WORDS: import('../../../shared/words/companion.ts').CompanionWords;
declare const LANGUAGE: string;

/** How an inner page finds the companion of the page around it. Both are of one sandbox, and of one origin. */
const MARK = Symbol.for('tmpfleet.companion');

interface Mark {
  readonly base: string;
  /** The reader is at work. */
  readonly touch: () => void;
}

/** What is due is looked for this often. ms */
const EVERY_MS = 1_000;
/** A report of the reader's work is repeated after this, unless it was heard. ms */
const AGAIN_MS = 10_000;
/** How long it is said that a sandbox stays. ms */
const SAID_MS = 12_000;
/** How long it is asked whether to start afresh, unless the reader answers. Warnings wait meanwhile. ms */
const ASKED_MS = 60_000;
/** An end that is not announced this long after its time is asked for. ms */
const LATE_MS = 15_000;
/** A tab that comes to the front asks again when its news is older. ms */
const OLD_NEWS_MS = 60_000;

interface Asked {
  readonly type?: unknown;
  /** Whether the page around opens the new notebook: the reader has pressed a button there, so that it needs no further press. */
  readonly launches?: unknown;
}

class Companion implements Mark {
  readonly base: string;
  readonly #panel = new Panel();
  readonly #link: Link;
  #moments: Moments = { deadline: undefined, idle: undefined };
  #toldAt = Number.NEGATIVE_INFINITY;
  #home = '';
  #isReady = false;
  #isOver = false;
  /** When the reader last pressed a key, a button or the screen here, or scrolled; ms of `performance.now()`. */
  #workedAt = Number.NEGATIVE_INFINITY;
  #reportedAt = Number.NEGATIVE_INFINITY;
  /** The warning that is shown, or was hidden. */
  #shown = '';
  /** Warnings that the page around was told of. */
  readonly #passedOn = new Set<string>();
  #isChecking = false;
  #isTimed = false;
  #saidUntil = 0;

  constructor(base: string) {
    this.base = base;
    this.#link = new Link(base, {
      told: (state, ageMs) => this.#told(state, ageMs),
      ended: (reason) => this.#ended(reason),
    });
    setInterval(() => this.#look(), EVERY_MS);
    window.addEventListener('message', ({ source, data }: MessageEvent<Asked | null>) => {
      // The page around may ask; only its reader can answer, here.
      if (source === window.parent && source !== window && data?.type === 'tmpfleet:afresh')
        this.#askAfresh(data.launches === true);
    });
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState !== 'visible') return;
      if (performance.now() - this.#toldAt > OLD_NEWS_MS) void this.#link.look();
      this.#look();
    });
  }

  touch(): void {
    this.#workedAt = performance.now();
    // Who works while they are warned need not press anything else.
    if (this.#shown.startsWith('idle')) this.#look();
  }

  #told(state: Partial<OpeningJson> & StateJson, ageMs: number): void {
    this.#moments = momentsOf(state, performance.now() - ageMs);
    this.#toldAt = performance.now();
    this.#home = state.home ?? this.#home;
    if (!this.#isReady) tellParent('ready', {});
    this.#isReady = true;
    if (state.asks_times === true && !this.#isTimed) sendClickTimes(`${this.base}.tmpfleet/times`);
    this.#isTimed ||= state.asks_times === true;
    this.#look();
  }

  #look(): void {
    if (this.#isOver) return;
    const now = performance.now();
    const warning = warningAt(this.#moments, now);
    if (this.#saidUntil > 0) {
      if (now < this.#saidUntil) return;
      this.#hide();
    }
    if (warning?.kind === 'idle' && this.#isAtWork()) {
      if (now - this.#reportedAt > Math.min(AGAIN_MS, (this.#moments.idle?.warn ?? 0) / 4))
        void this.#report();
      return;
    }
    if (warning === undefined) {
      this.#passedOn.clear();
      this.#hide();
      return;
    }
    if (warning.kind !== 'idle' && warning.at < now - LATE_MS) void this.#check(warning.kind);
    const left = Math.max(0, warning.at - now);
    const text = fill(WORDS[warning.kind], left);
    const name = `${warning.kind}:${warning.stage}`;
    if (name === this.#shown) {
      this.#panel.update(text);
      return;
    }
    this.#shown = name;
    if (!this.#passedOn.has(name)) {
      const at = new Date(Date.now() + left).toISOString();
      tellParent('ending', { at, left_ms: Math.round(left), why: warning.kind });
    }
    this.#passedOn.add(name);
    const hidden = `tmpfleet:${this.base}${warning.kind === 'idle' ? '' : name}`;
    if (warning.kind !== 'idle' && remembered(hidden)) return;
    const stay = warning.kind === 'idle' ? button('main', WORDS.stay, () => void this.#stay()) : undefined;
    const afresh = button('', WORDS.afresh, () => this.#askAfresh(false));
    const save = saveLink(this.base, () => this.#save());
    this.#panel.show({
      text,
      more: stay === undefined ? WORDS.download : undefined,
      role: stay === undefined ? 'region' : 'alertdialog',
      actions: [save, stay ?? afresh],
      focus: stay,
      onHide: () => {
        if (stay === undefined) remember(hidden);
        this.#panel.hide();
      },
    });
  }

  /** Whether the reader has worked here since the last use that the node knows. */
  #isAtWork(): boolean {
    const { idle } = this.#moments;
    return idle !== undefined && this.#workedAt > idle.at - idle.limit + EVERY_MS;
  }

  async #report(): Promise<void> {
    this.#reportedAt = performance.now();
    await this.#link.stay(performance.now() - this.#workedAt);
  }

  async #stay(): Promise<void> {
    if (!(await this.#link.stay(0))) {
      this.#panel.note(WORDS.failed);
      return;
    }
    const now = performance.now();
    const { idle, deadline } = this.#moments;
    this.#saidUntil = now + SAID_MS;
    this.#shown = '';
    const end = Math.min(idle?.at ?? Number.POSITIVE_INFINITY, deadline?.at ?? Number.POSITIVE_INFINITY);
    const isDeadline = deadline !== undefined && end === deadline.at;
    this.#panel.show({
      text: fill(isDeadline ? WORDS.staysUntil : WORDS.stays, Math.max(0, end - now)),
      role: 'region',
      onHide: () => this.#panel.hide(),
    });
  }

  /** The browser downloads. Who presses that is there, and must not lose the sandbox meanwhile. */
  #save(): void {
    this.#saidUntil = performance.now() + SAID_MS;
    this.#shown = '';
    this.#panel.note(WORDS.saving);
    void this.#link.stay(0);
  }

  #askAfresh(isAroundLaunching: boolean): void {
    if (this.#isOver) return;
    this.#saidUntil = performance.now() + ASKED_MS;
    this.#shown = '';
    const keep = button('', WORDS.stay, () => this.#hide());
    this.#panel.show({
      text: WORDS.afreshAsk,
      role: 'alertdialog',
      actions: [keep, button('main', WORDS.afresh, () => void this.#beginAfresh(isAroundLaunching))],
      focus: keep,
      onHide: () => this.#hide(),
    });
  }

  async #beginAfresh(isAroundLaunching: boolean): Promise<void> {
    if (!(await this.#link.end())) this.#panel.note(WORDS.failed);
    // Should the page around not do it, the panel has a link.
    else if (isAroundLaunching) this.#ended('left');
    else location.assign(placeInNewOne(this.base, this.#home));
  }

  /** The end is past, and nothing was said: a host that is retired may be gone before it could say so. */
  async #check(why: 'drain' | 'age'): Promise<void> {
    if (this.#isChecking) return;
    this.#isChecking = true;
    const isAnswered = await this.#link.look();
    this.#isChecking = false;
    if (!isAnswered && !this.#isOver) this.#ended(why === 'drain' ? 'drained' : 'expired');
  }

  #hide(): void {
    this.#shown = '';
    this.#saidUntil = 0;
    if (this.#panel.isOpen) this.#panel.hide();
  }

  #ended(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    tellParent('ended', { reason });
    const why: Readonly<Record<string, string>> = WORDS.ended;
    const again = document.createElement('a');
    again.className = 'main';
    again.textContent = WORDS.again;
    again.href = placeInNewOne(this.base, this.#home);
    // No focus: what is still in the page may be worth copying, and the next key would leave it.
    this.#panel.show({
      text: (Object.hasOwn(why, reason) ? why[reason] : undefined) ?? WORDS.ended.gone,
      more: WORDS.lost,
      role: 'alertdialog',
      actions: [again],
      onHide: () => this.#panel.hide(),
    });
  }
}

/**
 * All that the reader has made, as one file. The browser shows how far it is; where it is refused, the page stays.
 * @param begun is called at a press
 */
function saveLink(base: string, begun: () => void): HTMLElement {
  const link = document.createElement('a');
  link.textContent = WORDS.save;
  link.href = `${base}.tmpfleet/files.zip`;
  link.download = '';
  link.addEventListener('click', begun);
  return link;
}

/** Resolves with the companion of a page around this one, if there is one; it may come later than this one. */
async function findOuter(base: string): Promise<Mark | undefined> {
  for (let around: Window = window; around !== around.parent; ) {
    around = around.parent;
    try {
      const { document: page } = around;
      if (page.readyState !== 'complete')
        await new Promise((resolve) => around.addEventListener('load', resolve, { once: true }));
      const found: Mark | undefined = Reflect.get(around, MARK);
      if (found?.base === base) return found;
    } catch {
      // Of another origin, and so is what is around it.
      return undefined;
    }
  }
  return undefined;
}

/** What a person does in the page. What they do in our panel says by itself what it means, unless they type there. */
function isWork(event: Event): boolean {
  if (!event.isTrusted) return false;
  const isOurs = event.target instanceof Element && event.target.localName === HOST_NAME;
  return !isOurs || (event instanceof KeyboardEvent && !['Enter', ' ', 'Escape'].includes(event.key));
}

async function start(base: string): Promise<void> {
  // A page with an opaque origin shows no cookie, and one page needs one companion.
  if (self.origin === 'null' || Reflect.has(window, MARK)) return;
  lendStorage();
  Reflect.set(window, MARK, { base: '', touch: () => undefined });
  const companion = (await findOuter(base)) ?? new Companion(base);
  Reflect.set(window, MARK, companion);
  for (const name of ['keydown', 'pointerdown', 'wheel', 'touchstart'])
    window.addEventListener(name, (event) => isWork(event) && companion.touch(), {
      capture: true,
      passive: true,
    });
}

const { base } = (document.currentScript as HTMLScriptElement | null)?.dataset ?? {};
if (base !== undefined) void start(base);

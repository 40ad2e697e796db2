// Tells the node, where it asks, how long it took from the click until this page was there: once, without a word on who reads.

/** Of the document's own navigation: a reload, or the way back, is no click. */
function clickTimes(): { page_ms: number; age_ms: number } | undefined {
  const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  // A page that was fetched ahead of the click would say that there was no wait.
  const isAhead = (navigation as { activationStart?: number } | undefined)?.activationStart ?? 0;
  if (navigation?.type !== 'navigate' || isAhead > 0 || navigation.loadEventStart <= 0) return undefined;
  return { page_ms: Math.round(navigation.loadEventStart), age_ms: Math.round(performance.now()) };
}

/** @param address at the page's own origin */
function sendClickTimes(address: string): void {
  const send = (): void => {
    const times = clickTimes();
    if (times !== undefined)
      navigator.sendBeacon?.(address, new Blob([JSON.stringify(times)], { type: 'application/json' }));
  };
  if (document.readyState === 'complete') send();
  // After the event, whose begin is what is told.
  else addEventListener('load', () => setTimeout(send), { once: true });
}

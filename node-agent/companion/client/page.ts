// The page that the companion is in: where it goes on in a new sandbox, what is around it, and what its tab remembers.

/** The same place in a new sandbox: without the key of this one, with the fragment. */
function placeInNewOne(base: string, home: string): string {
  const { pathname, search, hash, href } = location;
  const query = search
    .slice(1)
    .split('&')
    .filter((part) => part !== '' && !part.startsWith('token='))
    .join('&');
  const place = pathname.startsWith(base) ? pathname.slice(base.length) : '';
  const path = `/spawn/${place}${query === '' ? '' : `?${query}`}${hash}`;
  const address = `${home}${path}`;
  return URL.canParse(address, href) && /^https?:$/.test(new URL(address, href).protocol) ? address : path;
}

/** For the page around the sandbox's: who may be that is said by the policy of every page (`frame-ancestors`). */
function tellParent(name: 'ready' | 'ending' | 'ended', detail: object): void {
  if (window.parent === window) return;
  // Firefox does not say who is around.
  const [around = '*'] = [...(location.ancestorOrigins ?? [])];
  window.parent.postMessage({ type: `tmpfleet:${name}`, ...detail }, around === 'null' ? '*' : around);
}

function remembered(name: string): boolean {
  try {
    return sessionStorage.getItem(name) !== null;
  } catch {
    return false;
  }
}

function remember(name: string): void {
  try {
    sessionStorage.setItem(name, '');
  } catch {
    // It is shown again on the next page.
  }
}

/** Where the focus goes when what had it is gone: to the nearest heading around it, never to the top of the page. */

/** Do some drawing. A heading with `data-refuge` takes the focus of what vanishes beside or below it. */
export function keepingFocus(draw) {
  const had = document.activeElement;
  const refuges = refugesOf(had);
  draw();
  if (had && had !== document.body && !had.isConnected) focusFirst(refuges);
}

export function refugesOf(element) {
  const found = [];
  for (let around = element?.parentElement; around; around = around.parentElement) {
    const refuge = around.querySelector(":scope > [data-refuge], :scope > * > [data-refuge]");
    if (refuge && refuge !== element && !found.includes(refuge)) found.push(refuge);
  }
  return found;
}

export const focusFirst = (elements) => elements.find((one) => one?.isConnected)?.focus({ preventScroll: true });

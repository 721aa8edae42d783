const probe = document.createElement('span');
probe.hidden = true;

/** A colour of the style sheet as a canvas takes it, in the theme that is shown now. */
export function colorOf(property: string): string {
  if (!probe.isConnected) document.body.append(probe);
  probe.style.color = `var(${property})`;
  return getComputedStyle(probe).color;
}

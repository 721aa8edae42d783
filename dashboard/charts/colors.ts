const probe = document.createElement('span');
probe.hidden = true;

/** A colour of tokens.css as a canvas takes it, in the theme that is shown now. */
export function colorOf(name: string): string {
  if (!probe.isConnected) document.body.append(probe);
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
}

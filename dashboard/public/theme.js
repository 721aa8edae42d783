// Runs before the first paint, so that a page chosen dark is never seen light.
try {
  const theme = localStorage.getItem('ethhook:theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Without storage the system decides.
}

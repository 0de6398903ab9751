// Runs before the first paint, as a plain script: takes up the theme that was chosen here before.
// ?theme=dark in the address holds for this page load only.
{
  const asked = new URLSearchParams(location.search).get('theme')
  const theme = asked ?? localStorage.getItem('rialto-theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
}

// Runs before the first paint, as a plain script: takes up the theme that was chosen here before. Nothing else is kept in the browser.
{
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
}

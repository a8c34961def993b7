// Light, dark, or as the system says: kept in this browser, holds nothing personal.

const KEY = "bi.theme";
export const THEMES = ["system", "light", "dark"];

export const currentTheme = () => {
  const kept = localStorage.getItem(KEY);
  return THEMES.includes(kept) ? kept : "system";
};

/** Use a theme from now on. */
export function useTheme(theme) {
  localStorage.setItem(KEY, theme);
  applyTheme();
}

export function applyTheme() {
  document.documentElement.dataset.theme = currentTheme();
}

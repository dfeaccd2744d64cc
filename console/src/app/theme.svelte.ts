export type Theme = 'system' | 'light' | 'dark';

const KEY = 'quorate-theme';

class ThemeChoice {
  theme = $state<Theme>(stored());

  constructor() {
    show(this.theme);
  }

  choose(theme: Theme): void {
    this.theme = theme;
    localStorage.setItem(KEY, theme);
    show(theme);
  }
}

function stored(): Theme {
  const found = localStorage.getItem(KEY);
  return found === 'light' || found === 'dark' ? found : 'system';
}

function show(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

export const themeChoice = new ThemeChoice();

export const SITE_NAMES = ['nyc', 'tor', 'lon', 'fra', 'sin', 'syd', 'sao'] as const;

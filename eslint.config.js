import tseslint from 'typescript-eslint';

/** Rules that need types; formatting is Biome's, layering is dependency-cruiser's. */
export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'coverage/', '*.cjs'] },
  {
    files: ['src/**/*.ts', 'bench/**/*.ts', 'examples/**/*.ts', 'console/**/*.ts'],
    extends: [tseslint.configs.base],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unnecessary-type-assertion': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      'no-console': 'error',
      eqeqeq: ['error', 'smart'],
      'prefer-const': 'error',
      'max-lines-per-function': ['error', { max: 90, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['src/**/*.test.ts', 'console/**/*.test.ts', 'bench/**/*.ts', 'examples/**/*.ts'],
    rules: { 'max-lines-per-function': 'off', 'no-console': 'off' },
  },
  {
    files: ['src/protocol/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-globals': ['error', 'Promise', 'setTimeout', 'process', 'performance'],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'MemberExpression[object.name="Math"][property.name="random"]',
          message: 'protocol has no randomness: take it as an input',
        },
        {
          selector:
            ':matches(NewExpression, MemberExpression, CallExpression) > Identifier[name="Date"]',
          message: 'protocol has no clock: time is an input',
        },
        { selector: ':function[async=true]', message: 'protocol has no promises' },
      ],
    },
  },
);

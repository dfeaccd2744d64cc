/** The sites of `quorate up`, or those that the command line names. */
export const sites =
  process.argv.length > 2
    ? process.argv.slice(2)
    : ['http://127.0.0.1:7411', 'http://127.0.0.1:7421', 'http://127.0.0.1:7431'];

/** An access key: export QUORATE_KEY=$(cat .quorate/admin.key) */
export const key = process.env.QUORATE_KEY;

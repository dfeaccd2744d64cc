/** The one door to the client of this package. */
export { connect } from '../../../src/client/sdk/browser.js';
export type {
  AnsweredRead,
  FileChange,
  FileInfo,
  QuorateClient,
  UploadResult,
  WriteResult,
} from '../../../src/client/sdk/browser.js';
export { filePath } from '../../../src/client/sdk/http-files.js';
export { adviceOn } from '../../../src/client/sdk/requests.js';

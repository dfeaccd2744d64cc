import { OWNER_ID, writeOwner } from '../owner.js';
import { XmlWriter } from '../xml/xml-writer.js';

const INSTANCE = 'http://www.w3.org/2001/XMLSchema-instance';

/** What there is of access control lists: the owner may do everything, and anybody may read or not. */
export function aclDocument(anonymousRead: boolean): string {
  const writer = new XmlWriter('AccessControlPolicy');
  writeOwner(writer);
  writer.open('AccessControlList');
  const grantee = (type: string, permission: string, fill: () => void): void => {
    writer.open('Grant').open('Grantee', { 'xmlns:xsi': INSTANCE, 'xsi:type': type });
    fill();
    writer.close().element('Permission', permission).close();
  };
  grantee('CanonicalUser', 'FULL_CONTROL', () => {
    writer.element('ID', OWNER_ID).element('DisplayName', OWNER_ID);
  });
  if (anonymousRead) {
    grantee('Group', 'READ', () => {
      writer.element('URI', 'http://acs.amazonaws.com/groups/global/AllUsers');
    });
  }
  return writer.end();
}
